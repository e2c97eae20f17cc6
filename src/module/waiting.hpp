// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting for what `cogway.sync` offers, from a thread or from a task. A type says once, in a
// WaitKind, how a wait begins and ends; both ways of waiting follow from it.

#include <Python.h>

#include "cogway/base/clock.hpp"
#include "cogway/sync/wait_node.hpp"
#include "module/arguments.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// The steps of a wait for `owner`, an object of the type. All are called attached.
struct WaitKind {
  bool (*try_now)(PyObject* owner);                      ///< true: no need to wait
  bool (*start)(PyObject* owner, WaitNode<>& node);      ///< true: over; else the node waits
  bool (*resume)(PyObject* owner, WaitNode<>& node);     ///< after an outcome; false: waits again
  bool (*withdraw)(PyObject* owner, WaitNode<>& node);   ///< false: it had been granted
  void (*give_back)(PyObject* owner, WaitNode<>& node);  ///< what was granted and is not wanted
};

/// Waits in the calling thread, without the GIL, with signals let through: 1 got, 0 the deadline
/// came, -1 an exception, and then nothing was got.
[[nodiscard]] int wait_in_thread(const WaitKind& kind, PyObject* owner, TimePoint deadline);

/// What `await` takes: waits for `owner` as a task of the running loop, and gives True. Cancelling
/// it gives back what it was granted. `kind` nullptr: an await that is over, and gives None.
[[nodiscard]] PyObject* make_sync_awaiter(ModuleState& state, const WaitKind* kind,
                                          PyObject* owner);  // sync_awaiter.cpp

/// `timeout` in seconds; None, and -1 where `threading` has it, wait for ever. False with an
/// exception.
[[nodiscard]] bool to_deadline(Argument argument, PyObject* timeout, bool minus_one,
                               TimePoint& deadline);
/// The arguments of `acquire(blocking=True, timeout=-1)`, as threading.Lock takes them.
[[nodiscard]] bool to_acquire(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                              bool& blocking, TimePoint& deadline);

}  // namespace cogway
