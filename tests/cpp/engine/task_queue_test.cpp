// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/task_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "cogway/base/os/thread.hpp"

using namespace cogway;

namespace {

std::atomic<int> disposed{0};
constexpr TaskOps kOps{nullptr, [](Task&) noexcept { disposed.fetch_add(1); }, "external"};

TaskRef make(Priority priority = Priority::normal) { return Task::make_external(&kOps, priority); }

}  // namespace

TEST_CASE("by priority, then in order") {
  TaskQueue queue({.ageing = 0});
  const TaskRef low = make(Priority::low);
  const TaskRef first = make();
  const TaskRef second = make();
  const TaskRef high = make(Priority::high);
  for (const TaskRef& task : {low, first, second, high}) CHECK(queue.push(task));
  CHECK(queue.size() == 4);
  for (const TaskRef& task : {high, first, second, low}) CHECK(queue.try_pop().get() == task.get());
  CHECK_FALSE(queue.try_pop());
  CHECK(queue.statistics().pushed == 4);
  CHECK(queue.statistics().popped == 4);
}

TEST_CASE("full, cancelled, closed: refused") {
  TaskQueue queue({.capacity = 1});
  const TaskRef cancelled = make();
  CHECK(cancelled->cancel());
  CHECK_FALSE(queue.push(cancelled));
  const TaskRef first = make();
  CHECK(queue.push(first));
  CHECK_FALSE(queue.push(make()));
  queue.close();
  CHECK(queue.closed());
  CHECK_FALSE(queue.push(make()));
  CHECK(queue.pop().get() == first.get());  // what was queued comes out
  CHECK_FALSE(queue.pop());
}

TEST_CASE("cancelled while queued: dropped on the way out") {
  TaskQueue queue;
  const TaskRef first = make();
  const TaskRef second = make();
  CHECK(queue.push(first));
  CHECK(queue.push(second));
  CHECK(first->cancel());
  CHECK(queue.try_pop().get() == second.get());
}

TEST_CASE("pop waits until the deadline") {
  TaskQueue queue;
  CHECK_FALSE(queue.pop(monotonic_now()));
}

TEST_CASE("what is left in a queue that goes is told so") {
  disposed = 0;
  const TaskRef left = make();
  {
    TaskQueue queue;
    CHECK(queue.push(left));
    queue.close();
  }
  CHECK(left->done());
  CHECK(left->cause() == Cause::engine_closed);
  CHECK(disposed == 1);
}

TEST_CASE("closed amid pushes: each task is refused or comes out") {
  for (int round = 0; round < 300; ++round) {
    TaskQueue queue;
    constexpr int kEach = 20;
    std::atomic<int> accepted{0};
    std::atomic<int> popped{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < kEach; ++k) accepted.fetch_add(queue.push(make()) ? 1 : 0);
      });
    }
    threads.emplace_back([&] {
      while (queue.pop()) popped.fetch_add(1);
    });
    for (int turn = 0; turn < round % 8; ++turn) os::yield_thread();
    queue.close();
    for (std::thread& thread : threads) thread.join();
    CHECK(popped == accepted);
    CHECK(queue.size() == 0);
  }
}
