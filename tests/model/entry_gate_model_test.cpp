// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/event_count.hpp"
#include "engine/entry_gate.hpp"
#include "mutants.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// As TaskQueue: two push while a third closes and a fourth waits for all there will ever be.
template <typename Gate>
struct Queue {
  Gate gate;
  EventCount<Atom> waiting;
  Value items[2];
  Atom<int> queued{0};
  Atom<int> collected{0};
  Value reason;

  void push(int i) {
    if (!gate.enter()) {
      check(reason.id() == 7, "refused before it was closed");
      return;
    }
    items[i] = Value(i + 1);
    queued.fetch_add(1, std::memory_order_relaxed);
    if (gate.leave()) waiting.notify_all();
  }
  void close() {
    reason = Value(7);
    gate.close();
    waiting.notify_all();
  }
  void collect() {
    waiting.wait([&] { return gate.settled(); });
    collected.store(queued.load(std::memory_order_relaxed));
    for (const Value& item : items) check(item.id() <= 2, "what it left is not seen");
  }
};

template <typename Gate>
void closing(Execution& run) {
  auto queue = std::make_shared<Queue<Gate>>();
  run.thread("p1", [=] { queue->push(0); });
  run.thread("p2", [=] { queue->push(1); });
  run.thread("closer", [=] { queue->close(); });
  run.thread("collector", [=] { queue->collect(); });
  run.finally([=] { check(queue->collected.load() == queue->queued.load(), "lost"); });
}

/// One pusher, who may close itself: small enough for every choice.
void pushing(Execution& run) {
  auto queue = std::make_shared<Queue<EntryGate<Atom>>>();
  run.thread("pusher", [=] { queue->push(0); });
  run.thread("closer", [=] { queue->close(); });
  run.thread("collector", [=] {
    if (queue->gate.settled()) queue->collect();
  });
}

/// closed() tells of what came before.
void looking(Execution& run) {
  auto queue = std::make_shared<Queue<EntryGate<Atom>>>();
  run.thread("closer", [=] { queue->close(); });
  run.thread("looker", [=] {
    if (queue->gate.closed()) check(queue->reason.id() == 7, "closed without its reason");
  });
}

}  // namespace

TEST_CASE("entry gate: who is let in is waited for") {
  expect_right(closing<EntryGate<Atom>>, {.preemptions = 1, .delays = 1, .troubles = 0});
  expect_right(pushing, {.delays = 1});
  expect_right(looking);
}

TEST_CASE("entry gate: a look alone does not hold it open") {
  expect_caught(closing<mutants::LookingGate<Atom>>, "");
}

TEST_CASE("entry gate: every memory order is needed") {
  expect_every_order_needed({closing<EntryGate<Atom>>, pushing, looking}, "entry_gate.hpp", 5);
}
