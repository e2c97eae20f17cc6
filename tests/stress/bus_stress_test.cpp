// SPDX-License-Identifier: Apache-2.0
// Many threads on one small bus: leases, hand-overs, reservations, slots, trimming and waiting at
// once. Every byte written is checked by who frees it; nothing may be lost, mixed up or left over.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/writable_export.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kCapacity = 1 << 20;
constexpr int kThreads = 4;
constexpr int kRounds = 6000;

std::uint64_t size_of(std::mt19937& random) {
  return random() % (std::uint64_t{1} << (random() % 18)) + 1;
}

// First and last byte are enough: neighbours that overlap would meet there.
void fill(const BufferRef& buffer, std::byte with) {
  buffer.mutable_data()[0] = with;
  buffer.mutable_data()[buffer.nbytes() - 1] = with;
}
bool holds(const BufferRef& buffer, std::byte what) {
  return buffer.data()[0] == what && buffer.data()[buffer.nbytes() - 1] == what;
}

void run_threads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("leases of all sizes beside trimming") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::atomic<int> wrong{0};
  run_threads([&](int number) {
    std::mt19937 random(static_cast<unsigned>(number + 1));
    std::array<BufferRef, 6> held;
    const auto mark = static_cast<std::byte>(number + 1);
    for (int i = 0; i < kRounds; ++i) {
      BufferRef& slot = held[random() % held.size()];
      if (slot && !holds(slot, mark)) ++wrong;
      if (random() % 64 == 0) bus->trim();
      if (random() % 4 == 0) {
        Reservation credit = bus->try_reserve(Bus::charge(size_of(random)));
        if (credit) {
          slot = bus->lease(credit, Layout::bytes(credit.bytes()));
          if (!slot) ++wrong;  // what was reserved is there
        }
      } else {
        slot = bus->try_lease(Layout::bytes(size_of(random)));
      }
      if (slot) fill(slot, mark);
    }
  });
  CHECK(wrong == 0);
  CHECK(bus->used() == 0);
  CHECK(bus->statistics().live_buffers == 0);
}

TEST_CASE("buffers handed from thread to thread are freed by the last") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::mutex mutex;
  std::vector<BufferRef> table(16);
  std::atomic<int> wrong{0};
  run_threads([&](int number) {
    std::mt19937 random(static_cast<unsigned>(number + 10));
    for (int i = 0; i < kRounds; ++i) {
      BufferRef mine;
      const std::size_t place = random() % table.size();
      {
        const std::lock_guard lock(mutex);
        mine = table[place];
      }
      if (mine) {
        const BufferRef copy = mine;
        if (copy.state() != BufferState::frozen || !holds(copy, copy.data()[0])) ++wrong;
      } else if ((mine = bus->try_lease(Layout::bytes(size_of(random))))) {
        fill(mine, static_cast<std::byte>(random()));
        if (!mine.freeze().ok()) ++wrong;
      }
      if (random() % 3 == 0) mine.reset();
      const std::lock_guard lock(mutex);
      table[place].swap(mine);
    }
  });
  CHECK(wrong == 0);
  table.clear();
  CHECK(bus->used() == 0);
}

TEST_CASE("freeze against writers") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::atomic<int> wrong{0};
  for (int round = 0; round < 300; ++round) {
    const BufferRef buffer = bus->try_lease(Layout::bytes(64));
    REQUIRE(buffer);
    fill(buffer, std::byte{0});
    run_threads([&](int number) {
      if (number == 0) {
        while (!buffer.freeze().ok()) std::this_thread::yield();
        const std::byte seen = buffer.data()[0];
        for (int i = 0; i < 10; ++i) {
          if (!holds(buffer, seen)) ++wrong;
        }
        return;
      }
      for (int i = 0; i < 20; ++i) {
        const WritableExport writer = WritableExport::try_take(buffer);
        if (!writer) return;
        // Writers share the bytes by agreement here: one at a time.
        static std::mutex one_at_a_time;
        const std::lock_guard lock(one_at_a_time);
        fill(buffer, static_cast<std::byte>(number));
      }
    });
  }
  CHECK(wrong == 0);
}

TEST_CASE("slots: versions grow and values are whole") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::atomic<int> wrong{0};
  run_threads([&](int number) {
    std::array<std::uint64_t, 4> last{};
    for (int i = 0; i < kRounds / 2; ++i) {
      const std::size_t which = static_cast<std::size_t>(i + number) % last.size();
      const std::string key = "key" + std::to_string(which);
      if (number % 2 == 0) {
        BufferRef value = bus->try_lease(Layout::bytes(512));
        if (!value) continue;
        std::memset(value.mutable_data(), i, 512);
        if (!bus->slots().push(key, std::move(value)).ok()) ++wrong;
        if (i % 50 == 0) static_cast<void>(bus->slots().pop(key));
      } else if (const auto seen = bus->slots().get(key)) {
        if (seen->version < last[which]) ++wrong;
        last[which] = seen->version;
        for (std::uint64_t b = 1; b < 512; ++b) {
          if (seen->buffer.data()[b] != seen->buffer.data()[0]) ++wrong;
        }
      }
    }
  });
  CHECK(wrong == 0);
  bus->slots().clear();
  CHECK(bus->used() == 0);
}

TEST_CASE("waiting leases all get their turn") {
  const auto bus = Bus::create({.capacity = kCapacity});
  std::atomic<int> wrong{0};
  run_threads([&](int number) {
    for (int i = 0; i < 300; ++i) {
      BufferRef buffer;
      const std::uint64_t size = kCapacity / 2 + static_cast<std::uint64_t>(64 * number);
      if (!bus->lease_within(Layout::bytes(size), kNever, &buffer).ok()) ++wrong;
      if (buffer) fill(buffer, std::byte{1});
    }
  });
  CHECK(wrong == 0);
  CHECK(bus->used() == 0);
  CHECK(bus->statistics().waiting == 0);
}

TEST_CASE("subscribers come and go under those who free bytes") {
  const auto bus = Bus::create({.capacity = kCapacity});
  FreedHooks& hooks = bus->freed_hooks();
  std::atomic<std::uint64_t> calls{0};
  run_threads([&](int number) {
    for (int i = 0; i < kRounds / 3; ++i) {
      if (number < kThreads / 2) {
        (void)bus->try_lease(Layout::bytes(64));
        continue;
      }
      auto seen = std::make_unique<std::atomic<std::uint64_t>>(0);
      hooks.announce_waiter();
      {
        const FreedHook hook(
            hooks,
            [](void* argument) noexcept {
              std::this_thread::yield();  // so that others come in between
              static_cast<std::atomic<std::uint64_t>*>(argument)->fetch_add(1);
            },
            seen.get());
        (void)bus->try_lease(Layout::bytes(64));
      }
      hooks.retire_waiter();
      calls += seen->exchange(0);  // nobody calls any more: it is freed here
    }
  });
  CHECK(calls >=
        static_cast<std::uint64_t>(kThreads / 2 * (kRounds / 3)));  // each its own, at least
  CHECK(hooks.waiters() == 0);
}

}  // namespace
}  // namespace cogway
