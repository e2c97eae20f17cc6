// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "handover_mutants.hpp"
#include "task_waiter.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using enum QueueFault;

template <QueueFault kFault = none>
using Queue = DrivenQueue<Atom, kFault>;

/// Two items through a queue of one: in order, and nothing left.
template <QueueFault kFault = none>
void in_order(Execution& run) {
  auto queue = std::make_shared<Queue<kFault>>(1);
  run.thread("putter", [=] {
    check(queue->put(1), "it is open");
    check(queue->put(2), "it is open");
  });
  run.thread("getter", [=] {
    check(queue->get() == 1, "not the first item");
    check(queue->get() == 2, "not the second item");
  });
  run.finally([=] { check(queue->size() == 0, "an item is left"); });
}

void two_of_each(Execution& run) {
  auto queue = std::make_shared<Queue<>>(1);
  auto sum = std::make_shared<Atom<int>>(0);
  for (const int item : {1, 2}) {
    run.thread(item == 1 ? "p1" : "p2", [=] { check(queue->put(item), "it is open"); });
    run.thread(item == 1 ? "g1" : "g2", [=] { sum->fetch_add(static_cast<int>(queue->get())); });
  }
  run.finally([=] { check(sum->load() == 3, "an item was lost or came twice"); });
}

/// A task that waits for an item gives up, at any moment; a thread gets it.
template <QueueFault kFault = none>
void getter_gives_up(Execution& run) {
  auto queue = std::make_shared<Queue<kFault>>(0);
  run.thread("task", [=] {
    TaskWaiter task;
    std::int64_t item = 0;
    const QueueStep step = queue->start_get(&task.node, item);
    if (step == QueueStep::waits) {
      if (queue->withdraw_get(task.node)) return;
      task.await();
      item = task.node.value;
    }
    queue->give_back_item(item);
  });
  run.thread("putter", [=] { (void)queue->put(7); });
  run.thread("getter", [=] { check(queue->get() == 7, "another item"); });
}

/// A thread that waits for room gives up, at any moment; another gets the room.
template <QueueFault kFault = none>
void putter_gives_up(Execution& run) {
  auto queue = std::make_shared<Queue<kFault>>(1);
  (void)queue->put(1);
  run.thread("hasty", [=] {
    WaitNode<Atom> node;
    if (queue->start_put(&node, PutTurn::fresh, 2) != QueueStep::waits) return;
    (void)queue->withdraw_put(node);
  });
  run.thread("patient", [=] { check(queue->put(3), "it is open"); });
  run.thread("getter", [=] {
    (void)queue->get();
    (void)queue->get();
  });
}

/// The same for a task, which is given the room.
template <QueueFault kFault = none>
void task_gives_up(Execution& run) {
  auto queue = std::make_shared<Queue<kFault>>(1);
  (void)queue->put(1);
  run.thread("task", [=] {
    TaskWaiter task;
    if (queue->start_put(&task.node, PutTurn::fresh, 2) != QueueStep::waits) return;
    if (queue->withdraw_put(task.node)) return;
    task.await();
    check(task.node.outcome() == WaitOutcome::granted, "a task was woken to compete");
    queue->give_back_room();
  });
  run.thread("patient", [=] { check(queue->put(3), "it is open"); });
  run.thread("getter", [=] {
    (void)queue->get();
    (void)queue->get();
  });
}

/// A task puts where room was given to it, though a thread wants it too.
void task_puts(Execution& run) {
  auto queue = std::make_shared<Queue<>>(1);
  (void)queue->put(1);
  run.thread("task", [=] {
    TaskWaiter task;
    if (queue->start_put(&task.node, PutTurn::fresh, 2) != QueueStep::waits) return;
    task.await();
    check(queue->start_put(&task.node, PutTurn::given, 2) == QueueStep::done, "no room");
  });
  run.thread("thread", [=] { check(queue->put(3), "it is open"); });
  run.thread("getter", [=] {
    for (int i = 0; i < 3; ++i) check(queue->get() > 0, "it is open");
  });
}

/// Whoever waits at the close is told; what is in it can be had.
void closing(Execution& run) {
  auto queue = std::make_shared<Queue<>>(1);
  run.thread("putter", [=] {
    if (queue->put(1)) (void)queue->put(2);
  });
  run.thread("getter", [=] {
    for (std::int64_t last = 0, item = 0; (item = queue->get()) != -1; last = item) {
      check(item == last + 1, "an item was lost");
    }
  });
  run.thread("closer", [=] { queue->close(); });
  run.finally([=] { check(queue->size() == 0, "an item is left"); });
}

void joining(Execution& run) {
  auto queue = std::make_shared<Queue<>>(0);
  auto done = std::make_shared<Value>(0);
  (void)queue->put(1);
  run.thread("worker", [=] {
    (void)queue->get();
    *done = Value(5);
    check(queue->finish(), "one item was put");
  });
  run.thread("joiner", [=] {
    queue->join();
    check(done->id() == 5, "joined before it was done");
  });
}

}  // namespace

TEST_CASE("handover queue: items come in order, once") {
  expect_right(in_order<>, {.preemptions = 2, .delays = 1});
  expect_right(two_of_each, {.preemptions = 1, .delays = 0}, false);
}

TEST_CASE("handover queue: giving up loses no item and no room") {
  expect_right(getter_gives_up<>, {.preemptions = 2, .delays = 0});
  expect_right(putter_gives_up<>, {.preemptions = 1, .delays = 0}, false);
  expect_right(task_gives_up<>, {.preemptions = 1, .delays = 0}, false);
  expect_right(task_puts, {.preemptions = 1, .delays = 0}, false);
}

TEST_CASE("handover queue: closing and joining wake whoever waits") {
  expect_right(closing, {.preemptions = 1, .delays = 0}, false);
  expect_right(joining, {.preemptions = 2, .delays = 1});
}

TEST_CASE("handover queue: a step left out is found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(putter_gives_up<silent_withdrawal>, "deadlock", bounds);
  expect_caught(getter_gives_up<dropped_item>, "deadlock", bounds);
  expect_caught(task_gives_up<kept_room>, "deadlock", bounds);
  expect_caught(in_order<two_sections>, "deadlock", bounds);
}
