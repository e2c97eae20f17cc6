// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/polled_stack.hpp"

#include <doctest/doctest.h>

using namespace cogway;

namespace {
struct Node : MpscStackNode<> {};
using Stack = PolledStack<Node>;
}  // namespace

TEST_CASE("the first push rings, after it took its hold; those after it are quiet") {
  Stack stack;
  Node nodes[2];
  int holds = 0;
  const auto hold = [&holds] { ++holds; };
  CHECK(stack.push(&nodes[0], hold) == PolledPush::ring);
  CHECK(holds == 1);
  CHECK(stack.push(&nodes[1], hold) == PolledPush::quiet);
  CHECK(holds == 1);
  Node* taken = stack.take_all();
  CHECK(taken == &nodes[0]);
  CHECK(Stack::next_of(taken) == &nodes[1]);
  CHECK(stack.empty());
}

TEST_CASE("nobody rings for a reader that polls, and it is told when it stops") {
  Stack stack;
  Node node;
  CHECK(stack.end_polling());
  stack.begin_polling();
  CHECK(stack.polling());
  CHECK(stack.push(&node, [] {}) == PolledPush::quiet);
  CHECK_FALSE(stack.end_polling());
  CHECK_FALSE(stack.polling());
  CHECK(stack.take_all() == &node);
  CHECK(stack.push(&node, [] {}) == PolledPush::ring);
}

TEST_CASE("closed: what was there comes out, what comes is refused") {
  Stack stack;
  Node nodes[2];
  CHECK(stack.push(&nodes[0], [] {}) == PolledPush::ring);
  CHECK(stack.close() == &nodes[0]);
  CHECK(stack.closed());
  CHECK(stack.empty());
  CHECK(stack.push(&nodes[1], [] {}) == PolledPush::closed);
  CHECK(stack.end_polling());
  CHECK(stack.close() == nullptr);
}
