// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/event_count.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace cogway;
using namespace std::chrono_literals;

TEST_CASE("a condition that holds already costs nothing") {
  EventCount<> event;
  CHECK(event.wait([] { return true; }));
  CHECK(event.statistics().parks == 0);
}

TEST_CASE("a deadline in the past looks once more and gives up") {
  EventCount<> event;
  int looks = 0;
  CHECK_FALSE(event.wait([&] { return ++looks < 0; }, monotonic_now()));
  CHECK(looks >= 2);
  CHECK(event.statistics().sleepers == 0);
  CHECK(event.statistics().searchers == 0);
}

TEST_CASE("woken in vain is told, once") {
  using Waited = EventCount<>::Waited;
  SpinBudget none({.share = 0.0});
  EventCount<> event(none);
  std::thread sleeper([&] {
    CHECK(event.wait_once([] { return false; }) == Waited::in_vain);
    CHECK(event.wait_once([] { return true; }) == Waited::ready);
    CHECK(event.wait_once([] { return false; }, TimePoint{}) == Waited::timed_out);
  });
  while (!event.has_sleepers()) std::this_thread::yield();
  event.notify_one();
  sleeper.join();
  CHECK(event.statistics().parks == 2);
  CHECK(event.statistics().sleepers == 0);
}

TEST_CASE("ten thousand time-outs leave nothing behind") {
  EventCount<> event;
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(event.wait([] { return false; }, TimePoint{}));
  const EventCountStatistics statistics = event.statistics();
  CHECK(statistics.sleepers == 0);
  CHECK(statistics.searchers == 0);
  event.notify_one();
  CHECK(event.statistics().wakes == 0);
}

TEST_CASE("a notification without sleepers wakes nobody, and is not remembered") {
  EventCount<> event;
  event.notify_one();
  event.notify(5);
  event.notify_all();
  CHECK(event.statistics().wakes == 0);
  CHECK_FALSE(event.wait([] { return false; }, TimePoint{}));
}

TEST_CASE("a sleeper is woken by one, by several, by all") {
  for (const int kind : {0, 1, 2}) {
    SpinBudget none({.share = 0.0});
    EventCount<> event(none);
    std::atomic<bool> ready{false};
    std::thread sleeper([&] { CHECK(event.wait([&] { return ready.load(); })); });
    while (!event.has_sleepers()) std::this_thread::yield();
    ready = true;
    if (kind == 0) event.notify_one();
    if (kind == 1) event.notify(3);
    if (kind == 2) event.notify_all();
    sleeper.join();
    CHECK(event.statistics().wakes == 1);
    CHECK(event.statistics().sleepers == 0);
  }
}

TEST_CASE("nobody is woken for what has been taken meanwhile") {
  SpinBudget none({.share = 0.0});
  EventCount<> event(none);
  std::atomic<int> things{0};
  std::thread sleeper([&] { event.wait([&] { return things.load() > 0; }); });
  while (!event.has_sleepers()) std::this_thread::yield();
  event.notify_one([&] { return things.load() > 0; });
  CHECK(event.statistics().wakes == 0);
  things = 1;
  event.notify_one([&] { return things.load() > 0; });
  sleeper.join();
  CHECK(event.statistics().wakes == 1);
}

TEST_CASE("registering by hand: cancel and commit") {
  EventCount<> event;
  event.prepare_wait();
  CHECK(event.has_sleepers());
  event.cancel_wait();
  CHECK_FALSE(event.has_sleepers());
  event.prepare_wait();
  event.notify_one();
  CHECK(event.commit_wait());  // the notification came between: no sleep
  event.prepare_wait();
  CHECK_FALSE(event.commit_wait(monotonic_now()));
  CHECK_FALSE(event.has_sleepers());
}

TEST_CASE("many waiters, one thing each: all get theirs") {
  EventCount<> event;
  std::atomic<int> things{0};
  constexpr int kThreads = 6;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        event.wait(
            [&] {
              int seen = things.load();
              while (seen > 0) {
                if (things.compare_exchange_weak(seen, seen - 1)) return true;
              }
              return false;
            },
            kNever, [&] { return things.load() > 0; });
      }
    });
  }
  for (int n = 0; n < kThreads * kEach; ++n) {
    things.fetch_add(1);
    event.notify_one([&] { return things.load() > 0; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(things.load() == 0);
  CHECK(event.statistics().sleepers == 0);
  CHECK(event.statistics().searchers == 0);
}
