// SPDX-License-Identifier: Apache-2.0
// Tickets that Python code ends itself: coroutines on an event loop, and whatever else is not run
// by a worker of the engine. And the service thread's end of as_concurrent().

#include <new>

#include "cogway/python/compat.hpp"
#include "cogway/python/completion_queue.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/errors.hpp"
#include "module/functions.hpp"
#include "module/heap_type.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

constexpr TaskOps kOpenOps{nullptr, [](Task&) noexcept {}, "python.coroutine"};

PyObject* open_ticket(PyObject* module, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords) {
  static constexpr const char* kNames[] = {"loop", "on_cancel"};
  PyObject* values[2];
  if (!bind_arguments({"open_ticket", kNames, 2, 0}, arguments, count, keywords, values)) {
    return nullptr;
  }
  ModuleState& state = state_of_module(module);
  TaskRef task = Task::make_external(&kOpenOps);
  (void)task->start();
  PyRef ticket = PyRef::steal(make_ticket(state, std::move(task)));
  if (!ticket) return nullptr;
  TicketObject* self = as_ticket(ticket.get());
  track_ticket(self);
  if (values[0] != nullptr && values[0] != Py_None) {
    self->home_loop = PyWeakref_NewRef(values[0], nullptr);
    if (self->home_loop == nullptr) return nullptr;
  }
  if (values[1] != nullptr && values[1] != Py_None) self->on_cancel = Py_NewRef(values[1]);
  return ticket.release();
}

TicketObject* open_ticket_of(PyObject* module, const char* function, PyObject* const* arguments,
                             Py_ssize_t count) {
  if (count != 2 || !is_ticket(state_of_module(module), arguments[0]) ||
      as_ticket(arguments[0])->task == nullptr ||
      as_ticket(arguments[0])->task->ops() != &kOpenOps) {
    PyErr_Format(PyExc_TypeError, "%s() takes a ticket of open_ticket() and a value", function);
    return nullptr;
  }
  return as_ticket(arguments[0]);
}

/// Ends the ticket with what it is given, unless it was ended meanwhile.
PyObject* end_ticket(TicketObject* ticket, PyObject* value, StatusCode code, Cause cause) {
  if (ticket->done()) Py_RETURN_FALSE;
  PyObject* replaced = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(ticket)
  replaced = std::exchange(ticket->value, Py_NewRef(value));
  COGWAY_END_CRITICAL_SECTION()
  Py_XDECREF(replaced);
  (void)take_hook(ticket);
  if (ticket->task->finish(code, cause)) Py_RETURN_TRUE;
  COGWAY_BEGIN_CRITICAL_SECTION(ticket)
  replaced = std::exchange(ticket->value, nullptr);
  COGWAY_END_CRITICAL_SECTION()
  Py_XDECREF(replaced);
  Py_RETURN_FALSE;
}

PyObject* finish_ticket(PyObject* module, PyObject* const* arguments, Py_ssize_t count) {
  TicketObject* ticket = open_ticket_of(module, "finish_ticket", arguments, count);
  return ticket == nullptr ? nullptr
                           : end_ticket(ticket, arguments[1], StatusCode::ok, Cause::none);
}

PyObject* fail_ticket(PyObject* module, PyObject* const* arguments, Py_ssize_t count) {
  TicketObject* ticket = open_ticket_of(module, "fail_ticket", arguments, count);
  if (ticket == nullptr) return nullptr;
  if (!PyExceptionInstance_Check(arguments[1])) {
    PyErr_SetString(PyExc_TypeError, "fail_ticket() takes an exception");
    return nullptr;
  }
  return end_ticket(ticket, arguments[1], StatusCode::internal, Cause::kernel);
}

// --- CallbackQueue -------------------------------------------------------------------------------

struct CallbackQueueObject {
  PyObject_HEAD ModuleState* state;
  CompletionQueue* queue;
};
CallbackQueueObject* as_queue(PyObject* object) noexcept {
  return reinterpret_cast<CallbackQueueObject*>(object);
}

