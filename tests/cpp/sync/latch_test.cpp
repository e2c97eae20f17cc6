// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/latch.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace cogway;

TEST_CASE("a latch lets go at zero and never goes below") {
  Latch<> latch(3);
  WaitNode<> node;
  CHECK_FALSE(latch.start(node));
  CHECK_FALSE(latch.wait(monotonic_now()));
  CHECK(latch.count_down());
  CHECK_FALSE(latch.count_down(3));
  CHECK(latch.count() == 2);
  CHECK(latch.withdraw(node));
  std::thread waiter([&] { CHECK(latch.wait()); });
  CHECK(latch.count_down(2));
  waiter.join();
  CHECK(latch.wait(monotonic_now()));
  CHECK_FALSE(latch.count_down());
}
