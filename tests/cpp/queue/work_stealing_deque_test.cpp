// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/work_stealing_deque.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("the owner takes the newest, a thief the oldest") {
  WorkStealingDeque<int> deque(4);
  for (int i = 0; i < 4; ++i) CHECK(deque.try_push(i));
  CHECK_FALSE(deque.try_push(4));
  CHECK(deque.size() == 4);
  CHECK(deque.try_pop() == 3);
  const Stolen<int> stolen = deque.try_steal();
  CHECK(stolen.value == 0);
  CHECK_FALSE(stolen.lost_race);
  CHECK(deque.try_push(5));
  CHECK(deque.try_push(6));
  CHECK_FALSE(deque.try_push(7));
  CHECK(deque.try_pop() == 6);
  CHECK(deque.try_steal().value == 1);
  CHECK(deque.try_steal().value == 2);
  CHECK(deque.try_steal().value == 5);
  CHECK_FALSE(deque.try_pop());
  CHECK_FALSE(deque.try_steal().value);
  CHECK(deque.empty());
}

TEST_CASE("an empty deque stays usable") {
  WorkStealingDeque<int> deque(1);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(deque.try_pop());
    CHECK(deque.try_push(i));
    CHECK_FALSE(deque.try_push(i));
    CHECK(deque.try_pop() == i);
  }
  CHECK_THROWS_AS(WorkStealingDeque<int>(0), std::invalid_argument);
}

TEST_CASE("every task is taken once, however many thieves") {
  constexpr int kTasks = 20'000;
  constexpr int kThieves = 3;
  WorkStealingDeque<int> deque(64);
  std::vector<std::atomic<int>> taken(kTasks);
  std::atomic<bool> done{false};
  std::vector<std::thread> thieves;
  for (int i = 0; i < kThieves; ++i) {
    thieves.emplace_back([&] {
      while (!done.load() || !deque.empty()) {
        if (const Stolen<int> stolen = deque.try_steal(); stolen.value) {
          taken[static_cast<std::size_t>(*stolen.value)].fetch_add(1);
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (int task = 0; task < kTasks;) {
    if (deque.try_push(task)) ++task;
    if (task % 3 == 0) {
      if (const auto mine = deque.try_pop()) taken[static_cast<std::size_t>(*mine)].fetch_add(1);
    }
  }
  while (const auto mine = deque.try_pop()) taken[static_cast<std::size_t>(*mine)].fetch_add(1);
  done = true;
  for (std::thread& thief : thieves) thief.join();
  for (const auto& count : taken) REQUIRE(count.load() == 1);
}
