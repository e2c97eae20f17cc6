// SPDX-License-Identifier: Apache-2.0
// The heap type `IntervalLock`: a lock that its holder lends to whoever waits, at intervals.

#include <new>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "cogway/sync/semaphore.hpp"
#include "module/heap_type.hpp"
#include "module/lock_order.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct IntervalLockObject {
  PyObject_HEAD Semaphore<> semaphore;
  Nanoseconds interval;
  TimePoint since;  ///< when the holder got it; by the holder
};
IntervalLockObject* as_lock(PyObject* self) noexcept {
  return reinterpret_cast<IntervalLockObject*>(self);
}
Semaphore<>& semaphore_of(PyObject* self) noexcept { return as_lock(self)->semaphore; }
ModuleState& state_of(PyObject* self) noexcept { return state_of_type(Py_TYPE(self)); }

int resume(PyObject* self, SyncWait& wait) { return semaphore_of(self).resume(wait); }
bool withdraw(PyObject* self, SyncWait& wait) { return semaphore_of(self).withdraw(wait); }
void give_back(PyObject* self, SyncWait&) { (void)semaphore_of(self).release(); }
PyObject* begin(PyObject* self, SyncWait&) {
  as_lock(self)->since = monotonic_now();
  return Py_NewRef(Py_True);
}

constexpr WaitKind kHeld = {
    nullptr,   [](PyObject* self, SyncWait& wait) -> int { return semaphore_of(self).start(wait); },
    resume,    withdraw,
    give_back, begin,
};
/// Starts by giving the lock away, to who has waited longest; over at once when nobody waits.
constexpr WaitKind kCeded = {
    nullptr,   [](PyObject* self, SyncWait& wait) -> int { return !semaphore_of(self).cede(wait); },
    resume,    withdraw,
    give_back, begin,
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"interval", nullptr};
  PyObject* given = nullptr;
  double seconds = 0.005;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:IntervalLock",
                                   const_cast<char**>(kNames), &given) ||
      !to_seconds({"IntervalLock", "interval"}, given, seconds)) {
    return nullptr;
  }
  if (seconds < 0 || seconds > 1e9) {
    return PyErr_Format(PyExc_ValueError, "IntervalLock(): interval must be from 0 to 1e9 seconds");
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  new (&semaphore_of(self)) Semaphore<>(1, 1);
  as_lock(self)->interval = Nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  as_lock(self)->since = TimePoint{};
  return self;
}
void deallocate(PyObject* self) {
  LockOrder::forget(self);
  semaphore_of(self).~Semaphore<>();
  free_heap_object(self);
}

bool check_held(PyObject* self) {
  if (semaphore_of(self).permits() == 0) return true;
  PyErr_SetString(PyExc_RuntimeError, "the IntervalLock is not held");
  return false;
}
bool due(PyObject* self) {
  return monotonic_now() - as_lock(self)->since >= as_lock(self)->interval;
}

PyObject* acquire_until(PyObject* self, TimePoint deadline) {
  return take_in_order(self, deadline != TimePoint{}, [&]() -> PyObject* {
    SyncWait wait;
    const int got = wait_in_thread(kHeld, self, deadline, wait);
    if (got > 0) return begin(self, wait);
    return got < 0 ? nullptr : Py_NewRef(Py_False);
  });
}
PyObject* acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  TimePoint deadline = kNever;
  if ((count != 0 || keywords != nullptr) && !to_acquire(arguments, count, keywords, deadline)) {
    return nullptr;
  }
  return acquire_until(self, deadline);
}
PyObject* enter(PyObject* self, PyObject*) { return acquire_until(self, kNever); }
PyObject* acquire_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(state_of(self), &kHeld, self);
}
PyObject* release(PyObject* self, PyObject*) {
  return give_in_order(self, [&]() -> PyObject* {
    if (semaphore_of(self).release()) Py_RETURN_NONE;
    return PyErr_Format(PyExc_RuntimeError, "release of an IntervalLock that is not held");
  });
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return release(self, nullptr); }
PyObject* leave_async(PyObject* self, PyObject* const*, Py_ssize_t) {
  const PyRef released = PyRef::steal(release(self, nullptr));
  return released ? make_sync_awaiter(state_of(self), nullptr, self) : nullptr;
}

