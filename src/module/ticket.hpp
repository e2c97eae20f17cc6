// SPDX-License-Identifier: Apache-2.0
#pragma once
// The objects behind an await: Ticket (one task), BatchTicket (one group), and the awaiter that
// each `await` makes. An awaiter is what asyncio sees; cancelling it cancels that await alone.

#include <Python.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "cogway/engine/task.hpp"
#include "cogway/engine/task_group.hpp"
#include "cogway/python/completion.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// The tasks of one c_map call and how their results are to be given. Waiters wait for `gate`,
/// which the last task ends, or cancel() at once.
///
/// **Threads**: made and submitted by one; notified by whichever ends the last task.
/// **Ownership**: shared by the ticket and, from watch() until the last task has ended, by itself.
/// **Progress**: lock-free. **Order**: the end of `gate` publishes what all tasks wrote.
struct Batch {
  TaskGroup group{true};
  TaskRef gate;
  bool return_exceptions = false;
  bool fills_slots = false;  ///< out= was given: results are the slots, so None for each

  [[nodiscard]] static std::shared_ptr<Batch> make();
  /// Everything has been submitted: seals the group and ends the gate with it.
  static void watch(const std::shared_ptr<Batch>& batch);
  /// Of its first failing task, in order; nullptr when none failed.
  [[nodiscard]] Task* first_failure() const noexcept;

 private:
  struct EndOfGroup : GroupWaiter {
    explicit EndOfGroup() noexcept : GroupWaiter(&Batch::notify) {}
    std::shared_ptr<Batch> batch;
  };
  static void notify(GroupWaiter* waiter, TaskGroup& group) noexcept;
  EndOfGroup end_;
};

enum class Outcome : std::uint8_t { pending, value, error, cancelled };

/// A Ticket or BatchTicket.
///
/// **Threads**: Python fields by attached threads, under the object's critical section on
/// free-threaded builds; `task` and `batch` are set before the object is published.
/// **Ownership**: one reference to the task, or the batch. Nodes of registered callbacks hold
/// references to the ticket until they have run.
/// **Progress**: done() is one load. **Order**: as Task.
struct TicketObject {
  PyObject_HEAD ModuleState* state;
  Task* task;                     ///< counted; of a batch its gate
  std::shared_ptr<Batch>* batch;  ///< owned; nullptr: a single task
  PyObject* value;           ///< what a Python worker or a completer left, before it ended the task
  PyObject* collected;       ///< result or exception, once asked for
  PyObject* on_cancel;       ///< called when cancel() ended the work; take_hook()
  PyObject* home_loop;       ///< weak reference to the loop that must run for this to end
  Completion* callbacks;     ///< registered and not yet delivered
  std::uint64_t fork_epoch;  ///< when it was made: only that process ends it
  std::atomic<std::uint32_t> awaiters;  ///< open awaits, waiting threads and concurrent futures
  std::atomic<Outcome> outcome;         ///< not pending: `collected` is set, and stays
  std::atomic<bool> seen;               ///< somebody was given the exception
#ifndef COGWAY_MANAGED_WEAKREF
  PyObject* weak_references;
#endif

  [[nodiscard]] bool done() const noexcept { return task->done(); }
  [[nodiscard]] bool arm(Completion& node) noexcept { return node.arm(*task); }
  [[nodiscard]] std::int64_t expected_ns() const noexcept;
};

[[nodiscard]] inline TicketObject* as_ticket(PyObject* object) noexcept {
  return reinterpret_cast<TicketObject*>(object);
}

/// A ticket for a task. nullptr with an exception; the task reference is consumed in any case.
[[nodiscard]] PyObject* make_ticket(ModuleState& state, TaskRef task);
/// A ticket for a batch that has been submitted.
[[nodiscard]] PyObject* make_batch_ticket(ModuleState& state, std::shared_ptr<Batch> batch);
/// Tells the collector of a ticket that now refers to arbitrary objects.
void track_ticket(TicketObject* ticket) noexcept;
[[nodiscard]] bool is_ticket(const ModuleState& state, PyObject* object) noexcept;

/// The result of a ticket that is done, as a new reference, or nullptr with its exception raised.
/// Marks the exception as seen. Cancelled tickets raise the CancelledError that suits the caller.
[[nodiscard]] PyObject* ticket_outcome(TicketObject* ticket);
/// Makes sure that `collected` and `outcome` are set; the ticket is done. -1 with an exception when
/// that itself failed.
int collect_outcome(TicketObject* ticket);
/// What is to be called when the work is cancelled; nobody else gets it, and the ticket forgets it.
[[nodiscard]] PyRef take_hook(TicketObject* ticket);
/// Cancels the work. True when this ended it.
bool cancel_ticket(TicketObject* ticket);
/// Raises the CancelledError of asyncio when a loop runs in this thread, else concurrent.futures'.
void raise_cancelled(ModuleState& state, PyObject* message);

// Methods, by file.
PyObject* ticket_result(PyObject* ticket, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords);  // ticket_wait.cpp
PyObject* ticket_exception(PyObject* ticket, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords);  // ticket_wait.cpp
PyObject* ticket_add_done_callback(PyObject* ticket, PyObject* const* arguments, Py_ssize_t count,
                                   PyObject* keywords);  // ticket_callbacks.cpp
PyObject* ticket_remove_done_callback(PyObject* ticket,
                                      PyObject* function);  // ticket_callbacks.cpp

/// What `await ticket` iterates.
[[nodiscard]] PyObject* make_awaiter(TicketObject* ticket);

}  // namespace cogway
