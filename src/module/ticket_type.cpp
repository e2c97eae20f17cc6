// SPDX-License-Identifier: Apache-2.0
// The heap types Ticket and BatchTicket: an awaitable shaped like an asyncio future that threads
// may use too.

#include <new>

#include "cogway/base/os/fork.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"
#include "module/bridge.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/orphan.hpp"
#include "module/running_loop.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

PyObject* cancel(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                 PyObject* keywords) {
  TicketObject* self = as_ticket(object);
  static constexpr const char* kNames[] = {"msg"};
  PyObject* message = nullptr;
  if (!bind_arguments({"cancel", kNames, 1, 0}, arguments, count, keywords, &message)) {
    return nullptr;
  }
  self->state->mailbox->drain();
  return PyBool_FromLong(cancel_ticket(self));
}

PyObject* done(PyObject* object, PyObject*) {
  return Py_NewRef(as_ticket(object)->done() ? Py_True : Py_False);
}

PyObject* cancelled(PyObject* object, PyObject*) {
  TicketObject* self = as_ticket(object);
  if (!self->done()) Py_RETURN_FALSE;
  if (collect_outcome(self) < 0) return nullptr;
  return PyBool_FromLong(self->outcome == Outcome::cancelled);
}

PyObject* running(PyObject* object, PyObject*) {
  TicketObject* self = as_ticket(object);
  if (self->done()) Py_RETURN_FALSE;
  return PyBool_FromLong(self->task->running());
}

PyObject* get_loop(PyObject* object, PyObject*) {
  PyRef loop = running_loop(*as_ticket(object)->state);
  if (!loop && PyErr_Occurred() == nullptr) {
    PyErr_SetString(PyExc_RuntimeError,
                    "get_loop(): no event loop runs in this thread, and a ticket belongs to none");
  }
  return loop.release();
}

PyObject* as_concurrent(PyObject* object, PyObject*) {
  PyRef module = PyRef::steal(PyImport_ImportModule("cogway._concurrent"));
  return module ? PyObject_CallMethod(module.get(), "as_concurrent", "O", object) : nullptr;
}

/// What asyncio.gather asks of a future that was cancelled.
PyObject* make_cancelled_error(PyObject* object, PyObject*) {
  raise_cancelled(*as_ticket(object)->state, nullptr);
  return take_raised_exception();
}

PyObject* get_false(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* get_none(PyObject*, void*) { Py_RETURN_NONE; }

PyObject* get_name(PyObject* object, void*) {
  TicketObject* self = as_ticket(object);
  std::string_view name = self->task->name();
  if (self->batch != nullptr) {
    const auto& tasks = (*self->batch)->group.results();
    if (!tasks.empty()) name = tasks.front()->name();
  }
  return PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "replace");
}

PyObject* await(PyObject* object) { return make_awaiter(as_ticket(object)); }

PyObject* repr(PyObject* object) {
  TicketObject* self = as_ticket(object);
  PyRef name = PyRef::steal(get_name(object, nullptr));
  if (!name) return nullptr;
  const char* type = self->batch == nullptr ? "Ticket" : "BatchTicket";
  if (!self->done()) {
    const bool runs = self->batch == nullptr && self->task->running();
    return PyUnicode_FromFormat("<%s %U %s>", type, name.get(), runs ? "running" : "pending");
  }
  if (collect_outcome(self) < 0) return nullptr;
  switch (self->outcome) {
    case Outcome::value:
      return PyUnicode_FromFormat("<%s %U done>", type, name.get());
    case Outcome::error:
      return PyUnicode_FromFormat("<%s %U failed: %R>", type, name.get(), self->collected);
    default:
      return PyUnicode_FromFormat("<%s %U cancelled>", type, name.get());
  }
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  TicketObject* self = as_ticket(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->value);
  Py_VISIT(self->collected);
  Py_VISIT(self->on_cancel);
  Py_VISIT(self->home_loop);
  return 0;
}

