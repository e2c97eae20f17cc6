// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/section_stack.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Stack = SectionStack<Atom>;
using Target = SectionTarget<Atom>;

struct Two {
  SectionLock<Atom> x;
  SectionLock<Atom> y;
  Value by_x{0};
  Value by_y{0};
};
void add(Value& guarded) { guarded = Value(guarded.id() + 1); }

void enter(Stack& stack, Stack::Key key, const Target& target) {
  if (stack.try_enter(key, target)) return;
  while (!stack.wait_enter(key, target, kNever)) {
  }
}
void leave(Stack& stack, Stack::Key key) {
  check(stack.leave(key) == SectionExit::done, "left out of order");
  while (!stack.resume(kNever)) {
  }
}

void exclusion(Execution& run) {
  auto two = std::make_shared<Two>();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      Stack stack;
      enter(stack, 1, {&two->x, nullptr});
      add(two->by_x);
      leave(stack, 1);
    });
  }
  run.finally([=] { check(two->by_x.id() == 2, "a change was lost"); });
}

/// Nobody searches: they sleep, and the last one is not forgotten.
void sleeping(Execution& run, int threads) {
  struct Shared {
    SectionLock<Atom> x;
    Value guarded{0};
  };
  auto shared = std::make_shared<Shared>();
  for (int index = 0; index < threads; ++index) {
    run.thread("sleeper", [=] {
      while (!shared->x.try_lock() && !shared->x.sleep_once(kNever)) {
      }
      add(shared->guarded);
      shared->x.unlock();
    });
  }
  run.thread("passer", [=] {
    if (!shared->x.try_lock()) return;
    add(shared->guarded);
    shared->x.unlock();
  });
  run.finally([=] { check(shared->guarded.id() >= threads, "a change was lost"); });
}
void one_sleeps(Execution& run) { sleeping(run, 1); }
void two_sleep(Execution& run) { sleeping(run, 2); }

/// Each nests in the other's order.
void crossing(Execution& run) {
  auto two = std::make_shared<Two>();
  run.thread("a", [=] {
    Stack stack;
    enter(stack, 1, {&two->x, nullptr});
    enter(stack, 2, {&two->y, nullptr});
    add(two->by_y);
    leave(stack, 2);
    add(two->by_x);
    leave(stack, 1);
  });
  run.thread("b", [=] {
    Stack stack;
    enter(stack, 1, {&two->y, nullptr});
    enter(stack, 2, {&two->x, nullptr});
    add(two->by_x);
    leave(stack, 2);
    add(two->by_y);
    leave(stack, 1);
  });
  run.finally([=] { check(two->by_x.id() == 2 && two->by_y.id() == 2, "a change was lost"); });
}

void pairs(Execution& run) {
  auto two = std::make_shared<Two>();
  run.thread("pair", [=] {
    Stack stack;
    enter(stack, 1, {&two->x, &two->y});
    add(two->by_x);
    add(two->by_y);
    leave(stack, 1);
  });
  run.thread("nest", [=] {
    Stack stack;
    enter(stack, 1, {&two->y, nullptr});
    enter(stack, 2, {&two->x, nullptr});
    add(two->by_x);
    leave(stack, 2);
    add(two->by_y);
    leave(stack, 1);
  });
  run.finally([=] { check(two->by_x.id() == 2 && two->by_y.id() == 2, "a change was lost"); });
}

/// Sections that keep what is outside while they wait.
void unsuspended(Execution& run) {
  auto two = std::make_shared<Two>();
  const auto nest = [](SectionLock<Atom>& outer, SectionLock<Atom>& inner) {
    Stack outer_stack;
    Stack inner_stack;
    enter(outer_stack, 1, {&outer, nullptr});
    enter(inner_stack, 2, {&inner, nullptr});
    leave(inner_stack, 2);
    leave(outer_stack, 1);
  };
  run.thread("a", [=] { nest(two->x, two->y); });
  run.thread("b", [=] { nest(two->y, two->x); });
}

}  // namespace

TEST_CASE("sections: one at a time, nobody forgotten, no deadlock") {
  expect_right(exclusion, {.preemptions = 2, .delays = 1});
  expect_right(crossing, {.preemptions = 2});
  expect_right(pairs, {.preemptions = 2});
  expect_right(one_sleeps, {.preemptions = 2});
  expect_right(two_sleep, {.preemptions = 2});
  expect_every_order_needed({exclusion, one_sleeps, two_sleep}, "section_lock.hpp", 3,
                            {.preemptions = 2});
}

TEST_CASE("sections: one that gives nothing up while it waits is found") {
  expect_caught(unsuspended, "deadlock", {.memory = Memory::sequential});
}
