// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/bus.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <fstream>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cogway/bus/size_class.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kCapacity = 4 << 20;

BufferRef lease_bytes(Bus& bus, std::uint64_t n) { return bus.try_lease(Layout::bytes(n)); }

TEST_CASE("capacities out of range are refused") {
  CHECK_THROWS_AS(Bus::create({.capacity = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Bus::create({.capacity = Bus::kMinCapacity - 1}), std::invalid_argument);
  CHECK_THROWS_AS(Bus::create({.capacity = Bus::kMaxCapacity + 1}), std::invalid_argument);
  CHECK(Bus::create({.capacity = Bus::kMinCapacity})->capacity() == Bus::kMinCapacity);
}

TEST_CASE("charge rounds up to the alignment") {
  CHECK(Bus::charge(0) == 64);
  CHECK(Bus::charge(1) == 64);
  CHECK(Bus::charge(64) == 64);
  CHECK(Bus::charge(65) == 128);
}

TEST_CASE("capacity is reached exactly and never passed") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::vector<BufferRef> held;
  while (BufferRef buffer = lease_bytes(*bus, 1000)) held.push_back(std::move(buffer));
  CHECK(held.size() == kCapacity / 1024);
  CHECK(bus->used() == kCapacity);
  held.pop_back();
  CHECK_FALSE(lease_bytes(*bus, 1025));
  held.push_back(lease_bytes(*bus, 1024));
  CHECK(held.back());
  held.clear();
  CHECK(bus->used() == 0);
  CHECK(lease_bytes(*bus, kCapacity));
  CHECK_FALSE(lease_bytes(*bus, kCapacity + 1));
}

TEST_CASE("empty buffers take the least charge and may be written to nowhere") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const BufferRef buffer = lease_bytes(*bus, 0);
  REQUIRE(buffer);
  CHECK(buffer.nbytes() == 0);
  CHECK(bus->used() == 64);
}

TEST_CASE("recycled memory is warm, and the last used first") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const std::byte* first = lease_bytes(*bus, 1 << 20).data();
  BusStatistics now = bus->statistics();
  CHECK(now.pool_misses == 1);
  CHECK(now.pool_hits == 0);
  for (int i = 0; i < 10; ++i) CHECK(lease_bytes(*bus, 1 << 20).data() == first);
  now = bus->statistics();
  CHECK(now.pool_misses == 1);
  CHECK(now.pool_hits == 10);
  CHECK(now.leases == 11);
  CHECK(now.resident_bytes == 1 << 20);
}

TEST_CASE("a block last used for less is completed") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const std::uint64_t least = size_class_least_charge(size_class_of(1 << 20));
  lease_bytes(*bus, least).reset();
  const std::uint64_t before = bus->statistics().resident_bytes;
  CHECK(before < (1 << 20));
  lease_bytes(*bus, 1 << 20).reset();
  CHECK(bus->statistics().resident_bytes == 1 << 20);
  CHECK(bus->statistics().pool_misses == 2);
  lease_bytes(*bus, 1 << 20).reset();
  CHECK(bus->statistics().pool_misses == 2);
}

TEST_CASE("warm prepares blocks ahead of time") {
  const auto bus = Bus::create({.capacity = kCapacity});
  CHECK(bus->warm(1 << 20, 3) == 3);
  CHECK(bus->used() == 0);
  const std::uint64_t misses = bus->statistics().pool_misses;
  std::vector<BufferRef> held;
  for (int i = 0; i < 3; ++i) held.push_back(lease_bytes(*bus, 1 << 20));
  CHECK(bus->statistics().pool_misses == misses);
  held.clear();
  CHECK(bus->warm(1 << 20, 100) == 4);
  CHECK(bus->warm(kCapacity + 1, 1) == 0);
  CHECK(bus->warm(0, 2) == 2);
  CHECK(bus->used() == 0);
}

TEST_CASE("idle memory moves to the sizes that are wanted") {
  const auto bus = Bus::create({.capacity = kCapacity});
  for (std::uint64_t size = 64 << 10; size <= kCapacity; size *= 2) {
    CHECK(bus->warm(size, 1000) == kCapacity / size);
    const BusStatistics now = bus->statistics();
    CAPTURE(size);
    CHECK(now.resident_bytes <= kCapacity);
  }
  CHECK(bus->statistics().reclaimed_bytes > kCapacity);
  // What was given back and comes again reads as zero, and is whole.
  const BufferRef again = lease_bytes(*bus, 64 << 10);
  REQUIRE(again);
  for (std::uint64_t i = 0; i < again.nbytes(); ++i) REQUIRE(again.data()[i] == std::byte{0});
}

