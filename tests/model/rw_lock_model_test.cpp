// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/rw_lock.hpp"
#include "lock_mutants.hpp"
#include "task_waiter.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Lock = RwLock<Atom>;

template <typename AnyLock>
struct Shared {
  AnyLock lock;
  Value guarded{0};
  Value spare{0};

  void wait(WaitNode<Atom>& node, RwResult result) {
    check(result == RwResult::done || result == RwResult::waits, "taken for misuse");
    if (result == RwResult::waits) check(node.park(kNever), "there is no deadline");
  }
  void read(const void* me) {
    WaitNode<Atom> node;
    wait(node, lock.start_read(&node, me));
  }
  void write(const void* me) {
    WaitNode<Atom> node;
    wait(node, lock.start_write(&node, me));
  }
  void change() {
    guarded = Value(guarded.id() + 1);
    spare = Value(spare.id() + 1);
  }
  void compare() { check(guarded.id() == spare.id(), "read while it was written"); }
};

template <typename AnyLock = Lock>
void readers_and_writer(Execution& run) {
  auto shared = std::make_shared<Shared<AnyLock>>();
  for (const char* name : {"r1", "r2"}) {
    run.thread(name, [=] {
      shared->read(name);
      shared->compare();
      check(shared->lock.unlock_read(name) == RwResult::done, "not held");
    });
  }
  run.thread("writer", [=] {
    shared->write("w");
    shared->change();
    check(shared->lock.unlock_write("w") == RwResult::done, "not held");
  });
  run.finally([=] {
    const auto left = shared->lock.snapshot();
    check(left.readers == 0 && !left.writer && left.writers_waiting == 0, "somebody is left");
  });
}

template <typename AnyLock = Lock>
void two_writers(Execution& run) {
  auto shared = std::make_shared<Shared<AnyLock>>();
  for (const char* name : {"w1", "w2"}) {
    run.thread(name, [=] {
      shared->write(name);
      shared->change();
      (void)shared->lock.unlock_write(name);
    });
  }
  run.finally([=] { check(shared->guarded.id() == 2, "a change was lost"); });
}

/// From reading to writing and back, with another reader about.
template <typename AnyLock = Lock>
void up_and_down(Execution& run) {
  auto shared = std::make_shared<Shared<AnyLock>>();
  run.thread("upgrader", [=] {
    shared->read("u");
    shared->compare();
    const int before = shared->guarded.id();
    WaitNode<Atom> node;
    shared->wait(node, shared->lock.start_upgrade(&node, "u"));
    check(shared->guarded.id() == before, "somebody wrote between reading and writing");
    shared->change();
    check(shared->lock.downgrade("u") == RwResult::done, "not held");
    check(shared->guarded.id() == before + 1, "somebody wrote between writing and reading");
    check(shared->lock.unlock_read("u") == RwResult::done, "not held");
  });
  run.thread("reader", [=] {
    shared->read("r");
    shared->compare();
    (void)shared->lock.unlock_read("r");
  });
  run.thread("writer", [=] {
    shared->write("w");
    shared->change();
    (void)shared->lock.unlock_write("w");
  });
}

/// A writer that gives up lets the readers go on that waited behind it alone: the holder keeps the
/// lock until another has read.
template <typename AnyLock = Lock>
void writer_gives_up(Execution& run) {
  struct Kept : Shared<AnyLock> {
    Atom<std::uint32_t> read_once{0};
  };
  auto shared = std::make_shared<Kept>();
  shared->read("h");
  run.thread("holder", [=] {
    while (shared->read_once.load() == 0) Parking<Atom>::park(shared->read_once, 0, kNever);
    check(shared->lock.unlock_read("h") == RwResult::done, "not held");
  });
  run.thread("writer", [=] {
    WaitNode<Atom> node;
    if (shared->lock.start_write(&node, "w") == RwResult::waits && shared->lock.withdraw(node)) {
      return;
    }
    (void)shared->lock.unlock_write("w");
  });
  run.thread("reader", [=] {
    shared->read("r");
    shared->read_once.store(1);
    Parking<Atom>::unpark(shared->read_once, 1);
    (void)shared->lock.unlock_read("r");
  });
}

