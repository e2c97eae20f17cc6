// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/semaphore.hpp"
#include "task_waiter.hpp"
#include "wait_mutants.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

template <typename S>
struct Guarded {
  explicit Guarded(std::int64_t permits = 1, Handover handover = Handover::eventual)
      : semaphore(permits, permits, handover) {}
  S semaphore;
  Value guarded{0};
  void change() { guarded = Value(guarded.id() + 1); }
};
using Locked = Guarded<Semaphore<Atom>>;

template <Handover kHandover>
void exclusion(Execution& run) {
  auto shared = std::make_shared<Locked>(1, kHandover);
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      check(shared->semaphore.acquire(), "there is no deadline");
      shared->change();
      check(shared->semaphore.release(), "the permit was there already");
    });
  }
  run.finally([=] {
    check(shared->guarded.id() == 2, "a change was lost");
    check(shared->semaphore.permits() == 1, "a permit was lost or made");
    check(!shared->semaphore.has_waiters(), "the mark was left");
  });
}

/// One that runs on and two that sleep: whoever gets past whom, all come to an end.
template <Handover kHandover>
void three(Execution& run) {
  auto shared = std::make_shared<Locked>(1, kHandover);
  for (const char* name : {"a", "b", "c"}) {
    run.thread(name, [=] {
      (void)shared->semaphore.acquire();
      shared->change();
      (void)shared->semaphore.release();
    });
  }
  run.finally([=] {
    check(shared->guarded.id() == 3, "a change was lost");
    check(shared->semaphore.permits() == 1, "a permit was lost or made");
  });
}

/// Two permits at once for two that sleep.
void two_at_once(Execution& run) {
  auto semaphore = std::make_shared<Semaphore<Atom>>(0);
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] { (void)semaphore->acquire(); });
  }
  run.thread("giver", [=] { (void)semaphore->release(2); });
  run.finally([=] { check(semaphore->permits() == 0, "a permit too many"); });
}

/// One gives up, at any moment; the permit it was woken for is not lost with it.
template <typename S>
void giving_up(Execution& run) {
  auto semaphore = std::make_shared<S>(0);
  run.thread("hasty", [=] {
    if (semaphore->acquire(TimePoint{})) (void)semaphore->release();
  });
  run.thread("patient", [=] { (void)semaphore->acquire(); });
  run.thread("giver", [=] { (void)semaphore->release(); });
  run.finally([=] { check(semaphore->permits() == 0, "a permit was made"); });
}

/// A task is cancelled while it is given the permit: it gives it back.
void cancelled_task(Execution& run) {
  auto semaphore = std::make_shared<Semaphore<Atom>>(0);
  run.thread("task", [=] {
    TaskWaiter task;
    if (semaphore->start(task.node)) {
      (void)semaphore->release();
    } else if (!semaphore->withdraw(task.node)) {
      task.await();
      (void)semaphore->release();
    }
  });
  run.thread("patient", [=] { (void)semaphore->acquire(); });
  run.thread("giver", [=] { (void)semaphore->release(); });
}

/// A task is given the permit even if a thread could take it.
void task_and_thread(Execution& run) {
  auto shared = std::make_shared<Locked>();
  run.thread("task", [=] {
    TaskWaiter task;
    if (!shared->semaphore.start(task.node)) {
      task.await();
      check(task.node.outcome() == WaitOutcome::granted, "a task was woken to compete");
      check(shared->semaphore.resume(task.node), "a task that was granted waits");
    }
    shared->change();
    (void)shared->semaphore.release();
  });
  run.thread("thread", [=] {
    (void)shared->semaphore.acquire();
    shared->change();
    (void)shared->semaphore.release();
  });
  run.finally([=] { check(shared->guarded.id() == 2, "a change was lost"); });
}

/// The owner lets another have its turn and goes on after it.
void ceding(Execution& run) {
  auto shared = std::make_shared<Locked>(1, Handover::always);
  run.thread("owner", [=] {
    (void)shared->semaphore.acquire();
    shared->change();
    WaitNode<Atom> node;
    if (shared->semaphore.cede(node)) check(node.park(kNever), "there is no deadline");
    shared->change();
    (void)shared->semaphore.release();
  });
  run.thread("other", [=] {
    (void)shared->semaphore.acquire();
    shared->change();
    (void)shared->semaphore.release();
  });
  run.finally([=] {
    check(shared->guarded.id() == 3, "a change was lost");
    check(shared->semaphore.permits() == 1, "a permit was lost or made");
  });
}

}  // namespace

TEST_CASE("semaphore: one at a time, nobody forgotten, no permit lost") {
  expect_right(exclusion<Handover::eventual>, {.preemptions = 2, .delays = 1});
  expect_right(exclusion<Handover::always>, {.preemptions = 2, .delays = 1});
  expect_right(three<Handover::eventual>, {.preemptions = 1, .delays = 0}, false);
  expect_right(three<Handover::always>, {.preemptions = 1, .delays = 0}, false);
  expect_right(two_at_once, {.preemptions = 2, .delays = 0});
}

TEST_CASE("semaphore: giving up loses nothing") {
  expect_right(giving_up<Semaphore<Atom>>, {.preemptions = 2, .delays = 0}, false);
  expect_right(cancelled_task, {.preemptions = 2, .delays = 0}, false);
}

TEST_CASE("semaphore: tasks are given the permit, and an owner can cede it") {
  expect_right(task_and_thread, {.preemptions = 2, .delays = 1});
  expect_right(ceding, {.preemptions = 2, .delays = 1});
}

TEST_CASE("semaphore: shortcuts are found") {
  expect_caught(giving_up<mutants::SilentSemaphore<Atom>>, "deadlock",
                {.memory = Memory::sequential});
  expect_caught(giving_up<mutants::LookingSemaphore<Atom>>, "deadlock",
                {.memory = Memory::sequential});
}

TEST_CASE("semaphore: the orders that carry the proof are needed") {
  expect_every_order_needed({exclusion<Handover::eventual>, exclusion<Handover::always>,
                             task_and_thread, ceding, three<Handover::eventual>},
                            "semaphore.hpp", 4, {.executions = 60'000, .preemptions = 2});
  expect_every_order_needed({exclusion<Handover::always>, task_and_thread, ceding}, "wait_node.hpp",
                            1, {.executions = 60'000, .preemptions = 2});
  expect_every_order_needed({exclusion<Handover::always>, task_and_thread, ceding},
                            "wake_batch.hpp", 1, {.executions = 60'000, .preemptions = 2});
}
