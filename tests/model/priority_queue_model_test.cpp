// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/urgency_spec.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/priority_queue.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::UrgencyCall;
using cogway::testing::UrgencySpec;

namespace {

/// Ages are hints: whatever they are, each value comes out once.
void priorities(Execution& run) {
  struct Shared {
    PriorityQueue<Value, 2, QueueOrder::fifo, Atom> queue{2, 1};
    Atom<int> sum{0};
  };
  auto shared = std::make_shared<Shared>();
  for (std::size_t lane = 0; lane < 2; ++lane) {
    run.thread(lane == 0 ? "urgent" : "humble",
               [=] { check(shared->queue.try_push(Value(lane == 0 ? 1 : 10), lane), "refused"); });
  }
  run.thread("consumer", [=] {
    for (int turn = 0; turn < 2; ++turn) {
      if (const std::optional<Value> value = shared->queue.try_pop())
        shared->sum.fetch_add(value->id());
    }
  });
  run.finally([=] {
    int sum = shared->sum.load();
    while (const std::optional<Value> value = shared->queue.try_pop()) sum += value->id();
    check(sum == 11, "lost or doubled");
  });
}

constexpr std::uint32_t kEndless = 1U << 30;  ///< a patience that nobody loses

template <QueueOrder order, std::uint32_t patience>
struct TestQueue : PriorityQueue<int, 2, order, Atom> {
  TestQueue() : PriorityQueue<int, 2, order, Atom>(2, patience) {}
};

/// Pushes to both lanes beside pops: the pops serve the urgent lane first, unless the other one has
/// waited (`ages`), and each lane keeps its order.
template <typename Queue, bool lifo, bool ages>
void history(Execution& run) {
  struct Shared {
    Queue queue;
    ModelHistory<UrgencySpec> calls{3};
    void push(std::size_t thread, int value, std::size_t lane) {
      calls.record(
          thread, [&] { return UrgencyCall{Act::push, value, lane, queue.try_push(value, lane)}; });
    }
    void pop(std::size_t thread) {
      calls.record(thread, [&] {
        UrgencyCall call{Act::pop, {}};
        call.value = queue.try_pop(&call.lane);
        return call;
      });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("both", [=] {
    shared->push(0, 10, 1);
    shared->push(0, 1, 0);
  });
  run.thread("urgent", [=] { shared->push(1, 2, 0); });
  run.thread("consumer", [=] {
    for (int turn = 0; turn < 3; ++turn) shared->pop(2);
  });
  run.finally([=] {
    for (int turn = 0; turn < 3; ++turn) shared->pop(2);
    shared->calls.expect_linearizable({2, lifo, ages}, testing::allow_misses_of_lanes);
  });
}

}  // namespace

TEST_CASE("priority queue: each value comes out once") {
  expect_right(priorities, {.executions = 50'000, .preemptions = 2, .delays = 1}, false);
}

TEST_CASE("priority queue: linearizable in each lane, and urgent first") {
  constexpr Options kBounds{.executions = 20'000, .delays = 0, .troubles = 0};
  expect_right(history<TestQueue<QueueOrder::fifo, kEndless>, false, false>, kBounds, false);
  expect_right(history<TestQueue<QueueOrder::lifo, kEndless>, true, false>, kBounds, false);
  expect_right(history<TestQueue<QueueOrder::fifo, 1>, false, true>, kBounds, false);
}

TEST_CASE("priority queue: a note of where something was found hides what is more urgent") {
  expect_caught(history<mutants::HintedPriorityQueue<int, Atom>, false, false>,
                "no order of these calls", {.memory = Memory::sequential});
}

TEST_CASE("priority queue: who waited long is served out of turn") {
  expect_caught(history<TestQueue<QueueOrder::fifo, 1>, false, false>, "no order of these calls",
                {.memory = Memory::sequential});
}
