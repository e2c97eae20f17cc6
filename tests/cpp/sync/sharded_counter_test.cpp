// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/sharded_counter.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

using namespace cogway;

namespace {
std::int64_t sum(const ShardedCounter<>& counter) {
  std::int64_t total = 0;
  counter.each([&](std::int64_t part) { total += part; });
  return total;
}
}  // namespace

TEST_CASE("shards are a power of two, and any number finds one") {
  CHECK(ShardedCounter<>(0).shards() == 1);
  CHECK(ShardedCounter<>(5).shards() == 8);
  CHECK(ShardedCounter<>(100'000).shards() == ShardedCounter<>::kMost);
  ShardedCounter<> counter(2);
  CHECK(counter.add(0, 1));
  CHECK(counter.add(7, 10));
  CHECK(sum(counter) == 11);
}

TEST_CASE("what does not fit changes nothing") {
  ShardedCounter<> counter(1);
  CHECK(counter.add(0, INT64_MAX));
  CHECK_FALSE(counter.add(0, 1));
  CHECK(counter.add(0, INT64_MIN));
  CHECK_FALSE(counter.add(0, INT64_MIN));
  CHECK(sum(counter) == -1);
}

TEST_CASE("threads that share a shard lose nothing") {
  ShardedCounter<> counter(2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) CHECK(counter.add(shard_of_thread(), 1));
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(sum(counter) == 40'000);
}

TEST_CASE("each thread has a number of its own") {
  std::set<std::size_t> numbers{shard_of_thread()};
  std::size_t other = 0;
  std::thread([&] { other = shard_of_thread(); }).join();
  CHECK(numbers.insert(other).second);
  CHECK(shard_of_thread() != other);
}
