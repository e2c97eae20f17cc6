// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/pusher_order_spec.hpp"
#include "checker/expect.hpp"
#include "cogway/engine/lane.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::LifoSpec;
using cogway::testing::PusherOrderSpec;
using cogway::testing::QueueCall;
using cogway::testing::TransferCall;

namespace {

struct Node {
  Atom<Node*> link{nullptr};
  Value payload;
  int pusher = 0;
};
struct Link {
  static Atom<Node*>& of(Node& node) noexcept { return node.link; }
};
using TestLane = Lane<Node, Link, Atom>;

struct Shared {
  explicit Shared(QueueOrder order) : lane(order, 2) {}
  TestLane lane;  // a ring of 2: the list is used at once
  Node nodes[4];
  Atom<int> taken{0};

  void push(int i, int pusher) {
    nodes[i].payload = Value(i + 1);
    nodes[i].pusher = pusher;
    lane.push(&nodes[i]);
  }
  /// Takes what it finds; *last: the newest of pusher 1 seen, whose order must hold for one taker.
  void take(int* last) {
    Node* found[2];
    const std::size_t count = lane.try_take(found, 2);
    for (std::size_t i = 0; i < count; ++i) {
      const int id = static_cast<int>(found[i]->payload.id());
      if (found[i]->pusher == 1 && last != nullptr) {
        check(id > *last, "one pusher's nodes out of order");
        *last = id;
      }
      found[i]->payload = Value(9);
      taken.fetch_add(1);
    }
  }
};

/// Two pushers fill ring and list while one takes; the rest comes out at the end.
void fifo(Execution& run) {
  auto shared = std::make_shared<Shared>(QueueOrder::fifo);
  run.thread("p1", [=] {
    shared->push(0, 1);
    shared->push(1, 1);
    shared->push(2, 1);
  });
  run.thread("p2", [=] { shared->push(3, 2); });
  auto last = std::make_shared<int>(0);
  run.thread("taker", [=] {
    shared->take(last.get());
    shared->take(last.get());
  });
  run.finally([=] {
    for (int i = 0; i < 4; ++i) shared->take(last.get());
    check(shared->taken.load() == 4, "lost or taken twice");
    check(shared->lane.empty() && shared->lane.size() == 0, "not empty");
  });
}

/// Two takers fight for what is in the list.
void takers(Execution& run) {
  auto shared = std::make_shared<Shared>(QueueOrder::fifo);
  for (int i = 0; i < 3; ++i) shared->push(i, 1);
  run.thread("t1", [=] { shared->take(nullptr); });
  run.thread("t2", [=] { shared->take(nullptr); });
  run.thread("pusher", [=] { shared->push(3, 2); });
  run.finally([=] {
    for (int i = 0; i < 4; ++i) shared->take(nullptr);
    check(shared->taken.load() == 4, "lost or taken twice");
  });
}

void lifo(Execution& run) {
  auto shared = std::make_shared<Shared>(QueueOrder::lifo);
  shared->push(0, 1);
  run.thread("p1", [=] { shared->push(1, 1); });
  run.thread("p2", [=] { shared->push(2, 2); });
  run.thread("t1", [=] { shared->take(nullptr); });
  run.thread("t2", [=] { shared->take(nullptr); });
  run.finally([=] {
    for (int i = 0; i < 3; ++i) shared->take(nullptr);
    check(shared->taken.load() == 3, "lost or taken twice");
  });
}

struct FifoLane : TestLane {
  FifoLane() : TestLane(QueueOrder::fifo, 2) {}
};
struct LifoLane : TestLane {
  LifoLane() : TestLane(QueueOrder::lifo) {}
};

/// Ring and list are filled and emptied by two pushers and two takers.
template <typename AnyLane>
void fifo_history(Execution& run) {
  struct Recorded {
    AnyLane lane;
    Node nodes[4];
    ModelHistory<PusherOrderSpec> calls{4};
    void push(std::size_t thread, int i) {
      calls.record(thread, [&] {
        nodes[i].pusher = static_cast<int>(thread);
        lane.push(&nodes[i]);
        return TransferCall{Act::push, {{static_cast<int>(thread), i}}};
      });
    }
    void take(std::size_t thread) {
      calls.record(thread, [&] {
        Node* found[2];
        const std::size_t count = lane.try_take(found, 2);
        TransferCall call{Act::pop, {}};
        for (std::size_t i = 0; i < count; ++i) {
          call.values.emplace_back(found[i]->pusher, static_cast<int>(found[i] - nodes));
        }
        return call;
      });
    }
  };
  auto shared = std::make_shared<Recorded>();
  run.thread("p1", [=] {
    for (int i = 0; i < 3; ++i) shared->push(0, i);
  });
  run.thread("p2", [=] { shared->push(1, 3); });
  for (std::size_t thread = 2; thread < 4; ++thread) {
    run.thread(thread == 2 ? "t1" : "t2", [=] {
      shared->take(thread);
      shared->take(thread);
    });
  }
  run.finally([=] {
    for (int i = 0; i < 5; ++i) shared->take(3);
    shared->calls.expect_linearizable({}, testing::allow_takes_to_miss);
  });
}

/// A stack, taken from by two; one node is pushed again.
template <typename AnyLane>
void lifo_history(Execution& run) {
  struct Recorded {
    AnyLane lane;
    Node nodes[3];
    ModelHistory<LifoSpec> calls{2};
    void push(std::size_t thread, Node* node) {
      calls.record(thread, [&] {
        lane.push(node);
        return QueueCall{Act::push, static_cast<int>(node - nodes)};
      });
    }
    Node* take(std::size_t thread) {
      Node* node = nullptr;
      calls.record(thread, [&] {
        const bool found = lane.try_take(&node, 1) == 1;
        return QueueCall{Act::pop,
                         found ? std::optional(static_cast<int>(node - nodes)) : std::nullopt};
      });
      return node;
    }
  };
  auto shared = std::make_shared<Recorded>();
  for (Node& node : shared->nodes) shared->push(0, &node);
  run.thread("juggler", [=] {
    Node* const first = shared->take(0);
    (void)shared->take(0);
    if (first != nullptr) shared->push(0, first);
  });
  run.thread("taker", [=] {
    (void)shared->take(1);
    (void)shared->take(1);
  });
  run.finally([=] {
    for (int i = 0; i < 2; ++i) (void)shared->take(0);
    shared->calls.expect_linearizable({8}, testing::allow_misses_beside_others);
  });
}

}  // namespace

TEST_CASE("lane: in order for each pusher, in every history") {
  expect_right(fifo_history<FifoLane>,
               {.executions = 20'000, .preemptions = 2, .delays = 0, .troubles = 0}, false);
  expect_caught(fifo_history<mutants::OvertakingLane<Node, Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}
TEST_CASE("lane: as a stack, in every history") {
  expect_right(lifo_history<LifoLane>, {.delays = 0, .troubles = 0});
  expect_caught(lifo_history<mutants::UnclaimedStackLane<Node, Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}

TEST_CASE("lane: nothing is lost between ring and list, one pusher's order holds") {
  expect_right(fifo, {.preemptions = 2, .delays = 0, .troubles = 0});
}
TEST_CASE("lane: two takers") {
  expect_right(takers, {.preemptions = 2, .delays = 0, .troubles = 0});
}
TEST_CASE("lane: last in, first out") {
  expect_right(lifo, {.preemptions = 1, .delays = 1, .troubles = 0});
}
