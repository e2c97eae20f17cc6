// SPDX-License-Identifier: Apache-2.0
// The end of a task: one outcome, every waiter told once, nothing run after it was cancelled.
#include <memory>
#include <set>
#include <vector>

#include "checker/expect.hpp"
#include "cogway/engine/task_state.hpp"
#include "cogway/engine/waiter.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// As a task of the engine: state, waiters, and what they guard.
template <typename State>
struct BasicTicket {
  State state;
  WaiterList<BasicTicket, Atom> waiters;
  Value payload;  ///< the submitter's, then of whoever runs or disposes it
  Value outcome;  ///< of whoever wins
  Atom<int> notified{0};

  void publish(int result) {
    outcome = Value(result);
    auto closed = waiters.close();
    for (auto* node = closed.first; node != nullptr;) {
      auto* next = node->next;
      node->notify(node, *this);
      node = next;
    }
  }
};

constexpr int kRan = 1;
constexpr int kCancelled = 2;

using Ticket = BasicTicket<TaskState<Atom>>;
using List = WaiterList<Ticket, Atom>;

template <typename AnyTicket>
struct Node : BasicWaiter<AnyTicket> {
  Node()
      : BasicWaiter<AnyTicket>([](BasicWaiter<AnyTicket>* self, AnyTicket& ticket) noexcept {
          check(static_cast<Node*>(self)->cookie.id() == 1, "notified without what was added");
          check(ticket.outcome.id() != 0, "notified before there was an outcome");
          ticket.notified.fetch_add(1);
        }) {}
  Value cookie{0};  ///< of the waiter, then of whoever notifies
};

