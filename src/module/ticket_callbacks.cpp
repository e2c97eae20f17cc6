// SPDX-License-Identifier: Apache-2.0
// Ticket.add_done_callback and remove_done_callback: callbacks on the loop of the calling thread.

#include <utility>

#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"
#include "module/bridge.hpp"
#include "module/ticket.hpp"

namespace cogway {

PyObject* ticket_add_done_callback(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                                   PyObject* keywords) {
  TicketObject* self = as_ticket(object);
  static constexpr const char* kNames[] = {"fn", "context"};
  PyObject* values[2];
  if (!bind_arguments({"add_done_callback", kNames, 1, 1}, arguments, count, keywords, values)) {
    return nullptr;
  }
  if (!PyCallable_Check(values[0])) {
    PyErr_Format(PyExc_TypeError, "add_done_callback(): fn must be callable, not %.100s",
                 Py_TYPE(values[0])->tp_name);
    return nullptr;
  }
  PyRef bridge = current_bridge(*self->state, "add_done_callback");
  if (!bridge) return nullptr;
  PyRef context = values[1] == nullptr || values[1] == Py_None
                      ? PyRef::steal(PyContext_CopyCurrent())
                      : PyRef::borrow(values[1]);
  if (!context) return nullptr;
  if (!PyContext_CheckExact(context.get())) {
    PyErr_Format(PyExc_TypeError,
                 "add_done_callback(): context must be a contextvars.Context, not %.100s",
                 Py_TYPE(context.get())->tp_name);
    return nullptr;
  }
  BridgeObject* carrier = as_bridge(bridge.get());
  Completion* node = Completion::create(carrier->queue);
  if (node == nullptr) return PyErr_NoMemory();
  node->expected_ns = self->expected_ns();
  const bool armed = self->arm(*node);
  // Nothing is delivered before this thread goes back to its loop.
  node->subject = Py_NewRef(object);
  node->callback = Py_NewRef(values[0]);
  node->context = context.release();
  if (armed) node->link(object, &self->callbacks);
  if ((armed ? note_armed(carrier, *node) : note_due(carrier, node)) < 0) return nullptr;
  Py_RETURN_NONE;
}

PyObject* ticket_remove_done_callback(PyObject* object, PyObject* function) {
  TicketObject* self = as_ticket(object);
  // Comparing runs Python code, so compare against a snapshot, then withdraw by identity.
  PyRef registered = PyRef::steal(PyList_New(0));
  if (!registered) return nullptr;
  int status = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(object)
  for (Completion* node = self->callbacks; node != nullptr && status == 0; node = node->next) {
    if (node->callback != nullptr) status = PyList_Append(registered.get(), node->callback);
  }
  COGWAY_END_CRITICAL_SECTION()
  if (status < 0) return nullptr;
  Py_ssize_t removed = 0;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(registered.get()); ++i) {
    PyObject* candidate = PyList_GET_ITEM(registered.get(), i);
    const int equal = PyObject_RichCompareBool(candidate, function, Py_EQ);
    if (equal < 0) return nullptr;
    if (equal == 0) continue;
    PyObject* withdrawn = nullptr;
    COGWAY_BEGIN_CRITICAL_SECTION(object)
    for (Completion* node = self->callbacks; node != nullptr; node = node->next) {
      if (node->callback != candidate) continue;
      withdrawn = std::exchange(node->callback, nullptr);
      break;
    }
    COGWAY_END_CRITICAL_SECTION()
    if (withdrawn != nullptr) ++removed;
    Py_XDECREF(withdrawn);
  }
  return PyLong_FromSsize_t(removed);
}

}  // namespace cogway
