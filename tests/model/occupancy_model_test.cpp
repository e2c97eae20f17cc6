// SPDX-License-Identifier: Apache-2.0
// A worker whose code does not return is given up: worker and whoever gives it up agree on which of
// them ends the task, and the outcome is decided once.
#include <memory>

#include "checker/expect.hpp"
#include "cogway/engine/task_state.hpp"
#include "engine/occupancy.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

struct Task {
  TaskState<Atom> state;
  Value payload{1};  ///< disposed by who ran it, or by who won the outcome before it ran
  Value outcome{0};  ///< of whoever won it
  Value record{0};   ///< of whoever ends the task
  Atom<int> ended{0};
  Atom<int> resolved{0};

  void end() {
    record = Value(record.id() + 1);
    ended.fetch_add(1);
  }
  void dispose() {
    check(payload.id() == 1, "disposed twice");
    payload = Value(0);
  }
  void publish(int what) {
    outcome = Value(what);
    resolved.fetch_add(1);
  }
  /// Task::resolve().
  void resolve(int what) {
    const auto resolution = state.resolve();
    if (!resolution.won) return;
    if (resolution.phase < TaskPhase::running) dispose();
    publish(what);
  }
};

/// Worker::run() of two tasks, and EngineCore::give_up() of one of them. `finishes`: the worker
/// that has lost its task ends it as if nothing had happened.
template <typename Occupied, bool finishes = false>
void giving_up(Execution& run) {
  struct Shared {
    Occupied current;
    Task tasks[2];
    Value owed{0};  ///< the worker's own; left with the task to whoever takes it
    Value before{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("worker", [=] {
    for (Task& task : shared->tasks) {
      if (!task.state.try_start()) continue;
      shared->owed = Value(shared->owed.id() + 1);
      shared->current.begin(&task);
      if (!shared->current.end()) {
        check(shared->before.id() == 1, "given up, but what came before is not seen");
        task.dispose();
        if (finishes) {
          (void)task.state.finish();
        } else {
          task.state.leave();
        }
        return;
      }
      task.dispose();
      if (task.state.finish()) task.publish(1);
      task.end();
    }
  });
  run.thread("stopper", [=] {
    Task* const task = shared->current.running();
    if (task == nullptr) return;
    shared->before = Value(1);
    if (!shared->current.take(task)) return;
    task->resolve(2);
    check(shared->owed.id() > 0, "the worker's debts are not seen");
    task->end();
  });
  run.thread("canceller", [=] { shared->tasks[0].resolve(3); });
  run.finally([=] {
    for (Task& task : shared->tasks) {
      check(task.ended.load() <= 1, "ended twice");
      check(task.ended.load() == 0 || task.resolved.load() == 1, "ended without an outcome");
      check(task.resolved.load() == 0 || task.payload.id() == 0, "not disposed");
    }
    check(shared->tasks[0].resolved.load() == 1, "the cancelled one has no outcome");
  });
}

/// Two give it up at once: the timer, which knows the task, and the engine that stops.
template <typename Occupied>
void both_give_up(Execution& run) {
  struct Shared {
    Occupied current;
    Task task;
    Value owed{0};
    void give_up() {
      check(owed.id() == 1, "the worker's debts are not seen");
      task.end();
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("worker", [=] {
    shared->owed = Value(1);
    shared->current.begin(&shared->task);
    if (shared->current.end()) shared->task.end();
  });
  run.thread("timer", [=] {
    if (shared->current.take(&shared->task)) shared->give_up();
  });
  run.thread("stop", [=] {
    Task* const task = shared->current.running();
    if (task != nullptr && shared->current.take(task)) shared->give_up();
  });
  run.finally([=] { check(shared->task.ended.load() == 1, "not ended once"); });
}

using Right = Occupancy<Task, Atom>;

/// The worker looks whether it still has the task, then lets it go.
struct LookingOccupancy {
  Atom<Task*> task{nullptr};
  void begin(Task* next) { task.store(next); }
  bool end() {
    const bool mine = task.load() != nullptr;
    task.store(nullptr);
    return mine;
  }
  bool take(Task* wanted) { return task.compare_exchange_strong(wanted, nullptr); }
  Task* running() const { return task.load(); }
};

/// Whoever gives the worker up looks whether it still has the task, then takes it.
struct StealingOccupancy : LookingOccupancy {
  bool end() { return task.exchange(nullptr) != nullptr; }
  bool take(Task* wanted) {
    const bool there = task.load() == wanted;
    if (there) task.store(nullptr);
    return there;
  }
};

}  // namespace

TEST_CASE("occupancy: a task is ended once, by its worker or by who gave that up") {
  expect_right(giving_up<Right>, {.delays = 1, .troubles = 0});
  expect_right(both_give_up<Right>, {.delays = 1});
}

TEST_CASE("occupancy: a look and then a step are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(giving_up<LookingOccupancy>, "", bounds);
  expect_caught(giving_up<StealingOccupancy>, "", bounds);
  expect_caught(both_give_up<StealingOccupancy>, "", bounds);
}

TEST_CASE("occupancy: a worker that lost its task and decides the outcome is found") {
  expect_caught(giving_up<Right, true>, "ended without an outcome", {.memory = Memory::sequential});
}

TEST_CASE("occupancy: every memory order is needed") {
  expect_every_order_needed({giving_up<Right>, both_give_up<Right>}, "occupancy.hpp", 4);
}