/// A worker runs it, somebody cancels it, somebody waits.
template <typename State = TaskState<Atom>>
void ending(Execution& run) {
  using AnyTicket = BasicTicket<State>;
  struct Shared {
    AnyTicket ticket;
    Node<AnyTicket> node;
    Atom<int> answered{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->ticket.payload = Value(7);
  shared->ticket.state.enqueue_fresh();
  run.thread("worker", [=] {
    AnyTicket& ticket = shared->ticket;
    if (!ticket.state.try_start()) return;
    check(ticket.payload.id() == 7, "ran without its payload");
    ticket.payload = Value(8);
    if (ticket.state.finish()) ticket.publish(kRan);
  });
  run.thread("canceller", [=] {
    AnyTicket& ticket = shared->ticket;
    const auto resolution = ticket.state.resolve();
    if (!resolution.won) return;
    if (resolution.phase == TaskPhase::queued) {
      check(ticket.payload.id() == 7, "it ran although it was cancelled before");
      ticket.payload = Value(9);  // disposal
    }
    ticket.publish(kCancelled);
  });
  run.thread("waiter", [=] {
    shared->node.cookie = Value(1);
    if (!shared->ticket.waiters.add(&shared->node)) {
      check(shared->ticket.outcome.id() != 0, "refused before there was an outcome");
      shared->answered.fetch_add(1);
    }
  });
  run.finally([=] {
    check(shared->ticket.waiters.closed(), "nobody ended it");
    check(shared->answered.load() + shared->ticket.notified.load() == 1, "not told once");
  });
}

/// A worker takes it from the queue, who waits for it runs it instead, and somebody cancels it.
template <typename State = TaskState<Atom>>
void claiming(Execution& run) {
  struct Shared {
    State state;
    Value payload{7};
    Atom<int> runs{0}, outcomes{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->state.enqueue_fresh();
  for (const char* name : {"worker", "awaiter"}) {
    run.thread(name, [=] {
      if (!shared->state.try_claim()) return;
      check(shared->runs.fetch_add(1) == 0, "it ran twice");
      check(shared->payload.id() == 7, "ran without its payload");
      shared->payload = Value(8);
      if (shared->state.finish()) shared->outcomes.fetch_add(1);
    });
  }
  run.thread("canceller", [=] {
    const auto resolution = shared->state.resolve();
    if (!resolution.won) return;
    if (resolution.phase == TaskPhase::queued) {
      check(shared->payload.id() == 7, "it ran although it was cancelled before");
      shared->payload = Value(9);  // disposal
    }
    shared->outcomes.fetch_add(1);
  });
  run.finally([=] { check(shared->outcomes.load() == 1, "not one outcome"); });
}

/// A task that waits for bytes is dispatched and cancelled at the same time.
void parking(Execution& run) {
  struct Shared {
    Ticket ticket;
    Atom<int> queued{0};
  };
  auto shared = std::make_shared<Shared>();
  check(shared->ticket.state.park(), "a fresh task parks");
  run.thread("pump", [=] {
    shared->ticket.payload = Value(7);  // the reservation: the pump's while the task is parked
    if (shared->ticket.state.enqueue()) shared->queued.store(1);
  });
  run.thread("canceller", [=] {
    const auto resolution = shared->ticket.state.resolve();
    check(resolution.won, "nobody else resolves it");
    if (resolution.phase == TaskPhase::queued) {
      check(shared->ticket.payload.id() == 7, "queued without its reservation");
      shared->ticket.payload = Value(9);
    }
    shared->ticket.publish(kCancelled);
  });
  run.finally([=] {
    check(shared->ticket.waiters.closed(), "not ended");
    if (shared->queued.load() == 1) check(!shared->ticket.state.try_start(), "it would run");
  });
}

/// ended tells that the buffers are no longer touched.
void ended(Execution& run) {
  struct Shared {
    TaskState<Atom> state;
    Value buffer;
  };
  auto shared = std::make_shared<Shared>();
  shared->state.enqueue_fresh();
  run.thread("worker", [=] {
    if (!shared->state.try_start()) return;
    shared->buffer = Value(1);
    (void)shared->state.finish();
  });
  run.thread("owner", [=] {
    if (shared->state.phase() == TaskPhase::ended) check(shared->buffer.id() == 1, "still written");
  });
}

/// closed() tells that there is an outcome.
void looking(Execution& run) {
  struct Shared {
    List list;
    Value outcome{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("finisher", [=] {
    shared->outcome = Value(1);
    (void)shared->list.close();
  });
  run.thread("looker", [=] {
    if (shared->list.closed()) check(shared->outcome.id() == 1, "closed without an outcome");
  });
}

/// Threads that sleep on the list's word, as Task::wait_until does.
void sleeping(Execution& run) {
  struct Shared {
    List list;
    Value outcome;
    Atom<std::uint32_t> futex{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("finisher", [=] {
    shared->outcome = Value(1);
    if (shared->list.close().sleepers) {
      shared->futex.store(1);
      Parking<Atom>::unpark(shared->futex, 9);
    }
  });
  run.thread("sleeper", [=] {
    std::uintptr_t word = 0;
    if (shared->list.add_sleeper(word)) {
      while (shared->futex.load() == 0) Parking<Atom>::park(shared->futex, 0, kNever);
    }
    check(shared->outcome.id() == 1, "woken without an outcome");
  });
}

/// Looks whether there is an outcome, then takes it.
struct LookingState : TaskState<Atom> {
  Resolution resolve() {
    if (resolved()) return {false, phase()};
    const TaskPhase before = phase();
    return {TaskState<Atom>::finish() || true, before};
  }
};

/// Takes what somebody else has begun.
struct GreedyState : TaskState<Atom> {
  bool try_claim() { return try_start(); }
};

/// Starts whatever it finds queued, cancelled or not.
struct EagerState {
  TaskState<Atom> state;
  Atom<int> started{0};
  void enqueue_fresh() { state.enqueue_fresh(); }
  bool try_start() {
    started.store(1);
    return true;
  }
  bool finish() { return state.finish(); }
  TaskState<Atom>::Resolution resolve() {
    auto resolution = state.resolve();
    if (started.load() != 0) resolution.phase = TaskPhase::running;
    return resolution;
  }
};

}  // namespace

TEST_CASE("task: one outcome, told once") {
  expect_right(ending<>, {.preemptions = 2, .delays = 1});
}
TEST_CASE("task: two outcomes, and a start after the end, are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(ending<LookingState>, "", bounds);
  expect_caught(ending<EagerState>, "", bounds);
}
TEST_CASE("task: parked, dispatched, cancelled") { expect_right(parking); }
TEST_CASE("task: ended means untouched") { expect_right(ended); }
TEST_CASE("task: sleepers are woken") { expect_right(sleeping); }
TEST_CASE("task: closed means that there is an outcome") { expect_right(looking); }
TEST_CASE("task: every order of the waiters' list is needed, but for one") {
  // add_sleeper()'s exchange publishes nothing of its own, and continues what add() has published.
  std::set<std::uint32_t> not_needed;
  const std::vector<Mutant> all = mutate_orders({}, {ending<>, sleeping, looking}, "waiter.hpp");
  CHECK(all.size() >= 10);
  for (const Mutant& mutant : all) {
    if (!mutant.caught) not_needed.insert(mutant.weakening.site.line);
  }
  CHECK(not_needed.size() == 1);
}
TEST_CASE("task: every memory order of its word is needed") {
  expect_every_order_needed({ending<>, parking, ended}, "task_state.hpp", 4, {.preemptions = 2});
}
TEST_CASE("task: of all who may run it one does") {
  expect_right(claiming<>, {.preemptions = 2, .delays = 1});
}
TEST_CASE("task: a run of what runs already is found") {
  expect_caught(claiming<GreedyState>, "", {.memory = Memory::sequential});
}
