// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/mpmc_stack.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "counted.hpp"

using namespace cogway;
using cogway::testing::Counted;

TEST_CASE("last in, first out, until full; any capacity") {
  MpmcStack<int> stack(3);
  CHECK(stack.capacity() == 3);
  for (int i = 0; i < 3; ++i) CHECK(stack.try_push(i));
  CHECK_FALSE(stack.try_push(3));
  CHECK(stack.size() == 3);
  CHECK(stack.try_pop() == 2);
  CHECK(stack.try_push(9));
  for (const int expected : {9, 1, 0}) CHECK(stack.try_pop() == expected);
  CHECK_FALSE(stack.try_pop());
  CHECK(stack.empty());
  CHECK(stack.statistics().pushed == 4);
  CHECK(stack.statistics().popped == 4);
  CHECK_THROWS_AS(MpmcStack<int>(0), std::invalid_argument);
}

TEST_CASE("values die with the stack, a refused one stays whole") {
  int alive = 0;
  {
    MpmcStack<Counted> stack(1);
    CHECK(stack.try_push(Counted(1, alive)));
    Counted refused(2, alive);
    CHECK_FALSE(stack.try_push(std::move(refused)));
    CHECK_FALSE(refused.moved_from());  // NOLINT: that is the point
  }
  CHECK(alive == 0);
}
