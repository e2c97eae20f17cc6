// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/wait_table.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace cogway;

TEST_CASE("waiters are told by address, first come first") {
  WaitTable<std::atomic, 1> table;  // one list for all words
  std::atomic<int> word{0};
  std::atomic<int> other{0};
  WaitNode<> one;
  WaitNode<> two;
  WaitNode<> three;
  CHECK(table.start(one, &word, [&] { return word.load() != 0; }));
  CHECK_FALSE(table.start(one, &word, [&] { return word.load() == 0; }));
  CHECK_FALSE(table.start(two, &other, [&] { return other.load() == 0; }));
  CHECK_FALSE(table.start(three, &word, [&] { return word.load() == 0; }));
  CHECK(table.notify_one(&other) == 1);
  CHECK(two.outcome() == WaitOutcome::retry);
  CHECK(table.notify_one(&word) == 1);
  CHECK(one.outcome() == WaitOutcome::retry);
  CHECK(three.outcome() == WaitOutcome::waiting);
  CHECK_FALSE(table.withdraw(one));
  CHECK(table.withdraw(three));
  CHECK(table.notify_all(&word) == 0);
}

TEST_CASE("a thread sleeps until the word changes") {
  std::atomic<int> word{0};
  std::thread changer([&] {
    word.store(1);
    process_wait_table().notify_all(&word);
  });
  while (word.load() == 0) {
    WaitNode<> node;
    if (process_wait_table().start(node, &word, [&] { return word.load() == 0; })) break;
    CHECK(node.park(kNever));
  }
  changer.join();
}
