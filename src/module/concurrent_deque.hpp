// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the files of `ConcurrentDeque` share: the object and its steps, each under the object's
// critical section, with the GIL under that.

#include <Python.h>

#include <cstddef>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/item_ring.hpp"

namespace cogway {

/// **Threads**: all, attached. **Ownership**: a Python object's. **Progress**: as ItemRing.
/// **Order**: the section's.
struct ConcurrentDequeObject {
  PyObject_HEAD ItemRing ring;
  std::size_t most;  ///< SIZE_MAX: no limit
#ifndef COGWAY_MANAGED_WEAKREF
  PyObject* weak_references;
#endif
};
[[nodiscard]] inline ConcurrentDequeObject* as_deque(PyObject* object) noexcept {
  return reinterpret_cast<ConcurrentDequeObject*>(object);
}

enum class DequeEnd : bool { left, right };

/// Adds an item at an end; with a limit the other end drops one. False with an exception.
[[nodiscard]] bool deque_add(PyObject* self, PyObject* item, DequeEnd end);
/// Takes an item from an end; nullptr, without an exception, when there is none.
[[nodiscard]] PyObject* deque_take(PyObject* self, DequeEnd end);
/// The item there, counted from the end when negative; nullptr without an exception.
[[nodiscard]] PyObject* deque_at(PyObject* self, Py_ssize_t i);
[[nodiscard]] std::size_t deque_size(PyObject* self);
/// What is in it at one moment, as a list.
[[nodiscard]] PyRef deque_snapshot(PyObject* self);
void deque_rotate(PyObject* self, Py_ssize_t steps);
void deque_clear(PyObject* self);
/// Takes out the first item that equals: 1 done, 0 there is none, -1 an exception. No lock is held
/// while items are compared.
[[nodiscard]] int deque_remove(PyObject* self, PyObject* item);

}  // namespace cogway
