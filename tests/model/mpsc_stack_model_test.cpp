// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/collect_spec.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/mpsc_stack.hpp"
#include "history.hpp"
#include "mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::CollectAct;
using cogway::testing::CollectCall;
using cogway::testing::collected;
using cogway::testing::CollectSpec;

namespace {

struct Node : MpscStackNode<Atom> {
  Value payload;
  int pusher = 0;
  int id = 0;
};
using Stack = MpscStack<Node, Atom>;

/// Two pushers, one taker who is woken by whoever pushes into an empty stack, as an event loop is.
void mailbox(Execution& run) {
  struct Shared {
    Stack stack;
    Node nodes[3];
    Atom<std::uint32_t> wakes{0};
  };
  auto shared = std::make_shared<Shared>();
  const auto push = [=](int node, int pusher) {
    shared->nodes[node].payload = Value(node);
    shared->nodes[node].pusher = pusher;
    if (shared->stack.push(&shared->nodes[node])) {
      shared->wakes.fetch_add(1);
      Parking<Atom>::unpark(shared->wakes, 1);
    }
  };
  run.thread("p1", [=] {
    push(0, 1);
    push(1, 1);
  });
  run.thread("p2", [=] { push(2, 2); });
  run.thread("taker", [=] {
    std::uint32_t handled = 0;
    int last_of_p1 = -1;
    for (int taken = 0; taken < 3;) {
      while (shared->wakes.load() == handled) Parking<Atom>::park(shared->wakes, handled, kNever);
      ++handled;
      for (Node* node = shared->stack.take_all(); node != nullptr; node = Stack::next_of(node)) {
        ++taken;
        if (node->pusher == 1) {
          check(node->payload.id() > last_of_p1, "one pusher's nodes out of order");
          last_of_p1 = node->payload.id();
        }
        node->payload = Value(9);
      }
    }
  });
}

/// Waiters of a task: who comes before close() is in its list, who comes after sees what it
/// published.
void closing(Execution& run) {
  struct Shared {
    Stack stack;
    Node nodes[2];
    Value result;
    Atom<int> answered{0};
  };
  auto shared = std::make_shared<Shared>();
  for (int i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "w1" : "w2", [=] {
      shared->nodes[i].payload = Value(i);
      if (shared->stack.try_push(&shared->nodes[i]) == StackPush::closed) {
        check(shared->result.id() == 7, "refused before there was a result");
        shared->answered.fetch_add(1);
      }
    });
  }
  run.thread("task", [=] {
    shared->result = Value(7);
    for (Node* node = shared->stack.close(); node != nullptr; node = Stack::next_of(node)) {
      check(node->payload.id() < 2, "wrong node");
      shared->answered.fetch_add(1);
    }
  });
  run.finally([=] {
    check(shared->answered.load() == 2, "a waiter without an answer");
    check(shared->stack.close() == nullptr && shared->stack.empty(), "not closed");
  });
}

/// Interpreters drain their mailbox from any thread, and close it once: each item is released by
/// one of them or refused, and a closed mailbox stays closed.
template <typename Stack>
void draining(Execution& run) {
  struct Shared {
    Stack stack;
    Node nodes[2];
    Atom<int> handled{0};
    void handle(Node* node) {
      for (; node != nullptr; node = Stack::next_of(node)) {
        node->payload = Value(9);
        handled.fetch_add(1);
      }
    }
  };
  auto shared = std::make_shared<Shared>();
  for (int i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "p1" : "p2", [=] {
      shared->nodes[i].payload = Value(i);
      if (shared->stack.try_push(&shared->nodes[i]) == StackPush::closed) {
        shared->handled.fetch_add(1);
      }
    });
  }
  run.thread("drainer", [=] { shared->handle(shared->stack.take_all()); });
  run.thread("closer", [=] {
    shared->handle(shared->stack.take_all());
    shared->handle(shared->stack.close());
  });
  run.finally([=] {
    check(shared->stack.closed(), "open again");
    check(shared->handled.load() == 2, "neither released nor refused");
  });
}

/// closed() and empty() tell of what came before them.
void looking(Execution& run) {
  struct Shared {
    Stack stack;
    Node node;
    Value result;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("pusher", [=] {
    shared->node.payload = Value(1);
    (void)shared->stack.try_push(&shared->node);
  });
  run.thread("looker", [=] {
    if (!shared->stack.empty()) check(shared->node.payload.id() == 1, "node without its payload");
  });
}
void looking_at_close(Execution& run) {
  struct Shared {
    Stack stack;
    Value result;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("closer", [=] {
    shared->result = Value(7);
    (void)shared->stack.close();
  });
  run.thread("looker", [=] {
    if (shared->stack.closed()) check(shared->result.id() == 7, "closed without its result");
  });
}

/// Pushes, one taker, and one that closes: what each was told can be ordered.
template <typename Stack>
void history(Execution& run) {
  struct Shared {
    Stack stack;
    Node nodes[3];
    ModelHistory<CollectSpec> calls{4};
    void push(std::size_t thread, int i) {
      calls.record(thread, [&] {
        nodes[i].id = i;
        const StackPush told = stack.try_push(&nodes[i]);
        return CollectCall{CollectAct::push, i, told != StackPush::closed,
                           told == StackPush::first};
      });
    }
    void collect(std::size_t thread, CollectAct act) {
      calls.record(thread, [&] {
        return collected<Stack>(act, act == CollectAct::close ? stack.close() : stack.take_all());
      });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("p1", [=] {
    shared->push(0, 0);
    shared->push(0, 1);
  });
  run.thread("p2", [=] { shared->push(1, 2); });
  run.thread("taker", [=] {
    shared->collect(2, CollectAct::take_all);
    shared->collect(2, CollectAct::take_all);
  });
  run.thread("closer", [=] { shared->collect(3, CollectAct::close); });
  run.finally([=] {
    shared->collect(2, CollectAct::take_all);
    shared->calls.expect_linearizable({});
  });
}

}  // namespace

TEST_CASE("mpsc stack: linearizable, with who came first and who was refused") {
  expect_right(history<Stack>, {.delays = 0, .troubles = 0});
  expect_caught(history<mutants::ReopeningStack<Node, Atom>>, "no order of these calls");
}

TEST_CASE("mpsc stack: a wake-up per burst is enough, order per pusher is kept") {
  expect_right(mailbox, {.preemptions = 1, .delays = 1, .troubles = 0});
}

TEST_CASE("mpsc stack: every waiter is answered once") {
  expect_right(closing, {.delays = 1});
  expect_right(looking);
  expect_right(looking_at_close);
}

TEST_CASE("mpsc stack: released once or refused, by whoever drains") {
  expect_right(draining<Stack>, {.delays = 1, .troubles = 0});
}

TEST_CASE("mpsc stack: taking by a plain exchange opens it again") {
  expect_caught(draining<mutants::ReopeningStack<Node, Atom>>, "open again");
}

TEST_CASE("mpsc stack: every memory order is needed") {
  expect_every_order_needed({mailbox, closing, looking, looking_at_close}, "mpsc_stack.hpp", 5);
}