int clear(PyObject* object) {
  TicketObject* self = as_ticket(object);
  Py_CLEAR(self->value);
  Py_CLEAR(self->on_cancel);
  Py_CLEAR(self->home_loop);
  if (self->outcome != Outcome::pending) {
    // What a ticket that is being collected would have given.
    Py_CLEAR(self->collected);
    self->outcome = Outcome::cancelled;
  }
  return 0;
}

/// Reports an exception that nobody has seen (law 14), as asyncio does for its futures.
void finalize(PyObject* object) {
  TicketObject* self = as_ticket(object);
  if (self->seen || !self->done()) return;
  // Who closes an engine, or forks, knows what becomes of its work.
  const Cause cause = self->task->cause();
  if (cause == Cause::engine_closed || cause == Cause::engine_forked) return;
  PyObject* raised = take_raised_exception();
  if (collect_outcome(self) < 0) {
    PyErr_WriteUnraisable(object);
  } else if (self->outcome == Outcome::error) {
    report_unseen(*self->state, object, self->collected);
  }
  if (raised != nullptr) restore_raised_exception(raised);
}

void dealloc(PyObject* object) {
  TicketObject* self = as_ticket(object);
  if (PyObject_CallFinalizerFromDealloc(object) < 0) return;
  PyObject_GC_UnTrack(object);
  PyObject_ClearWeakRefs(object);
  Py_XDECREF(self->value);
  Py_XDECREF(self->collected);
  Py_XDECREF(self->on_cancel);
  Py_XDECREF(self->home_loop);
  --self->state->live_tickets;
  if (self->batch == nullptr) {
    leave_orphan(*self->state, TaskRef::adopt(self->task), nullptr);
  } else {
    leave_orphan(*self->state, TaskRef::adopt(self->task), std::move(*self->batch));
    delete self->batch;
  }
  free_heap_object(object);
}

/// For futures of a ticket, which are not waited for through it.
PyObject* run_here(PyObject* self, PyObject*) {
  TicketObject* ticket = as_ticket(self);
  const bool own = ticket->fork_epoch == os::fork_epoch();
  return PyBool_FromLong(own && run_awaited_call(*ticket->task));
}

