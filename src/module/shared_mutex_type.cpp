// SPDX-License-Identifier: Apache-2.0
// The heap type `SharedMutex`, and waiting for a word of a bus.

#include <Python.h>
#include <structmember.h>

#include <new>
#include <string>
#include <utility>

#include "cogway/bus/shared_mutex.hpp"
#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/atomic_wait.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/shared_bus.hpp"
#include "module/shared_mutex.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// **Threads**: any attached thread. **Ownership**: shares the mutex, which keeps the bus.
/// **Progress**: as SharedMutex; what waits detaches. **Order**: as SharedMutex.
struct SharedMutexObject {
  PyObject_HEAD ModuleState* state;    ///< lives as long as the type
  std::shared_ptr<SharedMutex> mutex;  ///< constant
  PyObject* weak_references;
};
SharedMutexObject* as_mutex(PyObject* self) noexcept {
  return reinterpret_cast<SharedMutexObject*>(self);
}

void deallocate(PyObject* self) {
  if (as_mutex(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  as_mutex(self)->mutex.~shared_ptr();
  free_heap_object(self);
}

void raise_word_status(ModuleState& state, const Status& status) {
  switch (status.code()) {
    case StatusCode::cancelled:
      return;  // with what the signal's handler raised
    case StatusCode::data_loss:
      PyErr_SetString(state.sync->owner_died, status.message().c_str());
      return;
    case StatusCode::failed_precondition:
      PyErr_SetString(state.engine_closed, status.message().c_str());
      return;
    case StatusCode::invalid_argument:
    case StatusCode::not_found:
      PyErr_SetString(PyExc_RuntimeError, status.message().c_str());
      return;
    default:
      raise_status(state, status);
  }
}

/// Runs a call that may wait, without the GIL.
template <typename Call>
[[nodiscard]] Status call_detached(Call call) {
  PyThreadState* thread = PyEval_SaveThread();
  Status status;
  try {
    status = call(WordInterrupt{signal_raised, &thread});
  } catch (...) {
    status = {StatusCode::resource_exhausted, {}};
  }
  attach_or_hang(thread);
  return status;
}

// ---- mutex --------------------------------------------------------------------------------------

/// 1 locked, 0 the deadline came, -1 an exception.
int lock_until(SharedMutexObject* self, TimePoint deadline) {
  SharedMutex& mutex = *self->mutex;
  Status status = mutex.lock(TimePoint{});
  if (status.code() == StatusCode::deadline_exceeded && deadline != TimePoint{}) {
    status =
        call_detached([&](WordInterrupt interrupt) { return mutex.lock(deadline, interrupt); });
  }
  if (status.ok()) return 1;
  if (status.code() == StatusCode::deadline_exceeded) return 0;
  raise_word_status(*self->state, status);
  return -1;
}

PyObject* acquire(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  TimePoint deadline = kNever;
  if ((count != 0 || keywords != nullptr) && !to_acquire(arguments, count, keywords, deadline)) {
    return nullptr;
  }
  const int got = lock_until(as_mutex(self), deadline);
  return got < 0 ? nullptr : PyBool_FromLong(got);
}
PyObject* enter(PyObject* self, PyObject*) {
  return lock_until(as_mutex(self), kNever) < 0 ? nullptr : Py_NewRef(Py_True);
}
PyObject* release(PyObject* self, PyObject*) {
  const Status status = as_mutex(self)->mutex->unlock();
  if (status.ok()) Py_RETURN_NONE;
  return raise_word_status(*as_mutex(self)->state, status), nullptr;
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return release(self, nullptr); }

PyObject* repair(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  static constexpr const char* kNames[] = {"function", "timeout"};
  PyObject* values[2];
  TimePoint deadline = kNever;
  if (!bind_arguments({"repair", kNames, 2, 1}, arguments, count, keywords, values) ||
      !to_deadline({"repair", "timeout"}, values[1], false, deadline)) {
    return nullptr;
  }
  SharedMutex& mutex = *as_mutex(self)->mutex;
  bool broken = false;
  Status status = call_detached(
      [&](WordInterrupt interrupt) { return mutex.lock_to_repair(&broken, deadline, interrupt); });
  if (!status.ok()) return raise_word_status(*as_mutex(self)->state, status), nullptr;
  if (broken && !PyRef::steal(PyObject_CallNoArgs(values[0]))) {
    (void)mutex.unlock();  // for the next one to repair
    return nullptr;
  }
  status = broken ? mutex.unlock_repaired() : mutex.unlock();
  if (!status.ok()) return raise_word_status(*as_mutex(self)->state, status), nullptr;
  return PyBool_FromLong(broken ? 1 : 0);
}

PyObject* locked(PyObject* self, PyObject*) {
  return PyBool_FromLong(as_mutex(self)->mutex->locked() ? 1 : 0);
}
PyObject* get_inconsistent(PyObject* self, void*) {
  return PyBool_FromLong(as_mutex(self)->mutex->inconsistent() ? 1 : 0);
}
PyObject* get_name(PyObject* self, void*) {
  return PyUnicode_FromString(as_mutex(self)->mutex->name().c_str());
}
PyObject* represent(PyObject* self) {
  const SharedMutex& mutex = *as_mutex(self)->mutex;
  return PyUnicode_FromFormat("<cogway.SharedMutex %s, %s%s>", mutex.name().c_str(),
                              mutex.locked() ? "held" : "free",
                              mutex.inconsistent() ? ", inconsistent" : "");
}

PyDoc_STRVAR(
    type_doc,
    "A lock of the threads of several processes; `SharedBus.mutex()` returns one.\n\n"
    "An owner that is killed cannot take it along, and nobody enters unaware what it left\n"
    "half done: taking the lock raises OwnerDied, for whoever tries, until somebody calls\n"
    "`repair`. So it does when a thread ends with it.\n\n"
    "It lends its owner the priority of who waits. Owned, not recursive, not fair. It\n"
    "lives as long as the bus, or until `SharedBus.remove_word`.\n\n"
    "In a forked child the object does nothing: open the bus and the mutex again there.\n\n"
    "Threads: all, of all processes; for tasks, take it in `asyncio.to_thread`.");
PyDoc_STRVAR(acquire_doc,
             "acquire($self, /, blocking=True, timeout=-1)\n--\n\n"
             "Wait in this thread; return whether it was acquired within `timeout` seconds.\n\n"
             "Raises:\n"
             "    OwnerDied: An owner ended with it, and nobody has repaired since.\n"
             "    RuntimeError: This thread has it.\n"
             "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
             "    CogwayError: A process wrote where it may not.\n\n"
             "Cancellation: a wait ends when a signal handler raises; it was not acquired.");
PyDoc_STRVAR(repair_doc,
             "repair($self, /, function, timeout=None)\n--\n\n"
             "Take the lock and, if an owner ended with it, call `function()`; return whether.\n\n"
             "When it returns, what the lock protects counts as right, and the lock is free. When\n"
             "it raises, or this process is killed over it, the next one has to repair.\n\n"
             "Raises:\n"
             "    TimeoutError: The lock was not free in time.\n"
             "    Otherwise as `acquire`, and what `function` raises.");
PyDoc_STRVAR(release_doc,
             "release($self, /)\n--\n\nRelease it. RuntimeError for who does not hold it.");
PyDoc_STRVAR(locked_doc,
             "locked($self, /)\n--\n\n"
             "Return whether it is held, as far as anybody told: a dead owner holds it until the\n"
             "next one comes.");

PyMethodDef methods[] = {
    {"acquire", method(acquire), METH_FASTCALL | METH_KEYWORDS, acquire_doc},
    {"release", release, METH_NOARGS, release_doc},
    {"repair", method(repair), METH_FASTCALL | METH_KEYWORDS, repair_doc},
    {"locked", locked, METH_NOARGS, locked_doc},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"name", get_name, nullptr, "What other processes open it by.", nullptr},
    {"inconsistent", get_inconsistent, nullptr,
     "Whether an owner ended with it, and nobody has repaired since.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SharedMutexObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(type_doc)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {0, nullptr},
};
PyType_Spec spec = {
    "cogway.SharedMutex", sizeof(SharedMutexObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

// ---- what else is on a bus ----------------------------------------------------------------------

PyObject* wait_on_bus(PyObject* self, SharedWord& word, bool (*differs)(PyObject*, const SyncWait&),
                      const SyncWait& wait, TimePoint deadline) {
  const Status status = call_detached([&](WordInterrupt interrupt) {
    return word.wait_while([&] { return !differs(self, wait); }, deadline, interrupt);
  });
  if (status.ok()) Py_RETURN_TRUE;
  if (status.code() == StatusCode::deadline_exceeded) Py_RETURN_FALSE;
  return raise_word_status(state_of_type(Py_TYPE(self)), status), nullptr;
}

const char kSharedBusMutexDoc[] =
    "mutex($self, name, /)\n--\n\n"
    "Return the SharedMutex of that name on this bus, made by whoever asks first.\n\n"
    "Raises:\n"
    "    ValueError: The name is none; or it is that of an atomic.\n"
    "    BusExhausted: The bus has its 128 words.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
    "    CogwayError: A stopped process keeps others from opening words.";
const char kSharedBusRemoveWordDoc[] =
    "remove_word($self, name, /)\n--\n\n"
    "Remove an atomic or a mutex from the bus, which forgets its value.\n\n"
    "Raises:\n"
    "    LookupError: There is none of that name.\n"
    "    ValueError: A process has it open.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
    "    CogwayError: A stopped process keeps others from removing words.";

PyObject* shared_bus_mutex(PyObject* self, PyObject* name) {
  auto* bus = reinterpret_cast<SharedBusObject*>(self);
  std::string text;
  if (!to_bus_name("mutex", name, text)) return nullptr;
  std::shared_ptr<SharedMutex> mutex;
  const Status status =
      call_detached([&](WordInterrupt) { return SharedMutex::open(bus->bus, text, &mutex); });
  if (!status.ok()) return raise_shared_status(bus, status), nullptr;
  PyTypeObject* type = bus->state->sync->shared_mutex_type;
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  as_mutex(object)->state = bus->state;
  new (&as_mutex(object)->mutex) std::shared_ptr<SharedMutex>(std::move(mutex));
  return object;
}

PyObject* shared_bus_remove_word(PyObject* self, PyObject* name) {
  auto* bus = reinterpret_cast<SharedBusObject*>(self);
  std::string text;
  if (!to_bus_name("remove_word", name, text)) return nullptr;
  const Status status = call_detached([&](WordInterrupt) { return bus->bus->remove_word(text); });
  if (status.ok()) Py_RETURN_NONE;
  return raise_shared_status(bus, status), nullptr;
}

int add_shared_mutex_type(PyObject* module, ModuleState& state) {
  SyncState& sync = *state.sync;
  const PyRef errors = PyRef::steal(PyImport_ImportModule("cogway._errors"));
  if (!errors) return -1;
  const PyRef bus = PyRef::steal(PyImport_ImportModule("cogway._bus"));
  if (!bus) return -1;
  sync.owner_died = PyObject_GetAttrString(errors.get(), "OwnerDied");
  sync.shared_word_statistics = PyObject_GetAttrString(bus.get(), "SharedWordStatistics");
  if (sync.owner_died == nullptr || sync.shared_word_statistics == nullptr) return -1;
  return add_heap_type(module, &spec, &sync.shared_mutex_type, Export::visible);
}

}  // namespace cogway
