// SPDX-License-Identifier: Apache-2.0
// Waiting under load: more threads than processors, deadlines, closing. A lost wake-up hangs the
// test.

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cogway/queue/blocking_queue.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/mpsc_stack.hpp"
#include "cogway/sync/flag.hpp"

using namespace cogway;
using namespace std::chrono_literals;

TEST_CASE("a small queue between many threads, each waiting on the others") {
  BlockingQueue<MpmcQueue<int>> queue(2);
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) REQUIRE(queue.push(i) == QueuePush::pushed);
    });
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) sum += *queue.pop();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum == static_cast<long>(kThreads) * kEach * (kEach + 1) / 2);
  CHECK(queue.statistics().consumers.sleepers == 0);
  CHECK(queue.statistics().producers.sleepers == 0);
}

TEST_CASE("those who give up lose nothing") {
  BlockingQueue<MpmcQueue<int>> queue(2);
  constexpr int kItems = 4000;
  std::atomic<int> pushed{0};
  std::atomic<int> popped{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (pushed.load() < kItems) {
        if (queue.push(1, monotonic_now() + 5us) == QueuePush::pushed) ++pushed;
      }
    });
    threads.emplace_back([&] {
      while (!queue.drained()) {
        if (queue.pop(monotonic_now() + 5us)) ++popped;
      }
    });
  }
  threads[0].join();
  threads[2].join();
  queue.close();
  threads[1].join();
  threads[3].join();
  CHECK(pushed == popped);
}

TEST_CASE("closing at any moment: what was accepted comes out") {
  for (int round = 0; round < 300; ++round) {
    BlockingQueue<MpmcQueue<int>> queue(2);
    std::atomic<int> accepted{0};
    std::atomic<int> seen{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        while (queue.push(1) == QueuePush::pushed) ++accepted;
      });
      threads.emplace_back([&] {
        while (queue.pop()) {
          if (++seen == 20) queue.close();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(accepted == seen);
  }
}

TEST_CASE("ping-pong through two queues, spinning, yielding and parking as it comes") {
  BlockingQueue<MpmcQueue<int>> to(2);
  BlockingQueue<MpmcQueue<int>> fro(2);
  constexpr int kTurns = 20'000;
  std::thread other([&] {
    while (const auto value = to.pop()) fro.push(*value + 1);
  });
  for (int i = 0; i < kTurns; ++i) {
    to.push(i);
    REQUIRE(fro.pop() == i + 1);
  }
  to.close();
  other.join();
}

TEST_CASE("flags set while others come and go") {
  for (int round = 0; round < 2000; ++round) {
    Flag<> flag;
    int note = 0;
    std::thread waiter([&] {
      REQUIRE(flag.wait());
      REQUIRE(note == round);
    });
    note = round;
    flag.set();
    waiter.join();
  }
}

TEST_CASE("a mailbox wakes its taker once a burst and loses nothing") {
  struct Node : MpscStackNode<> {};
  MpscStack<Node> stack;
  EventCount<> event;
  constexpr int kThreads = 3;
  constexpr int kEach = 5000;
  std::vector<std::vector<Node>> nodes(kThreads);
  std::atomic<int> wakes{0};
  std::vector<std::thread> threads;
  for (auto& mine : nodes) {
    mine = std::vector<Node>(kEach);
    threads.emplace_back([&] {
      for (Node& node : mine) {
        if (stack.push(&node)) {
          ++wakes;
          event.notify_one();
        }
      }
    });
  }
  int taken = 0;
  while (taken < kThreads * kEach) {
    Node* first = nullptr;
    event.wait([&] { return (first = stack.take_all()) != nullptr; });
    for (; first != nullptr; first = MpscStack<Node>::next_of(first)) ++taken;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(taken == kThreads * kEach);
  CHECK(wakes <= taken);
}