TEST_CASE("trim gives idle memory back and keeps what is leased") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const BufferRef kept = lease_bytes(*bus, 1 << 20);
  std::memset(kept.mutable_data(), 7, kept.nbytes());
  bus->warm(1 << 20, 2);
  CHECK(bus->trim() == 2 << 20);
  CHECK(bus->trim() == 0);
  CHECK(bus->statistics().resident_bytes == 1 << 20);
  CHECK(bus->statistics().reclaimed_bytes == 2 << 20);
  for (std::uint64_t i = 0; i < kept.nbytes(); ++i) REQUIRE(kept.data()[i] == std::byte{7});
}

TEST_CASE("trim takes small blocks when all of a size are idle") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::vector<BufferRef> held;
  for (int i = 0; i < 1000; ++i) held.push_back(lease_bytes(*bus, 200));
  CHECK(bus->trim() == 0);
  BufferRef last = std::move(held.back());
  held.clear();
  CHECK(bus->trim() == 0);
  CHECK(lease_bytes(*bus, 200));
  last.reset();
  const std::uint64_t resident = bus->statistics().resident_bytes;
  CHECK(resident >= 256000);
  CHECK(bus->trim() == resident);
  CHECK(bus->statistics().resident_bytes == 0);
  for (int i = 0; i < 1000; ++i) held.push_back(lease_bytes(*bus, 200));
  for (const BufferRef& buffer : held) std::memset(buffer.mutable_data(), 1, 200);
}

TEST_CASE("statistics tell states apart") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const BufferRef leased = lease_bytes(*bus, 100);
  const BufferRef frozen = lease_bytes(*bus, 200);
  const BufferRef transferred = lease_bytes(*bus, 1000);
  REQUIRE(frozen.freeze().ok());
  REQUIRE(transferred.transfer().ok());
  const Reservation credit = bus->try_reserve(640);
  const BusStatistics now = bus->statistics();
  CHECK(now.capacity == kCapacity);
  CHECK(now.leased_bytes == 128);
  CHECK(now.frozen_bytes == 256);
  CHECK(now.transferred_bytes == 1024);
  CHECK(now.reserved_bytes == 640);
  CHECK(now.used_bytes == 128 + 256 + 1024 + 640);
  CHECK(now.free_bytes == kCapacity - now.used_bytes);
  CHECK(now.peak_used_bytes == now.used_bytes);
  CHECK(now.leased_buffers == 1);
  CHECK(now.frozen_buffers == 1);
  CHECK(now.transferred_buffers == 1);
  CHECK(now.live_buffers == 3);
}

TEST_CASE("buffers outlive their bus's owner") {
  auto bus = Bus::create({.capacity = kCapacity});
  BufferRef buffer = lease_bytes(*bus, 5000);
  bus.reset();
  std::memset(buffer.mutable_data(), 3, buffer.nbytes());
  CHECK(buffer.bus()->closed());
  CHECK_FALSE(lease_bytes(*buffer.bus(), 1));
  CHECK(buffer.freeze().ok());
  buffer.reset();
}

TEST_CASE("values in slots do not keep a bus alive for ever") {
  auto bus = Bus::create({.capacity = kCapacity});
  REQUIRE(bus->slots().push("key", lease_bytes(*bus, 10)).ok());
  const BufferRef held = bus->slots().get("key")->buffer;
  bus.reset();
  CHECK(held.use_count() == 1);
}

TEST_CASE("a closed bus refuses newcomers and keeps its promises") {
  const auto bus = Bus::create({.capacity = kCapacity});
  Reservation credit = bus->try_reserve(64);
  bus->close();
  CHECK(bus->closed());
  CHECK_FALSE(lease_bytes(*bus, 1));
  CHECK_FALSE(bus->try_reserve(1));
  CHECK(bus->lease(credit, Layout::bytes(1)));
  BufferRef out;
  CHECK(bus->lease_within(Layout::bytes(1), kNever, &out).code() ==
        StatusCode::failed_precondition);
}

