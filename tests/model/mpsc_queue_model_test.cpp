// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/mpsc_queue.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::FifoSpec;
using cogway::testing::QueueCall;

namespace {

using Queue = MpscQueue<Value, Atom>;

/// Two producers wrap the ring; the consumer pops alone, then in batches.
void hand_over(Execution& run) {
  auto queue = std::make_shared<Queue>(2);
  run.thread("p1", [=] {
    for (int i = 1; i <= 2; ++i) {
      while (!queue->try_push(Value(i))) model::yield();
    }
  });
  run.thread("p2", [=] {
    while (!queue->try_push(Value(10))) model::yield();
  });
  run.thread("consumer", [=] {
    int sum = 0;
    for (int got = 0; got < 1;) {
      if (const std::optional<Value> value = queue->try_pop()) {
        ++got;
        sum += value->id();
      } else {
        model::yield();
      }
    }
    for (int got = 1; got < 3;) {
      Value out[2];
      const std::size_t count = queue->try_pop_batch(out);
      if (count == 0) model::yield();
      for (std::size_t i = 0; i < count; ++i) sum += out[i].id();
      got += static_cast<int>(count);
    }
    check(sum == 13, "lost or doubled");
  });
}

void closing(Execution& run) {
  struct Shared {
    Queue queue{2};
    int pushed = 0;
    int popped = 0;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("producer", [=] {
    for (int i = 1; i <= 2; ++i) shared->pushed += shared->queue.try_push(Value(i)) ? 1 : 0;
  });
  run.thread("consumer", [=] {
    while (!shared->queue.drained()) {
      if (shared->queue.try_pop()) {
        ++shared->popped;
      } else {
        model::yield();
      }
    }
  });
  run.thread("closer", [=] { shared->queue.close(); });
  run.finally([=] { check(shared->pushed == shared->popped, "accepted but never seen"); });
}

template <typename Queue>
void history(Execution& run) {
  struct Shared {
    Queue queue{2};
    ModelHistory<FifoSpec> calls{3};
    void push(std::size_t thread, int value) {
      calls.record(thread, [&] { return QueueCall{Act::push, value, queue.try_push(value)}; });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("p1", [=] {
    shared->push(0, 1);
    shared->push(0, 2);
  });
  run.thread("p2", [=] { shared->push(1, 3); });
  run.thread("consumer", [=] {
    for (int turn = 0; turn < 3; ++turn) {
      shared->calls.record(2, [&] { return QueueCall{Act::pop, shared->queue.try_pop()}; });
    }
  });
  run.finally([=] { shared->calls.expect_linearizable({2}, testing::allow_misses_beside_others); });
}

}  // namespace

TEST_CASE("mpsc: linearizable, but for misses beside unfinished calls") {
  expect_right(history<MpscQueue<int, Atom>>, {.delays = 0, .troubles = 0});
  expect_caught(history<mutants::UnclaimedRing<int, Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}

TEST_CASE("mpsc: every schedule hands over once") {
  expect_right(hand_over, {.preemptions = 2, .delays = 1, .troubles = 0});
}

TEST_CASE("mpsc: closing loses nothing that was accepted") { expect_right(closing, {.delays = 1}); }
