// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/hold_count.hpp"

#include <doctest/doctest.h>

using namespace cogway;

TEST_CASE("who is last empties, and only then may somebody fill it") {
  HoldCount<> holds;
  CHECK_FALSE(holds.try_hold());
  REQUIRE(holds.start());
  CHECK_FALSE(holds.start());
  CHECK_FALSE(holds.try_hold());  // it is being filled
  holds.filled();
  CHECK(holds.count() == 1);
  CHECK(holds.try_hold(3));
  CHECK(holds.count() == 4);
  CHECK_FALSE(holds.let_go());
  CHECK_FALSE(holds.let_go(2));
  CHECK_FALSE(holds.start());
  CHECK(holds.let_go());
  CHECK_FALSE(holds.try_hold());  // it is being emptied
  CHECK_FALSE(holds.start());
  holds.emptied();
  CHECK(holds.count() == 0);
  CHECK(holds.start());
}
