// SPDX-License-Identifier: Apache-2.0
// Whoever ends a task from outside still needs the engine, which may be destroyed as soon as all
// its tasks have ended.
#include <memory>

#include "checker/expect.hpp"
#include "cogway/engine/task_state.hpp"
#include "engine/resolve_count.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// Task::resolve() beside the worker that drops the task, and EngineCore's end.
template <typename Count>
void engine_ends(Execution& run) {
  struct Shared {
    Count inside;
    TaskState<Atom> state;
    Value engine{1};
    Atom<std::uint32_t> left{0};
    Atom<int> resolved{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->state.enqueue_fresh();
  run.thread("canceller", [=] {
    shared->inside.enter();
    if (shared->inside.resolve(shared->state)) {
      check(shared->engine.id() == 1, "the engine was destroyed");
      shared->resolved.fetch_add(1);
    }
    shared->inside.leave();
  });
  run.thread("worker", [=] {
    if (shared->state.try_start() && shared->state.finish()) shared->resolved.fetch_add(1);
    shared->left.store(1);
    Parking<Atom>::unpark(shared->left, 1);
  });
  run.thread("owner", [=] {
    while (shared->left.load() == 0) Parking<Atom>::park(shared->left, 0, kNever);
    while (!shared->inside.quiet()) model::yield();
    shared->engine = Value(9);
  });
  run.finally([=] { check(shared->resolved.load() == 1, "not resolved once"); });
}

struct Guard : ResolveCount<Atom> {
  bool resolve(TaskState<Atom>& state) { return state.resolve().won; }
};

/// Enters only once it has won.
struct LateGuard : ResolveCount<Atom> {
  void enter() {}
  bool resolve(TaskState<Atom>& state) {
    const bool won = state.resolve().won;
    ResolveCount<Atom>::enter();
    return won;
  }
};

/// Counts by a look and a store: of two that leave and enter, one may be forgotten.
struct LossyGuard : Guard {
  Atom<std::uint32_t> count{0};
  void enter() { count.store(count.load() + 1); }
  void leave() { count.store(count.load() - 1); }
  bool quiet() const { return count.load() == 0; }
};

/// Two cancel the tasks of one engine.
template <typename Count>
void two_inside(Execution& run) {
  struct Shared {
    Count inside;
    TaskState<Atom> states[2];
    Value engine{1};
    Atom<int> resolved{0};
  };
  auto shared = std::make_shared<Shared>();
  for (int i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "c1" : "c2", [=] {
      shared->inside.enter();
      if (shared->inside.resolve(shared->states[i])) {
        shared->resolved.fetch_add(1);
        check(shared->engine.id() == 1, "the engine was destroyed");
      }
      shared->inside.leave();
    });
  }
  run.thread("owner", [=] {
    while (shared->resolved.load() < 2) model::yield();
    while (!shared->inside.quiet()) model::yield();
    shared->engine = Value(9);
  });
}

}  // namespace

TEST_CASE("resolve count: the engine outlives whoever ends its tasks") {
  expect_right(engine_ends<Guard>, {.delays = 1});
  expect_right(two_inside<Guard>, {.delays = 1, .troubles = 0});
}

TEST_CASE("resolve count: coming late and counting in two steps are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(engine_ends<LateGuard>, "", bounds);
  expect_caught(two_inside<LossyGuard>, "", bounds);
}
