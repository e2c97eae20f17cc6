// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/mpsc_stack.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace cogway;

namespace {
struct Node : MpscStackNode<> {
  int id = 0;
};
using Stack = MpscStack<Node>;

std::vector<int> ids(Node* first) {
  std::vector<int> result;
  for (Node* node = first; node != nullptr; node = Stack::next_of(node)) result.push_back(node->id);
  return result;
}
}  // namespace

TEST_CASE("only the push into an empty stack says so; all are taken in order") {
  Stack stack;
  Node nodes[3];
  for (int i = 0; i < 3; ++i) nodes[i].id = i;
  CHECK(stack.empty());
  CHECK(stack.take_all() == nullptr);
  CHECK(stack.push(&nodes[0]));
  CHECK_FALSE(stack.push(&nodes[1]));
  CHECK_FALSE(stack.push(&nodes[2]));
  CHECK(ids(stack.take_all()) == std::vector<int>{0, 1, 2});
  CHECK(stack.empty());
  CHECK(stack.push(&nodes[1]));  // a node that was taken may be pushed again
  CHECK(ids(stack.take_all()) == std::vector<int>{1});
}

TEST_CASE("a closed stack gives its nodes back and refuses others") {
  Stack stack;
  Node nodes[2];
  nodes[0].id = 7;
  CHECK(stack.try_push(&nodes[0]) == StackPush::first);
  CHECK_FALSE(stack.closed());
  CHECK(ids(stack.close()) == std::vector<int>{7});
  CHECK(stack.closed());
  CHECK(stack.empty());
  CHECK(stack.try_push(&nodes[1]) == StackPush::closed);
  CHECK(stack.take_all() == nullptr);
  CHECK(stack.close() == nullptr);
}

TEST_CASE("many pushers: nothing is lost, each one's order is kept") {
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  Stack stack;
  std::vector<std::vector<Node>> nodes(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    nodes[static_cast<std::size_t>(t)] = std::vector<Node>(kEach);
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Node& node = nodes[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)];
        node.id = t * kEach + i;
        stack.push(&node);
      }
    });
  }
  std::vector<int> last(kThreads, -1);
  for (int taken = 0; taken < kThreads * kEach;) {
    for (const int id : ids(stack.take_all())) {
      const auto pusher = static_cast<std::size_t>(id / kEach);
      REQUIRE(id % kEach == last[pusher] + 1);
      last[pusher] = id % kEach;
      ++taken;
    }
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
}
