// SPDX-License-Identifier: Apache-2.0
#pragma once
// A task of an event loop as the waiting types see one: told through a function, on its own node.

#include "checker/expect.hpp"
#include "cogway/sync/wait_node.hpp"

namespace cogway::model {

struct TaskWaiter {
  TaskWaiter() {
    node.notify = [](WaitNode<Atom>* told_node) noexcept {
      auto* task = reinterpret_cast<TaskWaiter*>(told_node);  // the node is the first member
      // The waiter may be gone after the store, as a task may be after its completion is pushed.
      const auto address = Parking<Atom>::address_of(task->told);
      task->told.store(1);
      Parking<Atom>::unpark_at(address, 1);
    };
  }
  /// The loop runs until the task is told; the node says what came of it.
  void await() {
    while (told.load() == 0) Parking<Atom>::park(told, 0, kNever);
    check(node.outcome() != WaitOutcome::waiting, "told before there was an outcome");
    told.store(0);
  }

  WaitNode<Atom> node;
  Atom<std::uint32_t> told{0};
};

}  // namespace cogway::model
