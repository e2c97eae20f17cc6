// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/barrier.hpp"

#include <doctest/doctest.h>

using namespace cogway;

TEST_CASE("the last to come lets all go on, each with a number of its own") {
  Barrier<> barrier(3);
  CHECK(barrier.parties() == 3);
  WaitNode<> nodes[3];
  for (int round = 0; round < 2; ++round) {
    CHECK_FALSE(barrier.start(nodes[0]));
    CHECK_FALSE(barrier.start(nodes[1]));
    CHECK(barrier.withdraw(nodes[0]));
    CHECK(barrier.waiting() == 1);
    CHECK_FALSE(barrier.start(nodes[0]));
    CHECK(barrier.start(nodes[2]));
    CHECK(nodes[1].value == 0);
    CHECK(nodes[0].value == 1);
    CHECK(nodes[2].value == 2);
    CHECK(nodes[0].outcome() == WaitOutcome::granted);
    CHECK(barrier.waiting() == 0);
  }
}

TEST_CASE("an aborted barrier stays broken until it is reset") {
  Barrier<> barrier(2);
  WaitNode<> node;
  CHECK_FALSE(barrier.start(node));
  barrier.abort();
  CHECK(barrier.resume(node));
  CHECK(Barrier<>::was_broken(node));
  CHECK(barrier.broken());
  CHECK(barrier.start(node));
  CHECK(Barrier<>::was_broken(node));
  barrier.reset();
  CHECK_FALSE(barrier.start(node));
  barrier.reset();
  CHECK(node.outcome() == WaitOutcome::broken);
}
