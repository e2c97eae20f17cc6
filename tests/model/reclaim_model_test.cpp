// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../../examples/cpp/lock_free_stack.hpp"
#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/sync/epoch_domain.hpp"
#include "cogway/sync/hazard_domain.hpp"
#include "history.hpp"
#include "reclaim_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::LifoSpec;
using cogway::testing::QueueCall;

namespace {

using Epochs = EpochDomain<Atom>;
using Hazards = HazardDomain<Atom, 1>;

/// Never freed in earnest, so that looking at a destroyed one is a failure and not a crash.
struct Object : Retirable {
  static constexpr int kAlive = 1, kDestroyed = 2;
  Value state{kAlive};
  Value note;  ///< of whoever took it out
  static void destroy(Retirable* retired) {
    auto* object = static_cast<Object*>(retired);
    object->note = Value(kDestroyed);
    object->state = Value(kDestroyed);
  }
};

template <typename Domain>
struct Shared {
  Domain domain;
  Object objects[3];
  Atom<Object*> current{&objects[0]};
  Atom<int> steps{0};

  void look() {
    typename Domain::Member member(domain);
    look(member);
  }
  void look(typename Domain::Member& member) {
    auto guard = member.guard();
    Object* const object = guard.protect(current);
    check(object->state.id() == Object::kAlive, "looked at what was destroyed");
  }
  /// Puts another in its place.
  void replace(typename Domain::Member& member, int by) {
    objects[by].state = Value(Object::kAlive);
    Object* const old = current.exchange(&objects[by], std::memory_order_acq_rel);
    old->note = Value(Object::kAlive);
    member.retire(old, Object::destroy);
  }
  /// Waits for another's step without seeing anything of what it did.
  void wait_for(int step) {
    while (steps.load(std::memory_order_relaxed) < step) yield();
  }
  /// Nobody looks any more: all but the current one come to their end.
  void expect_destroyed(int count) {
    {
      typename Domain::Member member(domain);
      for (int i = 0; i < 3; ++i) member.collect();
      check(member.pending() == 0, "something is left");
    }
    int destroyed = 0;
    for (const Object& object : objects) destroyed += object.state.id() == Object::kDestroyed;
    check(destroyed == count, "not destroyed");
  }
};

/// One looks twice, and the second time at another; the other replaces.
template <typename Domain>
void looking(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("reader", [=] {
    typename Domain::Member member(shared->domain);
    shared->look(member);
    shared->look(member);
  });
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->replace(member, 1);
    for (int i = 0; i < 3; ++i) member.collect();
  });
  run.finally([=] { shared->expect_destroyed(1); });
}

/// The writer also looks, as one that follows links to what it takes out does.
template <typename Domain>
void reading(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("reader", [=] { shared->look(); });
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->look(member);
    shared->replace(member, 1);
    for (int i = 0; i < 3; ++i) member.collect();
  });
  run.thread("mover", [=] {
    typename Domain::Member member(shared->domain);
    member.collect();
  });
}

/// One guard looks at one object after the other.
template <typename Domain>
void following(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("reader", [=] {
    typename Domain::Member member(shared->domain);
    auto guard = member.guard();
    for (int i = 0; i < 2; ++i) {
      Object* const object = guard.protect(shared->current);
      check(object->state.id() == Object::kAlive, "looked at what was destroyed");
    }
  });
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->replace(member, 1);
    member.collect();
    shared->replace(member, 2);
    for (int i = 0; i < 2; ++i) member.collect();
  });
  run.finally([=] { shared->expect_destroyed(2); });
}

/// Two collect, so that the epoch moves on between any two steps of the other.
template <typename Domain>
void two_writers(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("reader", [=] { shared->look(); });
  for (int i = 1; i <= 2; ++i) {
    run.thread(i == 1 ? "w1" : "w2", [=] {
      typename Domain::Member member(shared->domain);
      shared->replace(member, i);
      member.collect();
    });
  }
  run.finally([=] { shared->expect_destroyed(2); });
}

/// A thread ends and leaves to another what a third still looks at.
template <typename Domain>
void orphans(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("reader", [=] { shared->look(); });
  run.thread("ends", [=] {
    typename Domain::Member member(shared->domain);
    shared->replace(member, 1);
  });
  run.thread("adopts", [=] {
    typename Domain::Member member(shared->domain);
    for (int i = 0; i < 2; ++i) member.collect();
  });
  run.finally([=] { shared->expect_destroyed(1); });
}

/// Between two steps of the writer a third thread moves on, once before a reader comes and once
/// after: only through that third one does the reader know that the object was taken out.
template <typename Domain>
void overtaken(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->replace(member, 1);
    member.collect();
    member.collect();
  });
  run.thread("mover", [=] {
    typename Domain::Member member(shared->domain);
    member.collect();
    shared->steps.store(1, std::memory_order_relaxed);
    shared->wait_for(2);
    member.collect();
  });
  run.thread("reader", [=] {
    typename Domain::Member member(shared->domain);
    shared->wait_for(1);
    auto guard = member.guard();
    Object* const object = guard.protect(shared->current);
    shared->steps.store(2, std::memory_order_relaxed);
    yield();
    check(object->state.id() == Object::kAlive, "looked at what was destroyed");
  });
}