TEST_CASE("lease_within returns at once when there is room, or can never be") {
  const auto bus = Bus::create({.capacity = kCapacity});
  BufferRef out;
  CHECK(bus->lease_within(Layout::bytes(1), TimePoint{}, &out).ok());
  CHECK(out);
  const Status never = bus->lease_within(Layout::bytes(kCapacity + 1), kNever, &out);
  CHECK(never.code() == StatusCode::resource_exhausted);
  CHECK(bus->statistics().waits == 0);
}

TEST_CASE("lease_within times out with the numbers") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const Reservation all = bus->try_reserve(kCapacity);
  BufferRef out;
  const Status status = bus->lease_within(Layout::bytes(100), monotonic_now(), &out);
  CHECK(status.code() == StatusCode::deadline_exceeded);
  CHECK(status.message().find("uint8[100]") != std::string::npos);
  CHECK_FALSE(out);
  const BusStatistics now = bus->statistics();
  CHECK(now.waits == 1);
  CHECK(now.wait_timeouts == 1);
  CHECK(now.waiting == 0);
}

TEST_CASE("lease_within gets what another thread frees") {
  const auto bus = Bus::create({.capacity = kCapacity});
  Reservation all = bus->try_reserve(kCapacity);
  std::thread waiter([&] {
    BufferRef out;
    CHECK(bus->lease_within(Layout::bytes(kCapacity), kNever, &out).ok());
    CHECK(out);
  });
  while (bus->statistics().waiting == 0) std::this_thread::yield();
  all.give_back(kCapacity / 2);
  all.reset();
  waiter.join();
  CHECK(bus->used() == 0);
  CHECK(bus->statistics().waiting == 0);
}

TEST_CASE("close and interruptions end a wait") {
  const auto bus = Bus::create({.capacity = kCapacity});
  Reservation all = bus->try_reserve(kCapacity);
  StatusCode code = StatusCode::ok;
  std::thread waiter([&] {
    BufferRef out;
    code = bus->lease_within(Layout::bytes(1), kNever, &out).code();
  });
  while (bus->statistics().waiting == 0) std::this_thread::yield();
  bus->close();
  waiter.join();
  CHECK(code == StatusCode::failed_precondition);

  const auto other = Bus::create({.capacity = kCapacity});
  Reservation most = other->try_reserve(kCapacity);
  int asked = 0;
  std::thread interrupted([&] {
    BufferRef out;
    const auto interrupt = [](void* count) { return ++*static_cast<int*>(count) == 1; };
    code = other->lease_within(Layout::bytes(kCapacity), kNever, &out, interrupt, &asked).code();
  });
  while (other->statistics().waiting == 0) std::this_thread::yield();
  most.give_back(64);  // a wake-up that brings too little
  interrupted.join();
  CHECK(code == StatusCode::cancelled);
  CHECK(asked == 1);
  CHECK(other->statistics().waiting == 0);
}

TEST_CASE("segments stay out of core dumps, which would fault every page of them in") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool ours = false;
  int excluded = 0;
  while (std::getline(maps, line)) {
    if (line.find("cogway-bus-") != std::string::npos) ours = true;
    if (line.rfind("VmFlags:", 0) != 0) continue;
    if (ours && line.find(" dd") != std::string::npos) ++excluded;
    ours = false;
  }
  CHECK(excluded >= 2);
}

TEST_CASE("threads lease, hand over and free without mixing bytes up") {
  const auto bus = Bus::create({.capacity = kCapacity});
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      std::array<BufferRef, 8> held;
      for (int i = 0; i < kRounds; ++i) {
        BufferRef& slot = held[static_cast<std::size_t>(i) % held.size()];
        if (slot) {
          const std::byte expected = slot.data()[0];
          for (std::uint64_t b = 0; b < slot.nbytes(); ++b) {
            if (slot.data()[b] != expected) ++wrong;
          }
        }
        slot = lease_bytes(*bus, static_cast<std::uint64_t>(1 + (i * 37 + t * 101) % 3000));
        if (slot) std::memset(slot.mutable_data(), t * 64 + i % 64, slot.nbytes());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(bus->used() == 0);
  CHECK(bus->statistics().live_buffers == 0);
}

}  // namespace
}  // namespace cogway
