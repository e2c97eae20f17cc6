// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/doorbell.hpp"

#include <doctest/doctest.h>

using namespace cogway;

TEST_CASE("a bell that rings for a listener is heard once") {
  Doorbell<> bell;
  CHECK(bell.ring());
  CHECK_FALSE(bell.ring());
  CHECK_FALSE(bell.ring());
}

TEST_CASE("who listens again is rung for again") {
  Doorbell<> bell;
  for (int i = 0; i < 3; ++i) {
    CHECK(bell.ring());
    CHECK_FALSE(bell.ring());
    bell.listen();
    bell.listen();
  }
  CHECK(bell.ring());
}
