// SPDX-License-Identifier: Apache-2.0
#pragma once
// One callback that waits for a task, from the moment it is registered until it has run
// on the thread that it belongs to. The node belongs to that waiter, never to the task or ticket,
// so any number of loops may wait for one ticket, and a loop may go away while nodes are under way.

#include <Python.h>

#include <cstdint>

#include "cogway/engine/task.hpp"
#include "cogway/engine/waiter.hpp"
#include "cogway/python/release_mailbox.hpp"

namespace cogway {

class CompletionQueue;

/// **Threads**: `arm` and the Python fields by attached threads only; the notify functions run on
/// the completing thread and touch nothing but `queue` and the stack's link.
/// **Ownership**: allocated by the registering side; after `arm` succeeded it belongs to the queue
/// until taken. Holds one reference on the queue. Python references are dropped attached, or by the
/// mailbox.
/// **Progress**: notification is lock-free and never waits for the GIL.
/// **Order**: what the task wrote is visible to whoever takes the node from the queue.
struct Completion : Waiter, MailboxItem {
  Completion() noexcept
      : Waiter(&Completion::notify_task), MailboxItem(&Completion::release_from_mailbox) {}

  Completion* next_ready = nullptr;  ///< the one after it in what the queue's reader took
  CompletionQueue* queue = nullptr;

  // Attached threads only.
  PyObject* subject = nullptr;   ///< the ticket or awaiter that the callback is given
  PyObject* callback = nullptr;  ///< nullptr: withdrawn, nothing to call
  PyObject* context = nullptr;   ///< contextvars.Context to call it in
  PyObject* owner = nullptr;     ///< whose list it is in (borrowed); nullptr: in none
  Completion** head = nullptr;   ///< the head of that list, a field of `owner`
  Completion* previous = nullptr;
  Completion* next = nullptr;
  std::int64_t expected_ns = 0;  ///< learned duration of the work, for the polling budget

  /// A node for `queue`, which is retained. nullptr when memory is short.
  [[nodiscard]] static Completion* create(CompletionQueue* queue) noexcept;
  /// Puts the node into a list of `list_owner`, whose critical section guards it, or takes it out.
  /// The subject keeps the owner alive, so a node is unlinked before it drops its references.
  void link(PyObject* list_owner, Completion** list_head) noexcept;
  void unlink() noexcept;
  /// Drops the Python references (attached).
  void drop_references() noexcept;
  /// Frees the node and its reference on the queue. Python references must have been dropped.
  void destroy() noexcept;

  [[nodiscard]] bool arm(Task& task) noexcept { return task.add_waiter(this); }

 private:
  static void notify_task(Waiter* waiter, Task& task) noexcept;
  static void release_from_mailbox(MailboxItem* item) noexcept;
};

}  // namespace cogway