PyMethodDef methods[] = {
    {"result", method(ticket_result), METH_FASTCALL | METH_KEYWORDS,
     "result($self, /, timeout=None)\n--\n\n"
     "Wait for the result and return it, or raise the exception of the work.\n\n"
     "Threads: any; waits without the GIL. On the event loop that the work itself needs it raises\n"
     "RuntimeError. Raises TimeoutError when `timeout` seconds pass; the work goes on."},
    {"exception", method(ticket_exception), METH_FASTCALL | METH_KEYWORDS,
     "exception($self, /, timeout=None)\n--\n\n"
     "Wait like result() and return the exception, or None for a success."},
    {"cancel", method(cancel), METH_FASTCALL | METH_KEYWORDS,
     "cancel($self, /, msg=None)\n--\n\n"
     "End the work: queued work never runs, a running kernel is asked to stop.\n\n"
     "Returns True when this call ended it. Awaits return at once; buffers that a running kernel\n"
     "uses are held until it returns."},
    {"done", done, METH_NOARGS,
     "done($self, /)\n--\n\nReturn True when a result, an exception or a cancellation is there."},
    {"cancelled", cancelled, METH_NOARGS,
     "cancelled($self, /)\n--\n\nReturn True when the work was cancelled."},
    {"running", running, METH_NOARGS,
     "running($self, /)\n--\n\nReturn True while a worker runs it."},
    {"add_done_callback", method(ticket_add_done_callback), METH_FASTCALL | METH_KEYWORDS,
     "add_done_callback($self, fn, /, *, context=None)\n--\n\n"
     "Call fn(ticket) on the running event loop once the ticket is done.\n\n"
     "Threads: one in which an event loop runs; without one use as_concurrent()."},
    {"remove_done_callback", ticket_remove_done_callback, METH_O,
     "remove_done_callback($self, fn, /)\n--\n\n"
     "Withdraw a callback; returns how many registrations were removed."},
    {"get_loop", get_loop, METH_NOARGS,
     "get_loop($self, /)\n--\n\n"
     "Return the event loop running in this thread: a ticket can be awaited on any."},
    {"as_concurrent", as_concurrent, METH_NOARGS,
     "as_concurrent($self, /)\n--\n\n"
     "Return a concurrent.futures.Future of the same outcome.\n\n"
     "Its callbacks run on the thread named 'cogway-callbacks'. Cancelling it cancels the ticket."},
    {"_make_cancelled_error", make_cancelled_error, METH_NOARGS, nullptr},
    {"_run_here", run_here, METH_NOARGS, nullptr},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"_asyncio_future_blocking", get_false, nullptr, nullptr, nullptr},
    {"_cancel_message", get_none, nullptr, nullptr, nullptr},
    {"name", get_name, nullptr, "The kernel's or callable's name.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
#ifndef COGWAY_MANAGED_WEAKREF
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TicketObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
constexpr unsigned kWeakFlag = 0;
#else
constexpr unsigned kWeakFlag = Py_TPFLAGS_MANAGED_WEAKREF;
#endif
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_finalize, slot(finalize)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear)},
    {Py_tp_repr, slot(repr)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
#ifndef COGWAY_MANAGED_WEAKREF
    {Py_tp_members, members},
#endif
    {Py_am_await, slot(await)},
    {Py_tp_doc,
     const_cast<char*>("The awaitable handle of submitted work.\n\n"
                       "Await it from any event loop, any number of times, or wait with\n"
                       "result() from any thread.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Ticket", sizeof(TicketObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                        Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | kWeakFlag,
                    slots};

PyType_Slot batch_slots[] = {
    {Py_tp_doc, const_cast<char*>("The awaitable handle of one c_map call: a list of results.")},
    {0, nullptr},
};
PyType_Spec batch_spec = {
    "cogway._core.BatchTicket", 0, 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, batch_slots};

TicketObject* allocate(ModuleState& state, PyTypeObject* type) {
  TicketObject* self = PyObject_GC_New(TicketObject, type);
  if (self == nullptr) return nullptr;
  self->state = &state;
  ++state.live_tickets;
  self->task = nullptr;
  self->batch = nullptr;
  self->value = nullptr;
  self->collected = nullptr;
  self->on_cancel = nullptr;
  self->home_loop = nullptr;
  self->callbacks = nullptr;
  self->fork_epoch = os::fork_epoch();
  new (&self->awaiters) std::atomic<std::uint32_t>(0);
  new (&self->outcome) std::atomic<Outcome>(Outcome::pending);
  new (&self->seen) std::atomic<bool>(false);
#ifndef COGWAY_MANAGED_WEAKREF
  self->weak_references = nullptr;
#endif
  return self;
}

}  // namespace

// A ticket of a kernel refers to no containers, so the collector need not know it; track_ticket()
// tells it when that changes.
PyObject* make_ticket(ModuleState& state, TaskRef task) {
  TicketObject* self = allocate(state, state.ticket_type);
  if (self == nullptr) return nullptr;
  self->task = task.leak();
  return reinterpret_cast<PyObject*>(self);
}

PyObject* make_batch_ticket(ModuleState& state, std::shared_ptr<Batch> batch) {
  TicketObject* self = allocate(state, state.batch_ticket_type);
  if (self == nullptr) return nullptr;
  self->task = TaskRef(batch->gate).leak();
  self->batch = new std::shared_ptr<Batch>(std::move(batch));
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

void track_ticket(TicketObject* ticket) noexcept {
  if (!PyObject_GC_IsTracked(reinterpret_cast<PyObject*>(ticket))) PyObject_GC_Track(ticket);
}

int add_ticket_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.ticket_type, Export::visible);
}

int add_batch_ticket_type(PyObject* module, ModuleState& state) {
  PyObject* type =
      PyType_FromModuleAndSpec(module, &batch_spec, reinterpret_cast<PyObject*>(state.ticket_type));
  if (type == nullptr) return -1;
  state.batch_ticket_type = reinterpret_cast<PyTypeObject*>(type);
  return PyModule_AddType(module, state.batch_ticket_type);
}

}  // namespace cogway
