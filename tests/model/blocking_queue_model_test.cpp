// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/closing_spec.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/blocking_queue.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/spsc_queue.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::ClosingCall;
using cogway::testing::ClosingSpec;
using cogway::testing::QueueCall;

namespace {

using Waiting = BlockingQueue<MpmcQueue<int, Atom>, Atom>;

/// Each consumer takes one value and is gone. A value may hide behind an unfinished push, and then
/// its own notification has woken somebody in vain: the word must be passed on.
void one_each(Execution& run) {
  auto queue = std::make_shared<Waiting>(2);
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] { check(queue->pop().has_value(), "nothing, but not closed"); });
  }
  for (const char* name : {"p1", "p2"}) {
    run.thread(name, [=] { check(queue->push(1) == QueuePush::pushed, "refused"); });
  }
}

/// Room is waited for as values are.
void full(Execution& run) {
  auto queue = std::make_shared<Waiting>(2);
  for (int i = 0; i < 2; ++i) (void)queue->try_push(0);
  for (const char* name : {"p1", "p2"}) {
    run.thread(name, [=] { check(queue->push(1) == QueuePush::pushed, "refused"); });
  }
  run.thread("consumer", [=] {
    for (int i = 0; i < 2; ++i) check(queue->pop().has_value(), "nothing, but not closed");
  });
}

/// Closing ends every wait, and what was accepted comes out.
void closing(Execution& run) {
  struct Shared {
    Waiting queue{2};
    Atom<int> pushed{0};
    Atom<int> popped{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("producer", [=] {
    if (shared->queue.push(1) == QueuePush::pushed) shared->pushed.fetch_add(1);
  });
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] {
      while (shared->queue.pop()) shared->popped.fetch_add(1);
    });
  }
  run.thread("closer", [=] { shared->queue.close(); });
  run.finally([=] { check(shared->pushed.load() == shared->popped.load(), "accepted, not seen"); });
}

void hand_over_spsc(Execution& run) {
  auto queue = std::make_shared<BlockingQueue<SpscQueue<Value, Atom>, Atom>>(1);
  run.thread("producer", [=] {
    for (int i = 1; i <= 3; ++i) queue->push(Value(i));
    queue->close();
  });
  run.thread("consumer", [=] {
    int expected = 1;
    while (const std::optional<Value> value = queue->pop()) {
      check(value->id() == expected++, "out of order");
    }
    check(expected == 4, "lost");
  });
}

/// Calls that wait and calls that do not, up to the end.
template <typename Queue>
void history(Execution& run) {
  using enum ClosingCall::Kind;
  struct Shared {
    BlockingQueue<Queue, Atom> queue{2};
    ModelHistory<ClosingSpec> calls{3};
    void push(std::size_t thread, int value) {
      calls.record(thread, [&] {
        const bool pushed = queue.push(value) == QueuePush::pushed;
        return ClosingCall{waiting, {Act::push, value, pushed}};
      });
    }
    void pop(std::size_t thread) {
      calls.record(thread, [&] { return ClosingCall{waiting, {Act::pop, queue.pop()}}; });
    }
    void try_pop(std::size_t thread) {
      calls.record(thread, [&] { return ClosingCall{at_once, {Act::pop, queue.try_pop()}}; });
    }
    void finish(std::size_t thread) {
      calls.record(thread, [&] {
        queue.close();
        return ClosingCall{close};
      });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("producer", [=] {
    shared->push(0, 1);
    shared->push(0, 2);
    shared->finish(0);
    shared->push(0, 3);
  });
  run.thread("consumer", [=] {
    shared->pop(1);
    shared->pop(1);
  });
  run.thread("other", [=] { shared->try_pop(2); });
  run.finally([=] {
    for (int i = 0; i < 3; ++i) shared->try_pop(2);
    shared->calls.expect_linearizable({{2}}, testing::allow_quick_misses);
  });
}

}  // namespace

TEST_CASE("blocking queue: nobody sleeps beside a value or a free cell") {
  expect_right(one_each, {.executions = 20'000, .preemptions = 1, .delays = 0, .troubles = 0},
               false);
  expect_right(full, {.executions = 20'000, .preemptions = 1, .delays = 0, .troubles = 0}, false);
}

TEST_CASE("blocking queue: closing ends every wait and loses nothing") {
  expect_right(closing, {.executions = 20'000, .preemptions = 1, .delays = 0, .troubles = 0},
               false);
  expect_right(hand_over_spsc, {.preemptions = 1, .delays = 1, .troubles = 0});
}

TEST_CASE("blocking queue: linearizable, and nothing means that nothing will come") {
  expect_right(history<MpmcQueue<int, Atom>>,
               {.executions = 20'000, .preemptions = 2, .delays = 0, .troubles = 0}, false);
  expect_caught(history<mutants::HastyQueue<int, Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}
