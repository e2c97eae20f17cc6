// SPDX-License-Identifier: Apache-2.0
#include "cogway/queue/blocking_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/mpsc_queue.hpp"
#include "cogway/queue/spsc_queue.hpp"
#include "counted.hpp"

using namespace cogway;
using cogway::testing::Counted;

TEST_CASE_TEMPLATE("values wait for consumers, producers for room", Queue,
                   BlockingQueue<SpscQueue<int>>, BlockingQueue<MpscQueue<int>>,
                   BlockingQueue<MpmcQueue<int>>) {
  Queue queue(2);
  constexpr int kItems = 20'000;
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) REQUIRE(queue.push(i) == QueuePush::pushed);
    queue.close();
  });
  int expected = 0;
  while (const auto value = queue.pop()) REQUIRE(*value == expected++);
  CHECK(expected == kItems);
  CHECK(queue.drained());
  producer.join();
}

TEST_CASE("time-outs leave nothing behind, ten thousand of them") {
  int alive = 0;
  BlockingQueue<MpmcQueue<Counted>> queue(2);
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(queue.pop(TimePoint{}));
  for (int i = 0; i < 2; ++i)
    CHECK(queue.push(Counted(i, alive), TimePoint{}) == QueuePush::pushed);
  for (int i = 0; i < 10'000; ++i) {
    Counted refused(9, alive);
    CHECK(queue.push(std::move(refused), TimePoint{}) == QueuePush::timed_out);
    CHECK_FALSE(refused.moved_from());  // NOLINT: that is the point
  }
  CHECK(alive == 2);
  const BlockingQueueStatistics statistics = queue.statistics();
  CHECK(statistics.consumers.sleepers == 0);
  CHECK(statistics.producers.sleepers == 0);
  CHECK(statistics.queue.size == 2);
}

TEST_CASE("closing wakes everybody: producers are refused, consumers get the rest") {
  BlockingQueue<MpmcQueue<int>> queue(2);
  CHECK(queue.push(1) == QueuePush::pushed);
  CHECK(queue.push(2) == QueuePush::pushed);
  std::atomic<int> refused{0};
  std::vector<std::thread> producers;
  for (int i = 0; i < 3; ++i) {
    producers.emplace_back([&] { refused += queue.push(3) == QueuePush::closed ? 1 : 0; });
  }
  while (queue.statistics().producers.sleepers < 3) std::this_thread::yield();
  CHECK(queue.close());
  CHECK_FALSE(queue.close());
  for (std::thread& producer : producers) producer.join();
  CHECK(refused == 3);
  CHECK(queue.pop() == 1);
  CHECK(queue.pop() == 2);
  CHECK_FALSE(queue.pop());
  CHECK(queue.push(4) == QueuePush::closed);
}

TEST_CASE("consumers that wait learn of the end, however many they are") {
  BlockingQueue<MpmcQueue<int>> queue(4);
  std::atomic<int> got{0};
  std::vector<std::thread> consumers;
  for (int i = 0; i < 4; ++i) {
    consumers.emplace_back([&] {
      while (queue.pop()) ++got;
    });
  }
  for (int i = 0; i < 1000; ++i) CHECK(queue.push(i) == QueuePush::pushed);
  queue.close();
  for (std::thread& consumer : consumers) consumer.join();
  CHECK(got == 1000);
}

TEST_CASE("batches, and calls that never wait") {
  BlockingQueue<MpmcQueue<int>> queue(4);
  std::vector<int> in = {1, 2, 3, 4, 5};
  CHECK(queue.try_push_batch(std::span(in)) == 4);
  CHECK_FALSE(queue.try_push(6));
  CHECK(queue.try_pop() == 1);
  CHECK(queue.try_push(6));
  std::vector<int> out(8);
  CHECK(queue.pop_batch(std::span(out)) == 4);
  CHECK(out[3] == 6);
  CHECK(queue.pop_batch(std::span(out), TimePoint{}) == 0);
  CHECK(queue.pop_batch(std::span<int>()) == 0);
  CHECK_FALSE(queue.try_pop());
  CHECK(queue.empty());
  CHECK(queue.capacity() == 4);
}

TEST_CASE("more threads than processors: everything arrives once") {
  BlockingQueue<MpmcQueue<int>> queue(16);
  constexpr int kThreads = 4;
  constexpr int kEach = 4000;
  std::atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) queue.push(i);
    });
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) sum += *queue.pop();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum == static_cast<long>(kThreads) * kEach * (kEach + 1) / 2);
  CHECK(queue.empty());
}
