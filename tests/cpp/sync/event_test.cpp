// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/event.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("an event is set, cleared and waited for") {
  Event<> event;
  CHECK_FALSE(event.wait(monotonic_now()));
  event.set();
  CHECK(event.is_set());
  CHECK(event.wait());
  event.clear();
  CHECK_FALSE(event.is_set());
  CHECK(Event<>(true).is_set());
}

TEST_CASE("who waits when it is set goes on though it is cleared at once") {
  Event<> event;
  WaitNode<> nodes[20];
  for (WaitNode<>& node : nodes) CHECK_FALSE(event.start(node));
  CHECK(event.withdraw(nodes[3]));
  event.set();
  event.clear();
  for (WaitNode<>& node : nodes)
    CHECK((node.outcome() == WaitOutcome::granted) == (&node != &nodes[3]));
  CHECK_FALSE(event.withdraw(nodes[0]));
}

TEST_CASE("all threads that wait go on and see what came before") {
  Event<> event;
  int note = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      CHECK(event.wait());
      CHECK(note == 7);
    });
  }
  note = 7;
  event.set();
  for (std::thread& thread : threads) thread.join();
}
