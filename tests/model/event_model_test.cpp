// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/barrier.hpp"
#include "cogway/sync/event.hpp"
#include "cogway/sync/latch.hpp"
#include "lock_mutants.hpp"
#include "task_waiter.hpp"
#include "wait_mutants.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

void seen_by_all(Execution& run) {
  struct Shared {
    Event<Atom> event;
    Value note{0};
  };
  auto shared = std::make_shared<Shared>();
  for (const char* name : {"w1", "w2"}) {
    run.thread(name, [=] {
      check(shared->event.wait(), "there is no deadline");
      check(shared->note.id() == 5, "set, but the note is not seen");
    });
  }
  run.thread("setter", [=] {
    shared->note = Value(5);
    shared->event.set();
  });
}

/// Set and cleared at once: who waited goes on, who comes later may wait for the second.
void set_and_cleared(Execution& run) {
  auto event = std::make_shared<Event<Atom>>();
  run.thread("waiter", [=] { check(event->wait(), "there is no deadline"); });
  run.thread("setter", [=] {
    event->set();
    event->clear();
    event->set();
  });
}

void giving_up(Execution& run) {
  auto event = std::make_shared<Event<Atom>>();
  run.thread("hasty", [=] { (void)event->wait(TimePoint{}); });
  run.thread("task", [=] {
    TaskWaiter task;
    if (!event->start(task.node)) task.await();
  });
  run.thread("setter", [=] { event->set(); });
}

void early(Execution& run) {
  auto event = std::make_shared<mutants::EarlyEvent<Atom>>();
  run.thread("waiter", [=] { event->wait(); });
  run.thread("setter", [=] { event->set(); });
}

void latch(Execution& run) {
  struct Shared {
    Latch<Atom> latch{2};
    Value one{0}, two{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("first", [=] {
    shared->one = Value(1);
    check(shared->latch.count_down(), "counted down too often");
  });
  run.thread("second", [=] {
    shared->two = Value(2);
    check(shared->latch.count_down(), "counted down too often");
  });
  run.thread("waiter", [=] {
    check(shared->latch.wait(), "there is no deadline");
    check(shared->one.id() == 1 && shared->two.id() == 2, "let go before all was done");
  });
  run.finally([=] { check(!shared->latch.count_down(), "below zero"); });
}

/// Two rounds of two: nobody enters the second while the other is in the first.
template <typename AnyBarrier = Barrier<Atom>>
void rounds(Execution& run) {
  struct Shared {
    AnyBarrier barrier{2};
    Value values[2]{Value(0), Value(0)};
    int places[2]{0, 0};
  };
  auto shared = std::make_shared<Shared>();
  for (int me = 0; me < 2; ++me) {
    run.thread(me == 0 ? "a" : "b", [=] {
      for (int round = 1; round <= 2; ++round) {
        shared->values[me] = Value(round);
        WaitNode<Atom> node;
        if (!shared->barrier.start(node)) {
          check(node.park(kNever), "there is no deadline");
          (void)shared->barrier.resume(node);
        }
        check(!AnyBarrier::was_broken(node), "nobody broke it");
        check(shared->values[1 - me].id() == round, "one went ahead");
        shared->places[me] = static_cast<int>(node.value);
        WaitNode<Atom> again;
        if (!shared->barrier.start(again)) check(again.park(kNever), "there is no deadline");
      }
    });
  }
  run.finally([=] { check(shared->places[0] != shared->places[1], "one place given twice"); });
}

/// One gives up; the round is completed by another in its place, or was complete before.
template <typename AnyBarrier = Barrier<Atom>>
void one_leaves(Execution& run) {
  auto barrier = std::make_shared<AnyBarrier>(2);
  run.thread("leaver", [=] {
    WaitNode<Atom> node;
    if (!barrier->start(node) && barrier->withdraw(node)) {
      if (!barrier->start(node)) check(node.park(kNever), "there is no deadline");
    }
  });
  run.thread("stayer", [=] {
    WaitNode<Atom> node;
    if (!barrier->start(node)) check(node.park(kNever), "there is no deadline");
  });
  run.finally([=] { check(barrier->waiting() == 0, "somebody is still counted"); });
}

template <typename AnyBarrier = Barrier<Atom>>
void aborted(Execution& run) {
  auto barrier = std::make_shared<AnyBarrier>(2);
  run.thread("waiter", [=] {
    WaitNode<Atom> node;
    if (!barrier->start(node)) {
      check(node.park(kNever), "there is no deadline");
      (void)barrier->resume(node);
    }
    check(AnyBarrier::was_broken(node), "there was no other");
  });
  run.thread("breaker", [=] { barrier->abort(); });
}

template <mutants::BarrierFault fault>
using Faulty = mutants::FaultyBarrier<Atom, fault>;

}  // namespace

TEST_CASE("event: set once, seen by all, with what came before") {
  expect_right(seen_by_all, {.preemptions = 1, .delays = 1});
  expect_right(set_and_cleared, {.preemptions = 2, .delays = 1});
  expect_right(giving_up, {.preemptions = 1, .delays = 1}, false);
  expect_every_order_needed({seen_by_all, set_and_cleared}, "event.hpp", 2,
                            {.executions = 60'000, .preemptions = 1});
}

TEST_CASE("event: setting before the lock is taken is found") {
  expect_caught(early, "deadlock", {.memory = Memory::sequential});
}

TEST_CASE("latch: let go when all is done, and not before") {
  expect_right(latch, {.preemptions = 1, .delays = 1});
  expect_every_order_needed({latch}, "latch.hpp", 2, {.executions = 60'000, .preemptions = 1});
}

TEST_CASE("barrier: nobody goes ahead, nobody stays behind") {
  expect_right(rounds<>, {.preemptions = 1, .delays = 1}, false);
  expect_right(one_leaves<>, {.preemptions = 2, .delays = 1}, false);
  expect_right(aborted<>, {.preemptions = 2, .delays = 1});
}

TEST_CASE("barrier: orders of the lock and of the wake-up are needed") {
  const std::vector<Scenario> all = {rounds<>, aborted<>};
  const Options bounds{.executions = 60'000, .preemptions = 1};
  expect_every_order_needed(all, "word_lock.hpp", 2, bounds);
  expect_every_order_needed(all, "wait_node.hpp", 1, bounds);
  expect_every_order_needed(all, "wake_batch.hpp", 1, bounds);
}

TEST_CASE("barrier: a step left out is found") {
  using enum mutants::BarrierFault;
  const Options bounds{.memory = Memory::sequential};
  for (const Scenario& scenario :
       {Scenario(rounds<Faulty<none>>), Scenario(one_leaves<Faulty<none>>),
        Scenario(aborted<Faulty<none>>)}) {
    const Report report = explore({.memory = Memory::sequential, .executions = 20'000}, scenario);
    INFO(report.text());
    CHECK_FALSE(report.failed);
  }
  expect_caught(rounds<Faulty<late_reset>>, "", bounds);
  expect_caught(one_leaves<Faulty<counted_withdrawal>>, "", bounds);
  expect_caught(aborted<Faulty<passing_abort>>, "", bounds);
}
