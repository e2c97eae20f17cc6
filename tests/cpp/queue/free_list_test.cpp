// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/free_list.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("entries are given out lowest first, once each, and come back") {
  FreeList<> list(3);
  CHECK(list.capacity() == 3);
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(list.acquire() == i);
  CHECK(list.exhausted());
  CHECK(list.acquire() == kNoIndex);
  list.release(1);
  CHECK_FALSE(list.exhausted());
  CHECK(list.acquire() == 1);
  CHECK_THROWS_AS(FreeList<>(0), std::invalid_argument);
  CHECK_THROWS_AS(FreeList<>(std::size_t{1} << 33), std::invalid_argument);
}

TEST_CASE("an entry has one owner, whoever asks") {
  FreeList<> list(4);
  int owned[4] = {0, 0, 0, 0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        const std::uint32_t index = list.acquire();
        REQUIRE(index != kNoIndex);
        ++owned[index];  // a race here is a double owner: the sanitizer sees it
        list.release(index);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(owned[0] + owned[1] + owned[2] + owned[3] == 20'000);
}

TEST_CASE("chains are pushed at once") {
  IndexStack<> stack;
  std::atomic<std::uint32_t> links[4] = {1, 2, kNoIndex, kNoIndex};
  stack.push(links, 3);
  stack.push_chain(links, 0, 2);
  for (const std::uint32_t expected : {0U, 1U, 2U, 3U}) CHECK(stack.pop(links) == expected);
  CHECK(stack.pop(links) == kNoIndex);
}
