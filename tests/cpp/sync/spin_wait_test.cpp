// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/spin_wait.hpp"

#include <doctest/doctest.h>

using namespace cogway;

TEST_CASE("backing off comes to yielding, and begins anew after reset") {
  SpinWait<> wait;
  int rounds = 0;
  while (!wait.yields()) {
    wait.once();
    REQUIRE(++rounds < 100);
  }
  CHECK(rounds == 7);  // 1 + 2 + … + 64 pauses
  wait.once();
  CHECK(wait.yields());
  wait.reset();
  CHECK_FALSE(wait.yields());
}
