// SPDX-License-Identifier: Apache-2.0
#pragma once
// What SpscQueue, MpscQueue and MpmcQueue have in common, as one test over each.

#include <doctest/doctest.h>

#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "counted.hpp"

namespace cogway::testing {

template <template <typename> class Ring>
void expect_ring_rules() {
  SUBCASE("first in, first out, until full") {
    Ring<int> ring(4);
    REQUIRE(ring.capacity() == 4);
    CHECK(ring.empty());
    for (int i = 0; i < 4; ++i) CHECK(ring.try_push(i));
    CHECK_FALSE(ring.try_push(4));
    CHECK(ring.size() == 4);
    for (int lap = 0; lap < 10; ++lap) {  // round the ring
      CHECK(ring.try_pop() == lap);
      CHECK(ring.try_push(lap + 4));
    }
    for (int i = 10; i < 14; ++i) CHECK(ring.try_pop() == i);
    CHECK_FALSE(ring.try_pop());
  }
  SUBCASE("capacity is rounded up, nonsense is refused") {
    CHECK(Ring<int>(5).capacity() == 8);
    CHECK(Ring<int>(1).capacity() <= 2);
    CHECK_THROWS_AS(Ring<int>(0), std::invalid_argument);
    CHECK_THROWS_AS(Ring<int>(std::size_t{1} << 40), std::invalid_argument);
  }
  SUBCASE("values move in and out, a refused one stays whole, the rest die with the queue") {
    int alive = 0;
    {
      Ring<Counted> ring(2);
      for (int i = 0; i < 2; ++i) CHECK(ring.try_push(Counted(i, alive)));
      Counted refused(9, alive);
      CHECK_FALSE(ring.try_push(std::move(refused)));
      CHECK_FALSE(refused.moved_from());  // NOLINT: that is the point
      CHECK(alive == 3);
      CHECK(ring.try_pop()->id() == 0);
      CHECK(alive == 2);
    }
    CHECK(alive == 0);
  }
  SUBCASE("batches take what fits and what there is") {
    Ring<int> ring(4);
    std::vector<int> in = {1, 2, 3, 4, 5, 6};
    CHECK(ring.try_push_batch(std::span<int>()) == 0);
    CHECK(ring.try_push_batch(std::span(in)) == 4);
    CHECK(ring.try_push_batch(std::span(in)) == 0);
    std::vector<int> out(3);
    CHECK(ring.try_pop_batch(std::span(out)) == 3);
    CHECK(out == std::vector<int>{1, 2, 3});
    CHECK(ring.try_push_batch(std::span(in).subspan(4)) == 2);
    out.assign(8, 0);
    CHECK(ring.try_pop_batch(std::span(out)) == 3);
    CHECK(out == std::vector<int>{4, 5, 6, 0, 0, 0, 0, 0});
    CHECK(ring.try_pop_batch(std::span(out)) == 0);
  }
  SUBCASE("closing refuses pushes and leaves what is inside") {
    Ring<int> ring(4);
    CHECK(ring.try_push(1));
    CHECK_FALSE(ring.closed());
    CHECK(ring.close());
    CHECK_FALSE(ring.close());
    CHECK(ring.closed());
    CHECK_FALSE(ring.try_push(2));
    std::vector<int> more = {2};
    CHECK(ring.try_push_batch(std::span(more)) == 0);
    CHECK_FALSE(ring.drained());
    CHECK(ring.size() == 1);
    CHECK(ring.try_pop() == 1);
    CHECK(ring.drained());
  }
  SUBCASE("statistics count") {
    Ring<int> ring(4);
    for (int i = 0; i < 3; ++i) CHECK(ring.try_push(i));
    CHECK(ring.try_pop() == 0);
    const QueueStatistics statistics = ring.statistics();
    CHECK(statistics.capacity == 4);
    CHECK(statistics.size == 2);
    CHECK(statistics.pushed == 3);
    CHECK(statistics.popped == 1);
  }
  SUBCASE("one thread to another, in order") {
    Ring<int> ring(8);
    constexpr int kItems = 20'000;
    std::thread producer([&] {
      for (int i = 0; i < kItems; ++i) {
        while (!ring.try_push(i)) std::this_thread::yield();
      }
      ring.close();
    });
    int expected = 0;
    while (!ring.drained()) {
      if (const std::optional<int> value = ring.try_pop()) {
        REQUIRE(*value == expected++);
      } else {
        std::this_thread::yield();
      }
    }
    producer.join();
    CHECK(expected == kItems);
  }
}

}  // namespace cogway::testing
