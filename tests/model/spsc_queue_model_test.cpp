// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/spsc_queue.hpp"
#include "mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::FifoSpec;
using cogway::testing::QueueCall;

namespace {

using Queue = SpscQueue<Value, Atom>;

/// Three values through two cells: the ring wraps, fills and runs empty.
void hand_over(Execution& run) {
  auto queue = std::make_shared<Queue>(2);
  run.thread("producer", [=] {
    for (int i = 1; i <= 3; ++i) {
      while (!queue->try_push(Value(i))) model::yield();
    }
  });
  run.thread("consumer", [=] {
    for (int i = 1; i <= 3; ++i) {
      std::optional<Value> value;
      while (!(value = queue->try_pop())) model::yield();
      check(value->id() == i, "out of order");
    }
  });
  run.finally([=] { check(queue->empty(), "something is left"); });
}

/// One value through a ring that publishes it too early.
void early_publication(Execution& run) {
  auto ring = std::make_shared<mutants::EarlyPublishRing<Value, Atom>>();
  run.thread("producer", [=] { (void)ring->try_push(Value(1)); });
  run.thread("consumer", [=] {
    if (const std::optional<Value> value = ring->try_pop()) check(value->id() == 1, "unwritten");
  });
}

void batches(Execution& run) {
  auto queue = std::make_shared<Queue>(2);
  run.thread("producer", [=] {
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

/// The producer closes: the consumer, when it sees the queue drained, has seen everything.
void closing(Execution& run) {
  auto queue = std::make_shared<Queue>(2);
  run.thread("producer", [=] {
    check(queue->try_push(Value(1)), "refused");
    queue->close();
    check(!queue->try_push(Value(2)), "accepted after close");
  });
  run.thread("consumer", [=] {
    int seen = 0;
    while (!queue->drained()) {
      if (const std::optional<Value> value = queue->try_pop()) {
        seen = value->id();
      } else {
        model::yield();
      }
    }
    check(seen == 1, "drained with a value inside");
  });
}

/// Whoever closes hands over what it did before.
void closing_publishes(Execution& run) {
  struct Shared {
    Queue queue{2};
    Value note;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("closer", [=] {
    shared->note = Value(9);
    shared->queue.close();
  });
  run.thread("other", [=] {
    if (shared->queue.closed()) check(shared->note.id() == 9, "note lost");
  });
}

/// A third thread may look at the size, and trust that it is never absurd.
void watching(Execution& run) {
  auto queue = std::make_shared<SpscQueue<int, Atom>>(2);
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
    SpscQueue<int, Atom> queue{2};
    Atom<std::uint64_t> clock{0};
    testing::Recorder<Atom<std::uint64_t>, QueueCall> producer{clock, 0};
    testing::Recorder<Atom<std::uint64_t>, QueueCall> consumer{clock, 1};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("producer", [=] {
    for (int i = 1; i <= 3; ++i) {
      shared->producer.record([&] { return QueueCall{Act::push, i, shared->queue.try_push(i)}; });
    }
  });
  run.thread("consumer", [=] {
    for (int i = 1; i <= 3; ++i) {
      shared->consumer.record([&] { return QueueCall{Act::pop, shared->queue.try_pop()}; });
    }
  });
  run.finally([=] {
    testing::QueueHistory all = shared->producer.history();
    all.insert(all.end(), shared->consumer.history().begin(), shared->consumer.history().end());
    check(testing::Linearizability<FifoSpec>::violation(all, {2}).empty(), "not linearizable");
  });
}

}  // namespace

TEST_CASE("spsc: every schedule hands over in order") {
  expect_right(hand_over);
  expect_right(batches);
}

TEST_CASE("spsc: closing by the producer loses nothing") {
  expect_right(closing);
  expect_right(closing_publishes);
}

TEST_CASE("spsc: size is never absurd") { expect_right(watching); }

TEST_CASE("spsc: linearizable, failures included") {
  const Report report = explore({.memory = Memory::sequential, .preemptions = 3}, history);
  INFO(report.text());
  CHECK_FALSE(report.failed);
  CHECK(report.complete);
}

TEST_CASE("spsc: an index that is published before its cell is found, on x86 too") {
  expect_caught(early_publication, "data race", {.memory = Memory::sequential});
}

TEST_CASE("spsc: every memory order is needed") {
  expect_every_order_needed({hand_over, batches, closing, closing_publishes, watching},
                            "spsc_queue.hpp", 8);
}