/// Two that read want to write: one is told, instead of both waiting for each other.
template <typename AnyLock = Lock>
void two_upgrades(Execution& run) {
  auto shared = std::make_shared<Shared<AnyLock>>();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      shared->read(name);
      WaitNode<Atom> node;
      const RwResult result = shared->lock.start_upgrade(&node, name);
      if (result == RwResult::upgrade_pending) {
        (void)shared->lock.unlock_read(name);
        return;
      }
      shared->wait(node, result);
      shared->change();
      (void)shared->lock.unlock_write(name);
    });
  }
}

/// A task that is cancelled while it waits to write, and a thread that reads meanwhile.
template <typename AnyLock = Lock>
void cancelled_task(Execution& run) {
  auto shared = std::make_shared<Shared<AnyLock>>();
  run.thread("task", [=] {
    TaskWaiter task;
    const RwResult result = shared->lock.start_write(&task.node, "t");
    if (result == RwResult::waits) {
      if (shared->lock.withdraw(task.node)) return;
      task.await();
    }
    shared->change();
    (void)shared->lock.unlock_write("t");
  });
  run.thread("reader", [=] {
    shared->read("r");
    shared->compare();
    (void)shared->lock.unlock_read("r");
  });
}

template <mutants::RwFault fault>
using Faulty = mutants::FaultyRwLock<Atom, fault>;

}  // namespace

TEST_CASE("rw lock: many readers or one writer") {
  expect_right(readers_and_writer<>, {.preemptions = 1, .delays = 1}, false);
  expect_right(two_writers<>, {.preemptions = 2, .delays = 1});
}

TEST_CASE("rw lock: upgrade and downgrade let nobody in between") {
  expect_right(up_and_down<>, {.preemptions = 1, .delays = 0}, false);
  expect_right(two_upgrades<>, {.preemptions = 2, .delays = 0});
}

TEST_CASE("rw lock: giving up keeps nobody out") {
  expect_right(writer_gives_up<>, {.preemptions = 1, .delays = 0}, false);
  expect_right(cancelled_task<>, {.preemptions = 2, .delays = 1});
}

TEST_CASE("rw lock: orders of the lock and of the wake-up are needed") {
  const std::vector<Scenario> all = {readers_and_writer<>, two_writers<>, cancelled_task<>};
  const Options bounds{.executions = 60'000, .preemptions = 1};
  expect_every_order_needed(all, "word_lock.hpp", 2, bounds);
  expect_every_order_needed(all, "wait_node.hpp", 1, bounds);
  expect_every_order_needed(all, "wake_batch.hpp", 1, bounds);
}

TEST_CASE("rw lock: a step left out is found") {
  using enum mutants::RwFault;
  const Options bounds{.memory = Memory::sequential};
  const Scenario right[] = {
      readers_and_writer<Faulty<none>>, two_writers<Faulty<none>>,  up_and_down<Faulty<none>>,
      writer_gives_up<Faulty<none>>,    two_upgrades<Faulty<none>>,
  };
  for (const Scenario& scenario : right) {
    const Report report = explore({.memory = Memory::sequential, .executions = 20'000}, scenario);
    INFO(report.text());
    CHECK_FALSE(report.failed);
  }
  expect_caught(two_writers<Faulty<writer_looks_first>>, "", bounds);
  expect_caught(readers_and_writer<Faulty<reader_ignored>>, "", bounds);
  expect_caught(up_and_down<Faulty<open_upgrade>>, "somebody wrote between reading", bounds);
  expect_caught(up_and_down<Faulty<open_downgrade>>, "somebody wrote between writing", bounds);
  expect_caught(writer_gives_up<Faulty<silent_withdrawal>>, "deadlock", bounds);
  expect_caught(two_upgrades<Faulty<both_upgrade>>, "deadlock", bounds);
}
