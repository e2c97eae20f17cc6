// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/flag.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("a flag is set once") {
  Flag<> flag;
  CHECK_FALSE(flag.is_set());
  CHECK(flag.set());
  CHECK_FALSE(flag.set());
  CHECK(flag.is_set());
  CHECK(flag.wait());
  CHECK(flag.wait(TimePoint{}));
  flag.reset();
  CHECK_FALSE(flag.is_set());
}

TEST_CASE("waiting for a flag that nobody sets ends at the deadline") {
  Flag<> flag;
  CHECK_FALSE(flag.wait(monotonic_now()));
  CHECK(flag.set());  // that somebody waited in vain does not make it set
}

TEST_CASE("everybody who waits is released, and sees what came before") {
  Flag<> flag;
  int note = 0;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] {
      CHECK(flag.wait());
      CHECK(note == 7);
    });
  }
  note = 7;
  flag.set();
  for (std::thread& waiter : waiters) waiter.join();
}