PyObject* make_queue(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  if (PyTuple_GET_SIZE(args) != 0 || (kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0)) {
    return PyErr_SetString(PyExc_TypeError, "CallbackQueue() takes no arguments"), nullptr;
  }
  PyRef self = PyRef::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  as_queue(self.get())->state = &state_of_type(type);
  try {
    as_queue(self.get())->queue = new CompletionQueue(as_queue(self.get())->state->mailbox);
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  return self.release();
}

void dealloc_queue(PyObject* object) {
  if (CompletionQueue* queue = as_queue(object)->queue; queue != nullptr) {
    for (Completion* node = queue->close(); node != nullptr;) {
      Completion* next = node->next_ready;
      node->unlink();
      node->drop_references();
      node->destroy();
      node = next;
    }
    queue->release();
  }
  free_heap_object(object);
}

/// Queues fn(ticket) for when the ticket is done; at once when it is.
PyObject* queue_add(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  CallbackQueueObject* self = as_queue(object);
  if (count != 2 || !is_ticket(*self->state, arguments[0]) || !PyCallable_Check(arguments[1])) {
    PyErr_SetString(PyExc_TypeError, "add() takes a ticket and a callable");
    return nullptr;
  }
  TicketObject* ticket = as_ticket(arguments[0]);
  Completion* node = Completion::create(self->queue);
  if (node == nullptr) return PyErr_NoMemory();
  // The reader may take the node as soon as it is armed, so it is complete before.
  node->context = PyContext_CopyCurrent();
  if (node->context == nullptr) return node->destroy(), nullptr;
  node->subject = Py_NewRef(arguments[0]);
  node->callback = Py_NewRef(arguments[1]);
  if (!ticket->arm(*node)) self->queue->push(node);
  Py_RETURN_NONE;
}

/// Calls what is ready; the thread waits for fileno() to be readable in between.
PyObject* queue_deliver(PyObject* object, PyObject*) {
  CallbackQueueObject* self = as_queue(object);
  self->queue->clear_signal();
  Completion* node = self->queue->take();
  Py_ssize_t delivered = 0;
  while (node != nullptr) {
    Completion* next = node->next_ready;
    PyRef callback = PyRef::steal(std::exchange(node->callback, nullptr));
    PyRef context = PyRef::steal(std::exchange(node->context, nullptr));
    PyRef subject = PyRef::steal(std::exchange(node->subject, nullptr));
    node->destroy();
    node = next;
    ++delivered;
    if (PyContext_Enter(context.get()) < 0) {
      PyErr_WriteUnraisable(callback.get());
      continue;
    }
    HangIfUnwound barrier;
    PyRef result = PyRef::steal(PyObject_CallOneArg(callback.get(), subject.get()));
    barrier.disarm();
    if (!result) PyErr_WriteUnraisable(callback.get());
    if (PyContext_Exit(context.get()) < 0) PyErr_WriteUnraisable(callback.get());
  }
  self->state->mailbox->drain();
  return PyLong_FromSsize_t(delivered);
}

PyObject* queue_wake(PyObject* object, PyObject*) {
  as_queue(object)->queue->signal();
  Py_RETURN_NONE;
}
PyObject* queue_fileno(PyObject* object, PyObject*) {
  return PyLong_FromLong(as_queue(object)->queue->fd());
}

PyMethodDef queue_methods[] = {
    {"add", method(queue_add), METH_FASTCALL, nullptr},
    {"deliver", queue_deliver, METH_NOARGS, nullptr},
    {"wake", queue_wake, METH_NOARGS, nullptr},
    {"fileno", queue_fileno, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot queue_slots[] = {
    {Py_tp_new, slot(make_queue)},
    {Py_tp_dealloc, slot(dealloc_queue)},
    {Py_tp_methods, queue_methods},
    {Py_tp_doc, const_cast<char*>("Callbacks of tickets, for a thread without an event loop.")},
    {0, nullptr},
};
PyType_Spec queue_spec = {"cogway._core.CallbackQueue", sizeof(CallbackQueueObject), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, queue_slots};

PyMethodDef functions[] = {
    {"open_ticket", method(open_ticket), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"finish_ticket", method(finish_ticket), METH_FASTCALL, nullptr},
    {"fail_ticket", method(fail_ticket), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

int add_ticket_functions(PyObject* module, ModuleState& state) {
  if (add_heap_type(module, &queue_spec, &state.callback_queue_type, Export::visible) < 0)
    return -1;
  return PyModule_AddFunctions(module, functions);
}

}  // namespace cogway
