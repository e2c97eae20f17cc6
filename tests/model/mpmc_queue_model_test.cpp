// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/mpmc_queue.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::FifoSpec;
using cogway::testing::QueueCall;

namespace {

using Queue = MpmcQueue<Value, Atom>;

/// Two producers, one of them wrapping the ring, and a consumer that empties it.
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
    int last = 0;
    for (int got = 0; got < 3;) {
      const std::optional<Value> value = queue->try_pop();
      if (!value) {
        model::yield();
        continue;
      }
      ++got;
      sum += value->id();
      if (value->id() < 10) {
        check(value->id() > last, "one producer's values out of order");
        last = value->id();
      }
    }
    check(sum == 13, "lost or doubled");
  });
  run.finally([=] { check(queue->empty(), "something is left"); });
}

/// Two consumers fight for what one producer pushes, cells are used again.
void fight(Execution& run) {
  struct Shared {
    Queue queue{2};
    int sums[2] = {0, 0};
  };
  auto shared = std::make_shared<Shared>();
  for (int me = 0; me < 2; ++me) {
    run.thread(me == 0 ? "c1" : "c2", [=] {
      for (int turn = 0; turn < 2; ++turn) {
        if (const std::optional<Value> value = shared->queue.try_pop())
          shared->sums[me] += value->id();
      }
    });
  }
  run.thread("producer", [=] {
    for (int i = 1; i <= 4; i *= 2) {
      int tries = 0;
      while (!shared->queue.try_push(Value(i)) && ++tries < 2) model::yield();
    }
  });
  run.finally([=] {
    int sum = shared->sums[0] + shared->sums[1];
    while (const std::optional<Value> value = shared->queue.try_pop()) sum += value->id();
    check(sum == 3 || sum == 7, "lost or doubled");
  });
}

void batches(Execution& run) {
  auto queue = std::make_shared<Queue>(2);
  run.thread("p1", [=] {
    Value values[3] = {1, 2, 3};
    std::span<Value> rest(values);
    while (!rest.empty()) {
      const std::size_t pushed = queue->try_push_batch(rest);
      if (pushed == 0) model::yield();
      rest = rest.subspan(pushed);
    }
  });
  run.thread("consumer", [=] {
    for (int expected = 1; expected <= 3;) {
      Value out[2];
      const std::size_t popped = queue->try_pop_batch(out);
      if (popped == 0) model::yield();
      for (std::size_t i = 0; i < popped; ++i) check(out[i].id() == expected++, "out of order");
    }
  });
}

/// Any thread closes: every push that was accepted comes out before the queue is drained.
void closing(Execution& run) {
  struct Shared {
    Queue queue{2};
    int pushed = 0;
    int popped = 0;
    Value note;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("producer", [=] {
    for (int i = 1; i <= 2; ++i) shared->pushed += shared->queue.try_push(Value(i)) ? 1 : 0;
  });
  run.thread("closer", [=] {
    shared->note = Value(9);
    shared->queue.close();
  });
  run.thread("consumer", [=] {
    while (!shared->queue.drained()) {
      if (shared->queue.try_pop()) {
        ++shared->popped;
      } else {
        model::yield();
      }
    }
    check(shared->note.id() == 9, "closed, but what the closer did is not seen");
  });
  run.finally([=] { check(shared->pushed == shared->popped, "accepted but never seen"); });
}

void watching(Execution& run) {
  auto queue = std::make_shared<MpmcQueue<int, Atom>>(2);
  run.thread("producer", [=] {
    for (int i = 0; i < 2; ++i) check(queue->try_push(i), "refused");
  });
  run.thread("consumer", [=] {
    (void)queue->try_pop();
    (void)queue->try_pop();
  });
  run.thread("watcher", [=] { check(queue->size() <= queue->capacity(), "absurd size"); });
}

void history(Execution& run) {
  struct Shared {
    MpmcQueue<int, Atom> queue{2};
    Atom<std::uint64_t> clock{0};
    testing::Recorder<Atom<std::uint64_t>, QueueCall> recorders[3] = {
        {clock, 0}, {clock, 1}, {clock, 2}};
  };
  auto shared = std::make_shared<Shared>();
  for (int me = 0; me < 2; ++me) {
    run.thread(me == 0 ? "p1" : "p2", [=] {
      shared->recorders[me].record(
          [&] { return QueueCall{Act::push, me + 1, shared->queue.try_push(me + 1)}; });
      shared->recorders[me].record([&] { return QueueCall{Act::pop, shared->queue.try_pop()}; });
    });
  }
  run.thread("p3", [=] {
    shared->recorders[2].record([&] { return QueueCall{Act::push, 3, shared->queue.try_push(3)}; });
  });
  run.finally([=] {
    testing::QueueHistory all;
    for (auto& recorder : shared->recorders) {
      all.insert(all.end(), recorder.history().begin(), recorder.history().end());
    }
    testing::allow_misses_beside_others(all);
    check(testing::Linearizability<FifoSpec>::violation(all, {2}).empty(), "not linearizable");
  });
}

}  // namespace

TEST_CASE("mpmc: every schedule hands over once, in each producer's order") {
  expect_right(hand_over, {.preemptions = 2, .delays = 1, .troubles = 0});
  expect_right(fight, {.preemptions = 2, .delays = 1, .troubles = 0});
  expect_right(batches);
}

TEST_CASE("mpmc: closing loses nothing that was accepted") { expect_right(closing, {.delays = 1}); }

TEST_CASE("mpmc: size is never absurd") { expect_right(watching); }

TEST_CASE("mpmc: linearizable, but for misses beside unfinished calls") {
  const Report report = explore({.memory = Memory::sequential}, history);
  INFO(report.text());
  CHECK_FALSE(report.failed);
  CHECK(report.complete);
}

TEST_CASE("mpmc: every memory order is needed") {
  const std::vector<Scenario> all = {hand_over, fight, batches, closing, watching};
  expect_every_order_needed(all, "mpmc_queue.hpp", 0);  // its own are relaxed: the turns order all
  expect_every_order_needed(all, "turn_ring.hpp", 5);
}
