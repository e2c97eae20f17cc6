// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/shared_bus.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/size_class.hpp"
#include "cogway/bus/writable_export.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::shared_ptr<SharedBus> created(const std::string& name, std::uint64_t capacity = 8 * kMiB) {
  std::shared_ptr<SharedBus> bus;
  const Status status = SharedBus::create(name, capacity, &bus);
  INFO(status.message());
  REQUIRE(status.ok());
  return bus;
}

std::shared_ptr<SharedBus> opened(const std::string& name) {
  std::shared_ptr<SharedBus> bus;
  const Status status = SharedBus::open(name, &bus);
  INFO(status.message());
  REQUIRE(status.ok());
  return bus;
}

BufferRef filled(SharedBus& bus, std::uint64_t bytes, int value) {
  BufferRef buffer;
  const Status status = bus.lease(Layout::bytes(bytes), &buffer);
  INFO(status.message());
  REQUIRE(status.ok());
  std::memset(buffer.mutable_data(), value, bytes);
  return buffer;
}

TEST_CASE("shared bus: what one participant shares, another attaches without a copy") {
  const std::string name = unique_name("share");
  const auto a = created(name);
  const auto b = opened(name);
  CHECK(a->participant() != b->participant());
  CHECK(a->id() == b->id());
  BufferRef written;
  Layout layout;
  REQUIRE(Layout::contiguous(kFloat32, std::vector<std::int64_t>{3, 5}, &layout).ok());
  REQUIRE(a->lease(layout, &written).ok());
  auto* values = reinterpret_cast<float*>(written.mutable_data());
  for (int i = 0; i < 15; ++i) values[i] = static_cast<float>(i);
  BufferId id;
  REQUIRE(a->share(written, &id).ok());
  CHECK(written.state() == BufferState::frozen);
  BufferRef seen;
  REQUIRE(b->attach(id, &seen).ok());
  CHECK(seen.layout() == layout);
  CHECK(std::memcmp(seen.data(), written.data(), layout.nbytes()) == 0);
  CHECK(seen.data() != written.data());
  CHECK(seen.bus() == nullptr);
  CHECK(seen.shared_bus() == b.get());
  CHECK_FALSE(WritableExport::try_take(seen));
  CHECK(seen.transfer().code() == StatusCode::failed_precondition);
  written.reset();
  CHECK(reinterpret_cast<const float*>(seen.data())[14] == 14.0F);
  CHECK(a->statistics().frozen_bytes == 256);
  seen.reset();
  CHECK(a->statistics().live_buffers == 0);
  CHECK(b->attach(id, &seen).code() == StatusCode::not_found);
}

