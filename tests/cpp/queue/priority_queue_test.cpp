// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/priority_queue.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace cogway;

TEST_CASE("the urgent lane comes first, each lane in its own order") {
  PriorityQueue<int> fifo(8);
  PriorityQueue<int, 3, QueueOrder::lifo> lifo(8);
  for (int lane = 2; lane >= 0; --lane) {
    for (int i = 0; i < 2; ++i) {
      CHECK(fifo.try_push(10 * lane + i, static_cast<std::size_t>(lane)));
      CHECK(lifo.try_push(10 * lane + i, static_cast<std::size_t>(lane)));
    }
  }
  CHECK(fifo.size() == 6);
  for (const int expected : {0, 1, 10, 11, 20, 21}) CHECK(fifo.try_pop() == expected);
  for (const int expected : {1, 0, 11, 10, 21, 20}) CHECK(lifo.try_pop() == expected);
  CHECK(fifo.empty());
  CHECK_FALSE(lifo.try_pop());
}

TEST_CASE("a lane that is passed over often enough has its turn") {
  PriorityQueue<char, 3> queue(64, 4);
  for (int i = 0; i < 64; ++i) CHECK(queue.try_push('h', 0));
  CHECK(queue.try_push('l', 2));
  CHECK(queue.try_push('n', 1));
  std::string served;
  for (int i = 0; i < 6; ++i) {
    std::size_t lane = 9;
    const auto value = queue.try_pop(&lane);
    REQUIRE(value);
    CHECK((*value == 'h') == (lane == 0));
    served += *value;
  }
  CHECK(served == "hhhhln");  // after four, the lowest that waited, then the next
  CHECK(queue.statistics().aged == 2);
  CHECK(queue.statistics().lanes[0].popped == 4);
}

TEST_CASE("no lane starves, whatever is pushed above it") {
  constexpr std::uint32_t kPatience = 8;
  PriorityQueue<int, 3> queue(16, kPatience);
  for (int i = 0; i < 16; ++i) CHECK(queue.try_push(2, 2));
  int since_low = 0;
  int low = 0;
  for (int i = 0; i < 500 && low < 16; ++i) {
    (void)queue.try_push(0, 0);
    (void)queue.try_push(1, 1);
    const auto value = queue.try_pop();
    REQUIRE(value);
    since_low = *value == 2 ? 0 : since_low + 1;
    low += *value == 2 ? 1 : 0;
    CHECK(since_low <= static_cast<int>(kPatience) + 2);
  }
  CHECK(low == 16);
}

TEST_CASE("a lane is full on its own") {
  PriorityQueue<int, 2> queue(2);
  CHECK(queue.try_push(1, 0));
  CHECK(queue.try_push(2, 0));
  CHECK_FALSE(queue.try_push(3, 0));
  CHECK(queue.try_push(4, 1));
  CHECK(queue.capacity() == 2);
  CHECK(PriorityQueue<int, 2>::lanes() == 2);
}

TEST_CASE("nonsense is refused") {
  CHECK_THROWS_AS(PriorityQueue<int>(0), std::invalid_argument);
  CHECK_THROWS_AS(PriorityQueue<int>(4, 0), std::invalid_argument);
}