/// The same with a reader that joins when the third thread is through.
template <typename Domain>
void joining_late(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->replace(member, 1);
    member.collect();
    member.collect();
  });
  run.thread("mover", [=] {
    typename Domain::Member member(shared->domain);
    member.collect();
    member.collect();
    shared->steps.store(1, std::memory_order_relaxed);
  });
  run.thread("reader", [=] {
    shared->wait_for(1);
    shared->look();
  });
}

/// The same with a reader that joined long ago, and two that move on: of the second, only what it
/// learnt from the first can reach the reader.
template <typename Domain>
void guarding_late(Execution& run) {
  auto shared = std::make_shared<Shared<Domain>>();
  const auto step = [=](int number) { shared->steps.store(number, std::memory_order_relaxed); };
  run.thread("reader", [=] {
    typename Domain::Member member(shared->domain);
    step(1);
    shared->wait_for(3);
    auto guard = member.guard();
    Object* const object = guard.protect(shared->current);
    yield();
    check(object->state.id() == Object::kAlive, "looked at what was destroyed");
  });
  run.thread("writer", [=] {
    typename Domain::Member member(shared->domain);
    shared->wait_for(1);
    shared->replace(member, 1);
    member.collect();
  });
  for (int mover : {1, 2}) {
    run.thread(mover == 1 ? "first" : "second", [=] {
      typename Domain::Member member(shared->domain);
      shared->wait_for(mover);
      member.collect();
      step(mover + 1);
    });
  }
}

/// Pushes and pops of a stack whose nodes are freed in earnest.
template <typename Domain>
void stack_history(Execution& run) {
  struct Stack {
    Domain domain;
    LockFreeStack<int, Domain, Atom> stack{domain};
    ModelHistory<LifoSpec> calls{3};
  };
  auto shared = std::make_shared<Stack>();
  const auto push = [=](std::size_t thread, int value) {
    shared->calls.record(thread, [&] {
      shared->stack.push(value);
      return QueueCall{Act::push, value};
    });
  };
  const auto pop = [=](std::size_t thread, auto& member) {
    shared->calls.record(thread, [&] { return QueueCall{Act::pop, shared->stack.pop(member)}; });
  };
  push(2, 1);
  push(2, 2);
  run.thread("juggler", [=] {
    typename Domain::Member member(shared->domain);
    pop(0, member);
    pop(0, member);
    push(0, 3);
  });
  run.thread("taker", [=] {
    typename Domain::Member member(shared->domain);
    pop(1, member);
    member.collect();
  });
  run.finally([=] { shared->calls.expect_linearizable({.capacity = 4}); });
}

template <typename Domain>
std::vector<Scenario> scenarios() {
  return {looking<Domain>,   following<Domain>,    orphans<Domain>,      two_writers<Domain>,
          overtaken<Domain>, joining_late<Domain>, guarding_late<Domain>};
}
constexpr Options kBounds{.preemptions = 2, .delays = 1, .troubles = 0};
/// Longer scenarios, as far as the number of executions goes.
constexpr Options kSome{.executions = 4'000, .preemptions = 2, .delays = 2, .troubles = 0};

}  // namespace

TEST_CASE_TEMPLATE("reclaim: nobody looks at what was destroyed, and all of it is in the end",
                   Domain, Epochs, Hazards) {
  expect_right(looking<Domain>, kBounds);
  expect_right(following<Domain>, kSome, false);
  expect_right(orphans<Domain>, kSome, false);
  expect_right(two_writers<Domain>, kSome, false);
  expect_right(overtaken<Domain>, kSome, false);
  expect_right(joining_late<Domain>, kSome, false);
  expect_right(guarding_late<Domain>, kSome, false);
}

TEST_CASE_TEMPLATE("reclaim: a stack of freed nodes is linearizable", Domain, Epochs, Hazards) {
  expect_right(stack_history<Domain>, kSome, false);
}

TEST_CASE("reclaim: every memory order is needed") {
  expect_every_order_needed(scenarios<Epochs>(), "epoch_domain.hpp", 8, kSome);
  expect_every_order_needed(scenarios<Hazards>(), "hazard_domain.hpp", 5, kSome);
  std::vector<Scenario> both = scenarios<Epochs>();
  for (Scenario& scenario : scenarios<Hazards>()) both.push_back(std::move(scenario));
  expect_every_order_needed(both, "member_list.hpp", 6, kSome);
  expect_every_order_needed(both, "retired_list.hpp", 2, kSome);
}

TEST_CASE("reclaim: steps that are left out are found") {
  using mutants::FaultyEpochs;
  using mutants::FaultyHazards;
  using enum mutants::ReclaimFault;
  const Options bounds{.preemptions = 3, .delays = 2, .troubles = 0};
  expect_right(reading<FaultyEpochs<none>>, kSome, false);
  expect_right(reading<FaultyHazards<none>>, kSome, false);
  const char* const race = "without happens-before";
  expect_caught(reading<FaultyEpochs<one_grace>>, race, bounds);
  expect_caught(reading<FaultyEpochs<old_tag>>, race, bounds);
  expect_caught(reading<FaultyEpochs<only_looks>>, race, bounds);
  expect_caught(reading<FaultyEpochs<blind_leave>>, race, bounds);
  expect_caught(reading<FaultyHazards<unconfirmed>>, race, bounds);
  expect_caught(reading<FaultyHazards<only_looks>>, race, bounds);
}
