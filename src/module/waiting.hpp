// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting for what `cogway.sync` offers, from a thread or from a task. A type says once, in a
// WaitKind, how a wait begins and ends; both ways of waiting follow from it.

#include <Python.h>

#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/sync/wait_node.hpp"
#include "module/arguments.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// One wait: the place in the list, and what a kind is told about it beforehand in `key`, `value`
/// and `cargo`.
///
/// **Threads**, **Progress**, **Order**: as WaitNode. **Ownership**: whoever waits, of the cargo
/// too.
struct SyncWait : WaitNode<> {
  PyObject* cargo = nullptr;  ///< the kind's own: what is brought
};

/// The steps of a wait for `owner`, an object of the type. All are called attached.
struct WaitKind {
  bool (*try_now)(PyObject* owner);                   ///< true: no need to wait; nullptr: ask start
  int (*start)(PyObject* owner, SyncWait& wait);      ///< 1 over; 0 it waits; -1 an exception
  int (*resume)(PyObject* owner, SyncWait& wait);     ///< after an outcome; as start
  bool (*withdraw)(PyObject* owner, SyncWait& wait);  ///< false: it had been granted
  void (*give_back)(PyObject* owner, SyncWait& wait);  ///< what was granted and is not wanted
  /// Of a wait that is over; nullptr with an exception, and then nothing was got. None: True.
  PyObject* (*result)(PyObject* owner, SyncWait& wait) = nullptr;
};
[[nodiscard]] inline PyObject* result_of(const WaitKind& kind, PyObject* owner, SyncWait& wait) {
  return kind.result == nullptr ? Py_NewRef(Py_True) : kind.result(owner, wait);
}

/// Waits in the calling thread, without the GIL, with signals let through: 1 got, 0 the deadline
/// came, -1 an exception, and then nothing was got.
[[nodiscard]] int wait_in_thread(const WaitKind& kind, PyObject* owner, TimePoint deadline,
                                 SyncWait& wait);
[[nodiscard]] inline int wait_in_thread(const WaitKind& kind, PyObject* owner, TimePoint deadline) {
  SyncWait wait;
  return wait_in_thread(kind, owner, deadline, wait);
}

/// What an await is about, beside its object.
struct WaitFor {
  const void* key = nullptr;
  std::int64_t value = 0;
  PyObject* cargo = nullptr;  ///< borrowed
};
/// What `await` takes: waits for `owner` as a task of the running loop, and gives the kind's
/// result. Cancelling it gives back what it was granted. `kind` nullptr: an await that is over, and
/// gives None.
[[nodiscard]] PyObject* make_sync_awaiter(ModuleState& state, const WaitKind* kind, PyObject* owner,
                                          const WaitFor& about = {});  // sync_awaiter.cpp

/// `timeout` in seconds; None, and -1 where `threading` has it, wait for ever. False with an
/// exception.
[[nodiscard]] bool to_deadline(Argument argument, PyObject* timeout, bool minus_one,
                               TimePoint& deadline);
/// The arguments of `acquire(blocking=True, timeout=-1)`, as threading.Lock takes them.
[[nodiscard]] bool to_acquire(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                              TimePoint& deadline, const char* function = "acquire");
/// The arguments of `wait(timeout=None)`.
[[nodiscard]] bool to_wait(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                           TimePoint& deadline, const char* function = "wait");

}  // namespace cogway
