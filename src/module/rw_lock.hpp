// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the files of `RWLock` share: the object, its three kinds of wait, and giving back.

#include <Python.h>

#include <atomic>
#include <cstdint>

#include "cogway/sync/rw_lock.hpp"
#include "module/waiting.hpp"

namespace cogway {

/// **Threads**: all, attached. **Ownership**: a Python object's. **Progress**: as RwLock.
/// **Order**: as RwLock.
struct RwLockObject {
  PyObject_HEAD RwLock<> lock;
  std::atomic<bool> for_tasks;   ///< a task has asked for it: an owner may be one
  std::atomic<PyObject*> spare;  ///< memory of a side that is gone, for the next; may be nullptr
};
[[nodiscard]] inline RwLockObject* as_rw_lock(PyObject* object) noexcept {
  return reinterpret_cast<RwLockObject*>(object);
}
[[nodiscard]] inline RwLock<>& rw_lock_of(PyObject* object) noexcept {
  return as_rw_lock(object)->lock;
}

// `key` of the wait is the owner.
extern const WaitKind kRwRead;
extern const WaitKind kRwWrite;
extern const WaitKind kRwUpgrade;

/// True for `done`; else false with the RuntimeError for misuse.
bool rw_done(RwResult result);
/// Waits as this thread: a new True or False, or nullptr with an exception.
PyObject* rw_acquire(const WaitKind& kind, PyObject* self, TimePoint deadline);
/// What a task awaits; it owns what it gets.
PyObject* rw_acquire_async(const WaitKind& kind, PyObject* self, ModuleState& state);
using RwUnlock = RwResult (RwLock<>::*)(const void*) noexcept;
/// Gives back what the task that runs here owns, or else the thread: the first of the two ways of
/// holding that it has, the second of which may be nullptr. None, or nullptr with an exception.
PyObject* rw_release(PyObject* self, ModuleState& state, RwUnlock first, RwUnlock second = nullptr);

enum class RwSide : std::uint8_t { read, write };
/// The context manager of one side.
PyObject* make_rw_side(ModuleState& state, PyObject* lock, RwSide side);  // rw_side_type.cpp
/// At the end of a lock.
void free_spare_side(RwLockObject* lock) noexcept;

}  // namespace cogway
