// SPDX-License-Identifier: Apache-2.0
// The heap types `Lock` and `Semaphore`: one or more permits, for threads and tasks.

#include <cstdint>
#include <new>

#include "cogway/sync/semaphore.hpp"
#include "module/heap_type.hpp"
#include "module/lock_order.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct PermitsObject {
  PyObject_HEAD Semaphore<> semaphore;
};
Semaphore<>& semaphore_of(PyObject* self) noexcept {
  return reinterpret_cast<PermitsObject*>(self)->semaphore;
}

constexpr WaitKind kPermit = {
    [](PyObject* self) { return semaphore_of(self).try_acquire(); },
    [](PyObject* self, SyncWait& node) -> int { return semaphore_of(self).start(node); },
    [](PyObject* self, SyncWait& node) -> int { return semaphore_of(self).resume(node); },
    [](PyObject* self, SyncWait& node) { return semaphore_of(self).withdraw(node); },
    [](PyObject* self, SyncWait&) { (void)semaphore_of(self).release(); },
};

PyObject* create_permits(PyTypeObject* type, std::int64_t permits, std::int64_t most) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&semaphore_of(self)) Semaphore<>(permits, most);
  return self;
}
void deallocate(PyObject* self) {
  semaphore_of(self).~Semaphore<>();
  free_heap_object(self);
}

PyObject* acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  if (count == 0 && keywords == nullptr && semaphore_of(self).try_acquire()) Py_RETURN_TRUE;
  TimePoint deadline{};
  if (!to_acquire(arguments, count, keywords, deadline)) return nullptr;
  const int got = wait_in_thread(kPermit, self, deadline);
  return got < 0 ? nullptr : PyBool_FromLong(got);
}
PyObject* acquire_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kPermit, self);
}
PyObject* enter(PyObject* self, PyObject*) {
  if (semaphore_of(self).try_acquire()) Py_RETURN_TRUE;
  return wait_in_thread(kPermit, self, kNever) < 0 ? nullptr : Py_NewRef(Py_True);
}

// --- Lock ------------------------------------------------------------------------------------

PyObject* create_lock(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
    return PyErr_Format(PyExc_TypeError, "Lock() takes no arguments");
  }
  return create_permits(type, 1, 1);
}
void deallocate_lock(PyObject* self) {
  LockOrder::forget(self);
  deallocate(self);
}
PyObject* acquire_lock(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keywords) {
  // A call with arguments may be one that never waits.
  return take_in_order(self, count == 0 && keywords == nullptr,
                       [&] { return acquire(self, arguments, count, keywords); });
}
PyObject* enter_lock(PyObject* self, PyObject*) {
  return take_in_order(self, true, [&] { return enter(self, nullptr); });
}
PyObject* release_lock(PyObject* self, PyObject*) {
  return give_in_order(self, [&]() -> PyObject* {
    if (semaphore_of(self).release()) Py_RETURN_NONE;
    return PyErr_Format(PyExc_RuntimeError, "release of a Lock that is not held");
  });
}
PyObject* leave_lock(PyObject* self, PyObject* const*, Py_ssize_t) {
  return release_lock(self, nullptr);
}
PyObject* leave_lock_async(PyObject* self, PyObject* const*, Py_ssize_t) {
  PyObject* released = release_lock(self, nullptr);
  if (released == nullptr) return nullptr;
  Py_DECREF(released);
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), nullptr, self);
}
PyObject* locked(PyObject* self, PyObject*) {
  return PyBool_FromLong(semaphore_of(self).permits() == 0);
}
PyObject* represent_lock(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.Lock, %s>",
                              semaphore_of(self).permits() == 0 ? "held" : "free");
}

// --- Semaphore -------------------------------------------------------------------------------