PyObject* cede(PyObject* self, PyObject*) {
  if (!check_held(self)) return nullptr;
  if (!semaphore_of(self).has_waiters()) {
    as_lock(self)->since = monotonic_now();
    Py_RETURN_FALSE;
  }
  SyncWait wait;
  const int got = wait_in_thread(kCeded, self, kNever, wait);
  if (got > 0) return begin(self, wait);
  // Ctrl-C: the caller's block ends holding the lock, as it began.
  const PyRef raised = PyRef::steal(take_raised_exception());
  {
    const Detached detached;
    (void)semaphore_of(self).acquire();
  }
  as_lock(self)->since = monotonic_now();
  restore_raised_exception(raised.new_ref());
  return nullptr;
}
PyObject* poll(PyObject* self, PyObject*) {
  if (!check_held(self)) return nullptr;
  return due(self) ? cede(self, nullptr) : Py_NewRef(Py_False);
}
/// A coroutine: a task that is cancelled has to wait once more, so that it holds the lock.
PyObject* cede_async(PyObject* self, PyObject*) {
  return PyObject_CallOneArg(state_of(self).sync->cede, self);
}
PyObject* poll_async(PyObject* self, PyObject*) {
  if (!check_held(self)) return nullptr;
  return due(self) ? cede_async(self, nullptr) : make_sync_awaiter(state_of(self), nullptr, self);
}
PyObject* cede_wait(PyObject* self, PyObject*) {
  if (!check_held(self)) return nullptr;
  return make_sync_awaiter(state_of(self), &kCeded, self);
}
PyObject* locked(PyObject* self, PyObject*) {
  return PyBool_FromLong(semaphore_of(self).permits() == 0);
}
PyObject* get_has_waiters(PyObject* self, void*) {
  return PyBool_FromLong(semaphore_of(self).has_waiters());
}
PyObject* get_interval(PyObject* self, void*) {
  return PyFloat_FromDouble(static_cast<double>(as_lock(self)->interval.count()) / 1e9);
}
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.IntervalLock, %s>",
                              semaphore_of(self).permits() == 0 ? "held" : "free");
}

PyMethodDef methods[] = {
    {"acquire", method(acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
     "Wait in this thread; return whether it was acquired within `timeout` seconds.\n\n"
     "The GIL is released meanwhile and Ctrl-C comes through."},
    {"acquire_async", acquire_async, METH_NOARGS,
     "acquire_async($self, /)\n--\n\n"
     "Return an awaitable that acquires it for a task, first come first, and gives True.\n\n"
     "Cancellation: what was granted at that moment is given back."},
    {"release", release, METH_NOARGS,
     "release($self, /)\n--\n\nRelease it. RuntimeError when it is not held."},
    {"cede", cede, METH_NOARGS,
     "cede($self, /)\n--\n\n"
     "Lend it to all who wait and get it back; return whether somebody waited.\n\n"
     "Ctrl-C comes through when this thread holds it again."},
    {"poll", poll, METH_NOARGS,
     "poll($self, /)\n--\n\n"
     "Cede it if it has been held for `interval` seconds; return whether it was lent.\n\n"
     "For each turn of a long loop: two loads when it is not time yet."},
    {"cede_async", cede_async, METH_NOARGS,
     "cede_async($self, /)\n--\n\n"
     "Return an awaitable that cedes it as a task.\n\n"
     "Cancellation: comes through when the task holds it again."},
    {"poll_async", poll_async, METH_NOARGS,
     "poll_async($self, /)\n--\n\nReturn an awaitable that polls as a task; see `cede_async`."},
    {"_cede_wait", cede_wait, METH_NOARGS, nullptr},
    {"locked", locked, METH_NOARGS, "locked($self, /)\n--\n\nReturn whether it is held."},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {"__aenter__", acquire_async, METH_NOARGS, nullptr},
    {"__aexit__", method(leave_async), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"has_waiters", get_has_waiters, nullptr, "Whether somebody waits for it.", nullptr},
    {"interval", get_interval, nullptr, "How long it is held before poll() cedes it.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc, const_cast<char*>("IntervalLock(interval=0.005)\n--\n\n"
                                  "A lock for long work, which lends it to whoever waits at most "
                                  "every `interval` seconds.\n\n"
                                  "As Lock, and the holder calls `poll` in its loop.\n\n"
                                  "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.IntervalLock", sizeof(IntervalLockObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_interval_lock_type(PyObject* module, ModuleState& state) {
  const PyRef ceding = PyRef::steal(PyImport_ImportModule("cogway._ceding"));
  if (!ceding) return -1;
  state.sync->cede = PyObject_GetAttrString(ceding.get(), "cede");
  if (state.sync->cede == nullptr) return -1;
  return add_heap_type(module, &spec, &state.sync->interval_lock_type, Export::visible);
}

}  // namespace cogway
