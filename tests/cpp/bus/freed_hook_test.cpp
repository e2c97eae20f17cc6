// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/freed_hook.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cogway/bus/bus.hpp"

namespace cogway {
namespace {

void count(void* counter) noexcept { ++*static_cast<std::atomic<int>*>(counter); }

TEST_CASE("nobody is called until somebody waits") {
  FreedHooks hooks;
  std::atomic<int> calls{0};
  const FreedHook hook(hooks, count, &calls);
  hooks.notify();
  CHECK(calls == 0);
  hooks.announce_waiter();
  CHECK(hooks.waiters() == 1);
  hooks.notify();
  CHECK(calls == 1);
  hooks.retire_waiter();
  hooks.notify();
  CHECK(calls == 1);
}

TEST_CASE("every subscriber is called, none that left") {
  FreedHooks hooks;
  hooks.announce_waiter();
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  FreedHook one(hooks, count, &first);
  {
    const FreedHook two(hooks, count, &second);
    hooks.notify();
  }
  hooks.notify();
  CHECK(first == 2);
  CHECK(second == 1);
  FreedHook moved = std::move(one);
  hooks.notify();
  CHECK(first == 3);
  one = std::move(moved);
  hooks.notify();
  CHECK(first == 4);
  one.reset();
  one.reset();
  hooks.notify();
  CHECK(first == 4);
  // The places that were left are used again.
  const FreedHook three(hooks, count, &second);
  hooks.notify();
  CHECK(second == 2);
}

TEST_CASE("unsubscribing waits for a call in flight") {
  FreedHooks hooks;
  hooks.announce_waiter();
  struct Shared {
    std::atomic<bool> entered{false};
    std::atomic<bool> leave{false};
    std::atomic<bool> left{false};
  } shared;
  const auto slow = [](void* argument) noexcept {
    auto& state = *static_cast<Shared*>(argument);
    state.entered = true;
    state.leave.wait(false);
    state.left = true;
  };
  FreedHook hook(hooks, slow, &shared);
  std::thread notifier([&] { hooks.notify(); });
  while (!shared.entered) std::this_thread::yield();
  std::thread opener([&] {
    shared.leave = true;
    shared.leave.notify_all();
  });
  hook.reset();
  CHECK(shared.left);
  notifier.join();
  opener.join();
}

TEST_CASE("a bus calls when a lease, a reservation or a part of one is freed") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  std::atomic<int> calls{0};
  const FreedHook hook(bus->freed_hooks(), count, &calls);
  bus->freed_hooks().announce_waiter();
  bus->try_lease(Layout::bytes(10)).reset();
  CHECK(calls == 1);
  Reservation credit = bus->try_reserve(1000);
  credit.give_back(500);
  CHECK(calls == 2);
  credit.reset();
  CHECK(calls == 3);
  bus->freed_hooks().retire_waiter();
}

TEST_CASE("who announces before the last look is never forgotten") {
  // Two threads pass one capacity's worth of bytes back and forth; each sleeps only after it
  // announced itself and found none, and is woken by the hook alone: a lost wake-up would hang the
  // test.
  const auto bus = Bus::create({.capacity = Bus::kMinCapacity});
  constexpr int kRounds = 3000;
  const auto worker = [&] {
    std::atomic<int> wakes{0};
    const auto wake = [](void* argument) noexcept {
      auto& word = *static_cast<std::atomic<int>*>(argument);
      ++word;
      word.notify_all();
    };
    const FreedHook hook(bus->freed_hooks(), wake, &wakes);
    for (int i = 0; i < kRounds; ++i) {
      Reservation credit = bus->try_reserve(bus->capacity());
      if (credit) continue;
      bus->freed_hooks().announce_waiter();
      for (;;) {
        const int seen = wakes;
        credit = bus->try_reserve(bus->capacity());
        if (credit) break;
        wakes.wait(seen);
      }
      bus->freed_hooks().retire_waiter();
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) threads.emplace_back(worker);
  for (std::thread& thread : threads) thread.join();
  CHECK(bus->used() == 0);
}

}  // namespace
}  // namespace cogway