PyObject* create_semaphore(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"value", "most", nullptr};
  PyObject* given[] = {nullptr, nullptr};
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$O:Semaphore",
                                   const_cast<char**>(kNames), &given[0], &given[1])) {
    return nullptr;
  }
  std::int64_t value = 1;
  std::int64_t most = Semaphore<>::kMost;
  if (!to_int64({"Semaphore", "value"}, given[0], 0, Semaphore<>::kMost, value)) return nullptr;
  if (given[1] != nullptr && given[1] != Py_None &&
      !to_int64({"Semaphore", "most"}, given[1], value, Semaphore<>::kMost, most)) {
    return nullptr;
  }
  return create_permits(type, value, most);
}
PyObject* release_permits(PyObject* self, std::int64_t count) {
  if (semaphore_of(self).release(count)) Py_RETURN_NONE;
  return PyErr_Format(PyExc_ValueError, "Semaphore released too often: it may not hold that many");
}
PyObject* release_semaphore(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                            PyObject* keywords) {
  static constexpr const char* kNames[] = {"n"};
  PyObject* given = nullptr;
  std::int64_t n = 1;
  if (!bind_arguments({"release", kNames, 1, 0}, arguments, count, keywords, &given) ||
      !to_int64({"release", "n"}, given, 1, Semaphore<>::kMost, n)) {
    return nullptr;
  }
  return release_permits(self, n);
}
PyObject* leave_semaphore(PyObject* self, PyObject* const*, Py_ssize_t) {
  return release_permits(self, 1);
}
PyObject* leave_semaphore_async(PyObject* self, PyObject* const*, Py_ssize_t) {
  PyObject* released = release_permits(self, 1);
  if (released == nullptr) return nullptr;
  Py_DECREF(released);
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), nullptr, self);
}
PyObject* get_value(PyObject* self, void*) {
  return PyLong_FromLongLong(semaphore_of(self).permits());
}
PyObject* represent_semaphore(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.Semaphore, %lld free>",
                              static_cast<long long>(semaphore_of(self).permits()));
}

constexpr const char* kAcquire =
    "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
    "Wait in this thread; return whether it was acquired within `timeout` seconds.\n\n"
    "The GIL is released meanwhile and Ctrl-C comes through.";
constexpr const char* kAcquireAsync =
    "acquire_async($self, /)\n--\n\n"
    "Return an awaitable that acquires it for a task, first come first, and gives True.\n\n"
    "Cancellation: what was granted at that moment is given back.";

PyMethodDef lock_methods[] = {
    {"acquire", method(acquire_lock), METH_FASTCALL | METH_KEYWORDS, kAcquire},
    {"acquire_async", acquire_async, METH_NOARGS, kAcquireAsync},
    {"release", release_lock, METH_NOARGS,
     "release($self, /)\n--\n\nRelease it, from any thread. RuntimeError when it is not held."},
    {"locked", locked, METH_NOARGS, "locked($self, /)\n--\n\nReturn whether it is held."},
    {"__enter__", enter_lock, METH_NOARGS, nullptr},
    {"__exit__", method(leave_lock), METH_FASTCALL, nullptr},
    {"__aenter__", acquire_async, METH_NOARGS, nullptr},
    {"__aexit__", method(leave_lock_async), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyMethodDef semaphore_methods[] = {
    {"acquire", method(acquire), METH_FASTCALL | METH_KEYWORDS, kAcquire},
    {"acquire_async", acquire_async, METH_NOARGS, kAcquireAsync},
    {"release", method(release_semaphore), METH_FASTCALL | METH_KEYWORDS,
     "release($self, /, n=1)\n--\n\nGive permits back. ValueError above `most`."},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave_semaphore), METH_FASTCALL, nullptr},
    {"__aenter__", acquire_async, METH_NOARGS, nullptr},
    {"__aexit__", method(leave_semaphore_async), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef semaphore_properties[] = {
    {"value", get_value, nullptr, "Permits that are free.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot lock_slots[] = {
    {Py_tp_new, slot(create_lock)},
    {Py_tp_dealloc, slot(deallocate_lock)},
    {Py_tp_repr, slot(represent_lock)},
    {Py_tp_methods, lock_methods},
    {Py_tp_doc,
     const_cast<char*>(
         "Lock()\n--\n\n"
         "A lock for threads and tasks alike: `with lock:` and `async with lock:`.\n\n"
         "Not recursive, and not owned: any thread may release it. A thread that runs may take it\n"
         "before one that was woken; tasks, and threads that have waited for a millisecond, are\n"
         "handed it. In a forked child it is as it was at the fork.\n\n"
         "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Slot semaphore_slots[] = {
    {Py_tp_new, slot(create_semaphore)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent_semaphore)},
    {Py_tp_methods, semaphore_methods},
    {Py_tp_getset, semaphore_properties},
    {Py_tp_doc, const_cast<char*>(
                    "Semaphore(value=1, *, most=None)\n--\n\n"
                    "Permits for threads and tasks alike: `with` and `async with` take one and "
                    "give it back.\n\n"
                    "Handed on as a Lock is. With `most`, giving back too many is a ValueError.\n\n"
                    "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec lock_spec = {"cogway._core.Lock", sizeof(PermitsObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, lock_slots};
PyType_Spec semaphore_spec = {"cogway._core.Semaphore", sizeof(PermitsObject), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, semaphore_slots};

}  // namespace

int add_lock_type(PyObject* module, ModuleState& state) {
  if (add_heap_type(module, &lock_spec, &state.sync->lock_type, Export::visible) < 0) return -1;
  return add_heap_type(module, &semaphore_spec, &state.sync->semaphore_type, Export::visible);
}

}  // namespace cogway
