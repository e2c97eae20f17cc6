// SPDX-License-Identifier: Apache-2.0
// The heap type `Mutex`: a lock of threads whose owner runs at the priority of who waits for it.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>

#include "cogway/base/os/fork.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "cogway/sync/pi_mutex.hpp"
#include "module/heap_type.hpp"
#include "module/lock_order.hpp"
#include "module/lock_owner.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

constexpr Nanoseconds kSignalCheck{50'000'000};  // a PI mutex is not woken by signals

struct MutexObject {
  PyObject_HEAD PiMutex mutex;
  std::atomic<const void*> owner;    ///< by who holds the mutex; read by all
  std::atomic<std::uint64_t> epoch;  ///< of the process that `mutex` works in
};
MutexObject* as_mutex(PyObject* self) noexcept { return reinterpret_cast<MutexObject*>(self); }
const void* owner_of(MutexObject* self) noexcept {
  // order: relaxed, whether it is the caller is the caller's own doing
  return self->owner.load(std::memory_order_relaxed);
}
void set_owner(MutexObject* self, const void* owner) noexcept {
  // order: relaxed, see owner_of()
  self->owner.store(owner, std::memory_order_relaxed);
}

/// In a forked child the kernel knows the owner by a number that is another's here, so the mutex is
/// made anew, held if the forking thread held it. False with an exception: the thread that holds it
/// is not in this process.
bool present(MutexObject* self) {
  if (self->epoch.load() == os::fork_epoch()) return true;
  bool ours = true;
  COGWAY_BEGIN_CRITICAL_SECTION(reinterpret_cast<PyObject*>(self))
  if (self->epoch.load() != os::fork_epoch()) {
    const void* owner = owner_of(self);
    ours = owner == nullptr || owner == this_thread_owner();
    if (ours) {
      new (&self->mutex) PiMutex();
      if (owner != nullptr) self->mutex.lock();
      self->epoch.store(os::fork_epoch());
    }
  }
  COGWAY_END_CRITICAL_SECTION()
  if (!ours) {
    PyErr_SetString(PyExc_RuntimeError,
                    "a thread held this Mutex at the fork, and is not in this process");
  }
  return ours;
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
    return PyErr_Format(PyExc_TypeError, "Mutex() takes no arguments");
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  new (&as_mutex(self)->mutex) PiMutex();
  new (&as_mutex(self)->owner) std::atomic<const void*>(nullptr);
  new (&as_mutex(self)->epoch) std::atomic<std::uint64_t>(os::fork_epoch());
  return self;
}
void deallocate(PyObject* object) {
  MutexObject* self = as_mutex(object);
  LockOrder::forget(object);
  // A mutex that is held must not be destroyed; it owns nothing beyond its memory.
  if (owner_of(self) == nullptr && self->epoch.load() == os::fork_epoch()) self->mutex.~PiMutex();
  free_heap_object(object);
}

/// 1 locked, 0 the deadline came, -1 an exception.
int lock_until(MutexObject* self, TimePoint deadline) {
  if (!present(self)) return -1;
  const void* me = this_thread_owner();
  if (owner_of(self) == me) {
    PyErr_SetString(PyExc_RuntimeError, "this thread holds the Mutex: it is not recursive");
    return -1;
  }
  bool locked = self->mutex.try_lock();
  while (!locked) {
    if (deadline != kNever && monotonic_now() >= deadline) return 0;
    {
      const Detached detached;
      const TimePoint slice = deadline_after(monotonic_now(), kSignalCheck);
      locked = self->mutex.try_lock_until(std::min(deadline, slice));
    }
    if (!locked && PyErr_CheckSignals() < 0) return -1;
  }
  set_owner(self, me);
  return 1;
}

PyObject* acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  TimePoint deadline = kNever;
  if ((count != 0 || keywords != nullptr) && !to_acquire(arguments, count, keywords, deadline)) {
    return nullptr;
  }
  return take_in_order(self, deadline != TimePoint{}, [&]() -> PyObject* {
    const int got = lock_until(as_mutex(self), deadline);
    return got < 0 ? nullptr : PyBool_FromLong(got);
  });
}
PyObject* enter(PyObject* self, PyObject*) {
  return take_in_order(self, true, [&]() -> PyObject* {
    return lock_until(as_mutex(self), kNever) < 0 ? nullptr : Py_NewRef(Py_True);
  });
}
PyObject* release(PyObject* object, PyObject*) {
  MutexObject* self = as_mutex(object);
  if (!present(self)) return nullptr;
  if (owner_of(self) != this_thread_owner()) {
    return PyErr_Format(PyExc_RuntimeError, "release of a Mutex that this thread does not hold");
  }
  set_owner(self, nullptr);
  self->mutex.unlock();
  if (LockOrder::on()) LockOrder::released(object);
  Py_RETURN_NONE;
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return release(self, nullptr); }
PyObject* locked(PyObject* self, PyObject*) {
  return PyBool_FromLong(owner_of(as_mutex(self)) != nullptr);
}
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.Mutex, %s>",
                              owner_of(as_mutex(self)) == nullptr ? "free" : "held");
}

PyMethodDef methods[] = {
    {"acquire", method(acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
     "Wait in this thread; return whether it was acquired within `timeout` seconds.\n\n"
     "RuntimeError for who holds it. The GIL is released meanwhile and Ctrl-C comes through."},
    {"release", release, METH_NOARGS,
     "release($self, /)\n--\n\nRelease it. RuntimeError for who does not hold it."},
    {"locked", locked, METH_NOARGS, "locked($self, /)\n--\n\nReturn whether it is held."},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_doc,
     const_cast<char*>(
         "Mutex()\n--\n\n"
         "A lock of threads alone, which lends its owner the priority of who waits for it.\n\n"
         "For threads of different real-time priority: a background thread that holds it cannot\n"
         "keep a foreground one waiting behind middling ones. Owned, not recursive. Tasks take a\n"
         "Lock. In a forked child it is the forking thread's, if that held it.\n\n"
         "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Mutex", sizeof(MutexObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_mutex_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->mutex_type, Export::visible);
}

}  // namespace cogway
