// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/collect_spec.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/polled_stack.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::CollectAct;
using cogway::testing::CollectCall;
using cogway::testing::collected;
using cogway::testing::CollectSpec;

namespace {

struct Node : MpscStackNode<Atom> {
  Value payload;
  int id = 0;
};

/// A loop that polls for a while, then sleeps until it is rung for; `Stack` is what it reads.
template <template <typename, template <typename> class> class Stack>
struct Loop {
  Stack<Node, Atom> stack;
  Node nodes[2];
  Atom<std::uint32_t> rung{0};
  Atom<int> alive{1};  ///< the reader's hold on the loop, and one of each pusher that will ring

  void push(int i) {
    nodes[i].payload = Value(i + 1);
    bool held = false;
    const PolledPush result = stack.push(&nodes[i], [&] {
      alive.fetch_add(1);
      held = true;
    });
    if (result == PolledPush::ring) {
      check(held, "a ring without a hold");
      rung.fetch_add(1);
      Parking<Atom>::unpark(rung, 1);
    }
    if (held) alive.fetch_sub(1);
  }
  int handle(Node* node) {
    int count = 0;
    for (; node != nullptr; node = Stack<Node, Atom>::next_of(node)) {
      check(node->payload.id() > 0, "not published");
      ++count;
    }
    return count;
  }
};

template <template <typename, template <typename> class> class Stack>
void polling(Execution& run) {
  auto loop = std::make_shared<Loop<Stack>>();
  run.thread("p1", [=] { loop->push(0); });
  run.thread("p2", [=] { loop->push(1); });
  run.thread("reader", [=] {
    int taken = 0;
    std::uint32_t seen = 0;
    for (bool first = true; taken < 2; first = false) {
      if (first) {
        loop->stack.begin_polling();
        check(loop->stack.polling(), "does not poll");
        taken += loop->handle(loop->stack.take_all());
        if (!loop->stack.end_polling()) taken += loop->handle(loop->stack.take_all());
        continue;
      }
      while (loop->rung.load() == seen) Parking<Atom>::park(loop->rung, seen, kNever);
      ++seen;
      taken += loop->handle(loop->stack.take_all());
    }
  });
}

/// The reader goes: every node is taken once, or refused.
void closing(Execution& run) {
  struct Shared : Loop<PolledStack> {
    Atom<int> handled{0};
  };
  auto loop = std::make_shared<Shared>();
  for (int i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "p1" : "p2", [=] {
      loop->nodes[i].payload = Value(i + 1);
      if (loop->stack.push(&loop->nodes[i], [] {}) == PolledPush::closed)
        loop->handled.fetch_add(1);
    });
  }
  run.thread("reader", [=] {
    loop->handled.fetch_add(loop->handle(loop->stack.take_all()));
    loop->handled.fetch_add(loop->handle(loop->stack.close()));
    check(loop->stack.closed(), "not closed");
  });
  run.finally([=] { check(loop->handled.load() == 2, "lost"); });
}

/// Polling changes who is rung for, never what is taken: the calls can be ordered.
template <template <typename, template <typename> class> class Base>
void history(Execution& run) {
  using Stack = Base<Node, Atom>;
  struct Shared {
    Stack stack;
    Node nodes[2];
    ModelHistory<CollectSpec> calls{3};
    void collect(CollectAct act) {
      calls.record(2, [&] {
        return collected<Stack>(act, act == CollectAct::close ? stack.close() : stack.take_all());
      });
    }
  };
  auto shared = std::make_shared<Shared>();
  for (int i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "p1" : "p2", [=] {
      shared->calls.record(static_cast<std::size_t>(i), [&] {
        shared->nodes[i].id = i;
        const PolledPush told = shared->stack.push(&shared->nodes[i], [] {});
        return CollectCall{CollectAct::push, i, told != PolledPush::closed};
      });
    });
  }
  run.thread("reader", [=] {
    shared->stack.begin_polling();
    shared->collect(CollectAct::take_all);
    (void)shared->stack.end_polling();
    shared->collect(CollectAct::take_all);
    shared->collect(CollectAct::close);
  });
  run.finally([=] { shared->calls.expect_linearizable({}); });
}

}  // namespace

TEST_CASE("polled stack: linearizable, whether the reader polls or not") {
  expect_right(history<PolledStack>, {.delays = 0, .troubles = 0});
  expect_caught(history<mutants::LeakyPolledStack>, "no order of these calls");
}

TEST_CASE("polled stack: no push is missed when polling ends") {
  expect_right(polling<PolledStack>, {.preemptions = 2, .delays = 1, .troubles = 0});
}

TEST_CASE("polled stack: taken once or refused when it closes") {
  expect_right(closing, {.delays = 1});
}

TEST_CASE("polled stack: a pusher that only looks whether the reader polls is missed") {
  expect_caught(polling<mutants::LookingPolledStack>, "");
}

TEST_CASE("polled stack: every memory order is needed") {
  expect_every_order_needed({polling<PolledStack>, closing}, "polled_stack.hpp", 2);
}
