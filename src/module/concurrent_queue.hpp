// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the files of `ConcurrentQueue` share: the object and its steps. Each is one step under the
// object's critical section, with the GIL under that; comparisons run outside of it.

#include <Python.h>

#include "cogway/python/compat.hpp"
#include "cogway/sync/handover_queue.hpp"
#include "module/queue_store.hpp"
#include "module/waiting.hpp"

namespace cogway {

/// **Threads**: all, attached. **Ownership**: a Python object's. **Progress**: as HandoverQueue.
/// **Order**: as HandoverQueue.
struct ConcurrentQueueObject {
  PyObject_HEAD ModuleState* state;
#ifndef COGWAY_MANAGED_WEAKREF
  PyObject* weak_references;
#endif
  QueueStore store;
  HandoverQueue<QueueStore> core;
};
[[nodiscard]] inline ConcurrentQueueObject* as_queue(PyObject* object) noexcept {
  return reinterpret_cast<ConcurrentQueueObject*>(object);
}

extern const WaitKind kQueuePut;  ///< of its cargo; gives None
extern const WaitKind kQueueGet;  ///< gives the item
extern const WaitKind kQueueJoin;

/// The item, or nullptr, without an exception, where there is none.
PyObject* queue_take(PyObject* self);
void queue_shut_down(PyObject* self, bool immediate);
[[nodiscard]] bool queue_finish(PyObject* self);
[[nodiscard]] std::size_t queue_size(PyObject* self);
/// What `aio` gives, or nullptr with an exception.
PyObject* make_queue_side(PyObject* queue);  // queue_side_type.cpp

}  // namespace cogway
