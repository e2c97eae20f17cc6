// SPDX-License-Identifier: Apache-2.0
// The heap type `AtomicReference`: one Python object that threads replace in one step. On builds
// with a GIL no Python code runs inside a step; on free-threaded builds the object's own lock is
// held, since a reader must count the object before a writer drops it.

#include <atomic>
#include <utility>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/atomic_methods.hpp"
#include "module/atomic_wait.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct ReferenceObject {
  PyObject_HEAD PyObject* value;  ///< owned, never nullptr but when cleared by the collector
};

ReferenceObject* as_reference(PyObject* self) noexcept {
  return reinterpret_cast<ReferenceObject*>(self);
}
PyObject* value_or_none(PyObject* value) noexcept { return value == nullptr ? Py_None : value; }

/// The pointer is changed under the object's critical section, and looked at without it by who
/// waits: a section may have to wait itself, which a lock of waiters must not.
std::atomic_ref<PyObject*> pointer_of(PyObject* self) noexcept {
  return std::atomic_ref(as_reference(self)->value);
}
void put(PyObject* self, PyObject* value) noexcept {
  // order: relaxed, pairs with step(), which comes before a notification; the section publishes the
  // object to readers
  pointer_of(self).store(value, std::memory_order_relaxed);
}

struct ReferenceWatch {
  static SharedWord* shared(PyObject*) noexcept { return nullptr; }  // objects are of one process
  static const void* address(PyObject* self) noexcept { return &as_reference(self)->value; }
  static bool differs(PyObject* self, const SyncWait& wait) noexcept {
    return value_or_none(pointer_of(self).load()) != wait.cargo;
  }
  /// Stores what is there once more, sequentially consistent: the table's rule.
  static void step(PyObject* self) noexcept {
    COGWAY_BEGIN_CRITICAL_SECTION(self)
    pointer_of(self).store(as_reference(self)->value);
    COGWAY_END_CRITICAL_SECTION()
  }
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0) {
    return PyErr_Format(PyExc_TypeError, "AtomicReference() takes no keyword arguments");
  }
  PyObject* value = Py_None;
  if (!PyArg_UnpackTuple(arguments, "AtomicReference", 0, 1, &value)) return nullptr;
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) as_reference(self)->value = Py_NewRef(value);
  return self;
}

PyObject* get(PyObject* self, PyObject*) {
  PyObject* value = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  value = Py_NewRef(value_or_none(as_reference(self)->value));
  COGWAY_END_CRITICAL_SECTION()
  return value;
}

PyObject* exchange(PyObject* self, PyObject* value) {
  PyObject* old = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  old = as_reference(self)->value;
  put(self, Py_NewRef(value));
  COGWAY_END_CRITICAL_SECTION()
  return old == nullptr ? Py_NewRef(Py_None) : old;
}

PyObject* set(PyObject* self, PyObject* value) {
  Py_DECREF(exchange(self, value));  // after the step: it may run anything
  Py_RETURN_NONE;
}

PyObject* compare_exchange(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (!two_arguments("compare_exchange", count)) return nullptr;
  PyObject* old = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  old = value_or_none(as_reference(self)->value);
  if (old == arguments[0]) {
    put(self, Py_NewRef(arguments[1]));  // its reference on `old` is the caller's
  } else {
    Py_INCREF(old);
  }
  COGWAY_END_CRITICAL_SECTION()
  return old;
}

PyObject* wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  SyncWait wait;
  TimePoint deadline{};
  if (!to_watch(arguments, count, keywords, wait.cargo, deadline)) return nullptr;
  return wait_changed<ReferenceWatch>(self, wait, deadline);
}
PyObject* wait_async(PyObject* self, PyObject* expected) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kChanged<ReferenceWatch>, self,
                           {.cargo = expected});
}

PyObject* represent(PyObject* self) {
  const int entered = Py_ReprEnter(self);
  if (entered != 0) {
    return entered > 0 ? PyUnicode_FromString("AtomicReference(...)") : nullptr;
  }
  const PyRef value = PyRef::steal(get(self, nullptr));
  PyObject* text = PyUnicode_FromFormat("AtomicReference(%R)", value.get());
  Py_ReprLeave(self);
  return text;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_reference(self)->value);
  return 0;
}
int clear(PyObject* self) {
  Py_CLEAR(as_reference(self)->value);
  return 0;
}
void deallocate(PyObject* self) {
  PyObject_GC_UnTrack(self);
  (void)clear(self);
  free_heap_object(self);
}

PyMethodDef methods[] = {
    {"get", get, METH_NOARGS, "get($self, /)\n--\n\nReturn the object."},
    {"set", set, METH_O, "set($self, value, /)\n--\n\nReplace the object."},
    {"exchange", exchange, METH_O,
     "exchange($self, value, /)\n--\n\nReplace the object; return what it was."},
    {"compare_exchange", method(compare_exchange), METH_FASTCALL,
     "compare_exchange($self, expected, desired, /)\n--\n\n"
     "Replace the object where it is `expected`, the very same; return what it was.\n\n"
     "It was replaced exactly when the result `is expected`."},
    {"wait", method(wait), METH_FASTCALL | METH_KEYWORDS, kWaitText},
    {"wait_async", wait_async, METH_O, kWaitAsyncText},
    {"notify", method(atomic_notify<ReferenceWatch>), METH_FASTCALL | METH_KEYWORDS, kNotifyText},
    {"notify_all", atomic_notify_all<ReferenceWatch>, METH_NOARGS, kNotifyAllText},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_doc,
     const_cast<char*>("AtomicReference(value=None, /)\n--\n\n"
                       "An object that threads of one interpreter replace in one step each.\n\n"
                       "Compared by identity: small ints and interned strings are the same object\n"
                       "wherever they occur, other equal values need not be.\n\n"
                       "Threads: all of one interpreter. Only `wait` waits.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.AtomicReference", sizeof(ReferenceObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_atomic_reference_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->atomic_reference_type, Export::visible);
}

}  // namespace cogway