TEST_CASE("shared bus: a handle names one life of a block") {
  const auto bus = created(unique_name("handle"));
  BufferId first;
  {
    const BufferRef buffer = filled(*bus, 100, 1);
    REQUIRE(bus->share(buffer, &first).ok());
  }
  const BufferRef second = filled(*bus, 100, 2);
  CHECK(second.id().block == first.block);
  CHECK(second.id().generation != first.generation);
  BufferRef out;
  CHECK(bus->attach(first, &out).code() == StatusCode::not_found);
  CHECK(bus->attach(second.id(), &out).code() == StatusCode::failed_precondition);  // not frozen
  CHECK(bus->attach({kSizeClasses, 0, 1}, &out).code() == StatusCode::invalid_argument);
  CHECK(bus->attach({second.id().size_class, 0xffff'0000, 1}, &out).code() ==
        StatusCode::invalid_argument);
  CHECK_FALSE(out);
  CHECK(bus->statistics().live_buffers == 1);
}

TEST_CASE("shared bus: one process attaches a buffer many times and counts it once") {
  const auto bus = created(unique_name("many"));
  BufferRef buffer = filled(*bus, 5000, 3);
  BufferId id;
  REQUIRE(bus->share(buffer, &id).ok());
  std::vector<BufferRef> more(10);
  for (BufferRef& ref : more) REQUIRE(bus->attach(id, &ref).ok());
  CHECK(buffer.use_count() == 11);
  CHECK(more[3] == buffer);
  buffer.reset();
  CHECK(bus->statistics().live_buffers == 1);
  more.clear();
  CHECK(bus->statistics().live_buffers == 0);
}

TEST_CASE("shared bus: a full one refuses, recycles, and gives pages to other sizes") {
  const auto bus = created(unique_name("full"), 4 * kMiB);
  std::vector<BufferRef> held;
  for (;;) {
    BufferRef buffer;
    const Status status = bus->lease(Layout::bytes(kMiB), &buffer);
    if (!status.ok()) {
      CHECK(status.code() == StatusCode::resource_exhausted);
      break;
    }
    held.push_back(buffer);
  }
  CHECK(held.size() == 4);
  BufferRef small;
  CHECK(bus->lease(Layout::bytes(10), &small).code() == StatusCode::resource_exhausted);
  held.pop_back();
  CHECK(bus->lease(Layout::bytes(10), &small).ok());
  CHECK(bus->statistics().resident_bytes <= bus->capacity());
  held.clear();
  BufferRef all;
  CHECK(bus->lease(Layout::bytes(4 * kMiB), &all).code() == StatusCode::resource_exhausted);
  small.reset();
  CHECK(bus->lease(Layout::bytes(4 * kMiB), &all).ok());
  std::memset(all.mutable_data(), 1, 4 * kMiB);
  CHECK(bus->lease(Layout::bytes(4 * kMiB + 1), &all).code() == StatusCode::resource_exhausted);
  all.reset();
  CHECK(bus->trim() == 4 * kMiB);
  CHECK(bus->statistics().resident_bytes == 0);
}

TEST_CASE("shared bus: a waiting lease gets the room that another participant gives up") {
  const std::string name = unique_name("wait");
  const auto a = created(name, kMiB);
  const auto b = opened(name);
  BufferRef all = filled(*a, kMiB, 1);
  BufferRef out;
  CHECK(b->lease_within(Layout::bytes(100), monotonic_now(), &out).code() ==
        StatusCode::deadline_exceeded);
  std::jthread waiter([&] { CHECK(b->lease_within(Layout::bytes(100), kNever, &out).ok()); });
  while (a->statistics().owners[b->participant()].waiting == false) std::this_thread::yield();
  all.reset();
  waiter.join();
  CHECK(out);
  CHECK_FALSE(a->statistics().owners[b->participant()].waiting);
  CHECK(b->lease_within(Layout::bytes(kMiB + 1), kNever, &out).code() ==
        StatusCode::resource_exhausted);
  all = filled(*a, kMiB / 2, 1);
  const BufferRef rest = filled(*a, kMiB / 4, 1);
  CHECK(b->lease_within(Layout::bytes(kMiB / 2), kNever, &out, [](void*) { return true; }).code() ==
        StatusCode::cancelled);
}

TEST_CASE("shared bus: what was handed over lives until it is attached") {
  const std::string name = unique_name("transit");
  const auto a = created(name);
  const auto b = opened(name);
  BufferId id;
  REQUIRE(a->hand_over(filled(*a, 1000, 9), &id).ok());
  CHECK(a->statistics().in_transit == 1);
  CHECK(a->statistics().live_buffers == 1);
  BufferRef seen;
  REQUIRE(b->attach(id, &seen).ok());
  CHECK(seen.data()[999] == std::byte{9});
  a->reclaim();
  CHECK(a->statistics().in_transit == 0);
  CHECK(a->statistics().live_buffers == 1);
  // Each hand-over is for one that attaches.
  const BufferRef twice = filled(*a, 1000, 9);
  REQUIRE(a->hand_over(twice, &id).ok());
  REQUIRE(a->hand_over(twice, &id).ok());
  REQUIRE(b->attach(id, &seen).ok());
  a->reclaim();
  CHECK(a->statistics().in_transit == 1);
  REQUIRE(b->attach(id, &seen).ok());
  a->reclaim();
  CHECK(a->statistics().in_transit == 0);
  // What is on its way when its sender leaves is held by the bus.
  REQUIRE(a->hand_over(filled(*a, 2000, 9), &id).ok());
  BufferId lost;
  REQUIRE(a->hand_over(filled(*a, 3000, 9), &lost).ok());
  a->close();
  CHECK(b->statistics().bequeathed_bytes == 2048 + 3072);
  CHECK(b->attach(id, &seen).ok());
  CHECK(seen.data()[1999] == std::byte{9});
  CHECK(b->statistics().bequeathed_bytes == 3072);
  CHECK(b->disinherit() == 1);
  CHECK(b->disinherit() == 0);
  CHECK(b->attach(lost, &seen).code() == StatusCode::not_found);
  CHECK(b->statistics().live_buffers == 2);
  // After closing, everything is on its way without its sender.
  REQUIRE(a->hand_over(twice, &id).ok());
  CHECK(b->statistics().bequeathed_bytes == 1024);
}

TEST_CASE("shared bus: closing refuses what is new, and the last reference ends it") {
  const std::string name = unique_name("close");
  auto bus = created(name);
  BufferRef buffer = filled(*bus, 100, 4);
  bus->close();
  BufferRef out;
  CHECK(bus->lease(Layout::bytes(1), &out).code() == StatusCode::failed_precondition);
  CHECK(bus->lease_within(Layout::bytes(1), kNever, &out).code() ==
        StatusCode::failed_precondition);
  bus.reset();
  CHECK(buffer.data()[99] == std::byte{4});
  CHECK(opened(name)->statistics().owners.size() == 2);
  buffer.reset();
  std::shared_ptr<SharedBus> gone;
  CHECK(SharedBus::open(name, &gone).code() == StatusCode::not_found);
}

TEST_CASE("shared bus: buffers of another bus are not shared") {
  const auto bus = created(unique_name("other"));
  const auto own = Bus::create({.capacity = 1 << 20});
  BufferId id;
  CHECK(bus->share(own->try_lease(Layout::bytes(10)), &id).code() == StatusCode::invalid_argument);
  CHECK(bus->share({}, &id).code() == StatusCode::invalid_argument);
}

TEST_CASE("shared bus: two processes pass buffers to and fro") {
  const std::string name = unique_name("processes");
  const auto bus = created(name);
  Peer peer([&](const Line& line) {
    std::shared_ptr<SharedBus> mine;
    if (!SharedBus::open(name, &mine).ok()) return 1;
    BufferId id;
    while (line.receive(&id) && id.generation != 0) {
      BufferRef seen;
      BufferRef answer;
      if (!mine->attach(id, &seen).ok()) return 2;
      if (!mine->lease(seen.layout(), &answer).ok()) return 3;
      for (std::uint64_t i = 0; i < seen.nbytes(); ++i) {
        answer.mutable_data()[i] = seen.data()[i] ^ std::byte{0xff};
      }
      if (!mine->hand_over(answer, &id).ok()) return 4;
      line.send(id);
    }
    return 0;
  });
  for (int round = 1; round < 50; ++round) {
    BufferId id;
    REQUIRE(
        bus->hand_over(filled(*bus, static_cast<std::uint64_t>(round) * 1000, round), &id).ok());
    peer.line().send(id);
    REQUIRE(peer.line().receive(&id));
    BufferRef answer;
    REQUIRE(bus->attach(id, &answer).ok());
    CHECK(answer.data()[answer.nbytes() - 1] == (static_cast<std::byte>(round) ^ std::byte{0xff}));
  }
  peer.line().send(BufferId{});
  CHECK(peer.wait() == 0);
  bus->reclaim();
  const SharedBusStatistics now = bus->statistics();
  CHECK(now.live_buffers == 0);
  CHECK(now.owners.size() == 1);
}

TEST_CASE("shared bus: one without a name is handed over by descriptor") {
  std::shared_ptr<SharedBus> bus;
  REQUIRE(SharedBus::create_anonymous(4 * kMiB, &bus).ok());
  CHECK_FALSE(bus->linked());
  Peer peer([&](const Line& line) {
    std::shared_ptr<SharedBus> mine;
    if (!SharedBus::receive(line.fd(), &mine).ok()) return 1;
    BufferRef buffer;
    BufferId id;
    if (!mine->lease(Layout::bytes(2000), &buffer).ok()) return 2;
    std::memset(buffer.mutable_data(), 6, 2000);
    if (!mine->share(buffer, &id).ok()) return 3;
    line.send(id);
    char end = 0;
    (void)line.receive(&end);
    return 0;
  });
  REQUIRE(bus->send(peer.line().fd()).ok());
  BufferId id;
  REQUIRE(peer.line().receive(&id));
  BufferRef seen;
  REQUIRE(bus->attach(id, &seen).ok());
  CHECK(seen.data()[1999] == std::byte{6});
  CHECK(peer.kill() == 128 + SIGKILL);
  CHECK(bus->reclaim() == 1);
  CHECK(seen.data()[1999] == std::byte{6});  // ours by now
  CHECK(bus->statistics().frozen_bytes > 0);
  seen.reset();
  CHECK(bus->statistics().used_bytes == 0);
}

}  // namespace
}  // namespace cogway
