// SPDX-License-Identifier: Apache-2.0
// The heap type `Event`.

#include <new>

#include "cogway/sync/event.hpp"
#include "module/heap_type.hpp"
#include "module/loop_rings.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct EventObject {
  PyObject_HEAD Event<> event;
};
Event<>& event_of(PyObject* self) noexcept { return reinterpret_cast<EventObject*>(self)->event; }

constexpr WaitKind kSet = {
    [](PyObject* self) { return event_of(self).is_set(); },
    [](PyObject* self, SyncWait& node) -> int { return event_of(self).start(node); },
    [](PyObject* self, SyncWait& node) -> int { return event_of(self).resume(node); },
    [](PyObject* self, SyncWait& node) { return event_of(self).withdraw(node); },
    [](PyObject*, SyncWait&) {},
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
    return PyErr_Format(PyExc_TypeError, "Event() takes no arguments");
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&event_of(self)) Event<>();
  return self;
}
void deallocate(PyObject* self) {
  event_of(self).~Event<>();
  free_heap_object(self);
}
PyObject* set(PyObject* self, PyObject*) {
  const LoopRings rings;
  event_of(self).set();
  Py_RETURN_NONE;
}
PyObject* clear(PyObject* self, PyObject*) {
  event_of(self).clear();
  Py_RETURN_NONE;
}
PyObject* is_set(PyObject* self, PyObject*) { return PyBool_FromLong(event_of(self).is_set()); }
PyObject* wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline{};
  if (!to_wait(arguments, count, keywords, deadline)) return nullptr;
  const int got = wait_in_thread(kSet, self, deadline);
  return got < 0 ? nullptr : PyBool_FromLong(got);
}
PyObject* wait_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kSet, self);
}
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.Event, %s>",
                              event_of(self).is_set() ? "set" : "not set");
}

PyMethodDef methods[] = {
    {"set", set, METH_NOARGS, "set($self, /)\n--\n\nSet it; whoever waits goes on."},
    {"clear", clear, METH_NOARGS, "clear($self, /)\n--\n\nMake it not set."},
    {"is_set", is_set, METH_NOARGS, "is_set($self, /)\n--\n\nReturn whether it is set."},
    {"wait", method(wait), METH_FASTCALL | METH_KEYWORDS,
     "wait($self, /, timeout=None)\n--\n\n"
     "Wait in this thread; return whether it was set within `timeout` seconds.\n\n"
     "The GIL is released meanwhile and Ctrl-C comes through."},
    {"wait_async", wait_async, METH_NOARGS,
     "wait_async($self, /)\n--\n\nReturn an awaitable that waits as a task, and gives True."},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_doc,
     const_cast<char*>("Event()\n--\n\n"
                       "A condition that threads and tasks wait for until somebody sets it.\n\n"
                       "Who waits when it is set goes on, even if it is cleared at once.\n\n"
                       "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Event", sizeof(EventObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_event_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->event_type, Export::visible);
}

}  // namespace cogway
