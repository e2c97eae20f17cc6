// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/work_stealing_deque.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::DequeSpec;
using cogway::testing::QueueCall;

namespace {

/// What a task handle points to: written by the owner, read by whoever gets the handle.
struct Tasks {
  WorkStealingDeque<Value*, Atom> deque{2};
  Value values[4];
  int taken[4] = {0, 0, 0, 0};  // by value, counted by whoever has it: twice is a data race or a 2

  void take(Value* value) {
    const int id = value->id();
    check(id >= 0 && id < 4, "a handle of nothing");
    ++taken[id];
  }
  void steal() {
    if (const Stolen<Value*> stolen = deque.try_steal(); stolen.value) take(*stolen.value);
  }
  void pop() {
    if (const std::optional<Value*> value = deque.try_pop()) take(*value);
  }
  bool push(int id) {
    values[id] = Value(id);
    return deque.try_push(&values[id]);
  }
  void expect_each_once(int count) {
    while (const std::optional<Value*> value = deque.try_pop()) take(*value);
    for (int id = 0; id < count; ++id) check(taken[id] == 1, "lost or taken twice");
  }
};

/// The owner pops what a thief wants: the last element is fought for.
void last_one(Execution& run) {
  auto tasks = std::make_shared<Tasks>();
  run.thread("owner", [=] {
    check(tasks->push(0) && tasks->push(1), "refused");
    tasks->pop();
    tasks->pop();
  });
  run.thread("thief", [=] {
    tasks->steal();
    tasks->steal();
  });
  run.finally([=] { tasks->expect_each_once(2); });
}

/// Two thieves and the owner, all after one element.
void two_thieves(Execution& run) {
  auto tasks = std::make_shared<Tasks>();
  run.thread("owner", [=] {
    check(tasks->push(0), "refused");
    tasks->pop();
  });
  run.thread("thief-1", [=] { tasks->steal(); });
  run.thread("thief-2", [=] { tasks->steal(); });
  run.finally([=] { tasks->expect_each_once(1); });
}

/// The ring wraps: a slot is used again after a thief has emptied it.
void wrapping(Execution& run) {
  auto tasks = std::make_shared<Tasks>();
  run.thread("owner", [=] {
    int pushed = 0;
    for (int tries = 0; pushed < 3 && tries < 6; ++tries) {
      if (tasks->push(pushed)) {
        ++pushed;
      } else {
        model::yield();
      }
    }
    tasks->pop();
    for (int id = pushed; id < 3; ++id) ++tasks->taken[id];
  });
  run.thread("thief", [=] {
    tasks->steal();
    tasks->steal();
  });
  run.finally([=] { tasks->expect_each_once(3); });
}

/// A thief tells the owner that it is done with a task by nothing but having stolen it: the slot's
/// reuse must come after the thief's reading of it.
void popping_after_empty(Execution& run) {
  auto tasks = std::make_shared<Tasks>();
  run.thread("owner", [=] {
    check(tasks->push(0), "refused");
    tasks->pop();
    tasks->pop();
    check(tasks->push(1), "refused");
    tasks->pop();
  });
  run.thread("thief", [=] {
    tasks->steal();
    tasks->steal();
  });
  run.finally([=] { tasks->expect_each_once(2); });
}

void history(Execution& run) {
  struct Shared {
    WorkStealingDeque<int, Atom> deque{2};
    Atom<std::uint64_t> clock{0};
    testing::Recorder<Atom<std::uint64_t>, QueueCall> owner{clock, 0};
    testing::Recorder<Atom<std::uint64_t>, QueueCall> thief{clock, 1};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("owner", [=] {
    for (int i = 1; i <= 2; ++i) {
      shared->owner.record([&] { return QueueCall{Act::push, i, shared->deque.try_push(i)}; });
    }
    for (int i = 1; i <= 2; ++i) {
      shared->owner.record([&] { return QueueCall{Act::pop, shared->deque.try_pop()}; });
    }
  });
  run.thread("thief", [=] {
    for (int i = 1; i <= 2; ++i) {
      shared->thief.record([&] {
        const Stolen<int> stolen = shared->deque.try_steal();
        return QueueCall{Act::steal, stolen.value, true, stolen.lost_race};
      });
    }
  });
  run.finally([=] {
    testing::QueueHistory all = shared->owner.history();
    all.insert(all.end(), shared->thief.history().begin(), shared->thief.history().end());
    const std::string why = testing::Linearizability<DequeSpec>::violation(all, {2});
    check(why.empty(), why);
  });
}

}  // namespace

TEST_CASE("deque: every task is taken once, whoever fights for it") {
  expect_right(last_one);
  expect_right(two_thieves, {.delays = 1});
  expect_right(wrapping);
  expect_right(popping_after_empty);
}

TEST_CASE("deque: linearizable, but for lost races") {
  const Report report = explore({.memory = Memory::sequential, .preemptions = 3}, history);
  INFO(report.text());
  CHECK_FALSE(report.failed);
  CHECK(report.complete);
}

TEST_CASE("deque: every memory order is needed") {
  expect_every_order_needed({last_one, two_thieves, wrapping, popping_after_empty},
                            "work_stealing_deque.hpp", 8);
}
