// SPDX-License-Identifier: Apache-2.0
// What `await ticket` iterates, and what asyncio's Task sees while it waits: a future-shaped object
// of this one await. Its cancel() cancels the await; when it was the last one, the work too. A
// ticket that is done already gives its result without touching the loop, but not for ever: after
// kRowOfAwaits such awaits in a row, or kRowTime, one of them lets the loop turn once.

#include <new>

#include "cogway/base/clock.hpp"
#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"
#include "module/bridge.hpp"
#include "module/heap_type.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

enum class Stage : std::uint8_t { fresh, yielded, waiting, cancelled, over };

struct AwaiterObject {
  PyObject_HEAD ModuleState* state;
  TicketObject* ticket;  ///< owned
  PyObject* cancel_message;
  Completion* node;  ///< while waiting; freed by the bridge when it delivers
  PyObject* bridge;  ///< owned, while waiting
  Stage stage;
  bool blocking;  ///< asyncio's `_asyncio_future_blocking`
};

AwaiterObject* as_awaiter(PyObject* object) noexcept {
  return reinterpret_cast<AwaiterObject*>(object);
}

/// Awaits of this thread that returned without a turn of the loop.
struct Row {
  static constexpr std::uint32_t kRowOfAwaits = 64;
  static constexpr std::uint32_t kClockEvery = 8;
  static constexpr Nanoseconds kRowTime{200'000};
  std::uint32_t length = 0;
  TimePoint began{};

  bool must_yield() noexcept {
    if (length++ % kClockEvery == 0) {
      const TimePoint now = monotonic_now();
      if (length == 1) {
        began = now;
      } else if (now - began > kRowTime) {
        length = 0;
        return true;
      }
    }
    if (length <= kRowOfAwaits) return false;
    length = 0;
    return true;
  }
};
thread_local Row row;

void close_await(AwaiterObject* self) noexcept {
  if (self->stage != Stage::over && self->stage != Stage::cancelled) --self->ticket->awaiters;
}

/// Ends this await; the last one ends the work. The callback is called from the loop, as a
/// future's.
bool cancel_await(AwaiterObject* self) {
  if (self->stage == Stage::over || self->stage == Stage::cancelled) return false;
  if (self->stage == Stage::waiting && self->ticket->done() && self->node == nullptr) return false;
  close_await(self);
  self->stage = Stage::cancelled;
  if (self->node != nullptr) {
    PyRef callback = PyRef::steal(std::exchange(self->node->callback, nullptr));
    PyRef context = PyRef::steal(std::exchange(self->node->context, nullptr));
    self->node = nullptr;
    PyRef bridge = PyRef::steal(std::exchange(self->bridge, nullptr));
    if (callback && call_soon(as_bridge(bridge.get()), callback.get(),
                              reinterpret_cast<PyObject*>(self), context.get()) < 0) {
      PyErr_WriteUnraisable(callback.get());
    }
  }
  if (self->ticket->awaiters == 0) cancel_ticket(self->ticket);
  return true;
}

PySendResult send(PyObject* object, PyObject*, PyObject** result) {
  AwaiterObject* self = as_awaiter(object);
  switch (self->stage) {
    case Stage::fresh:
      if (!self->ticket->done()) {
        self->stage = Stage::waiting;
        self->blocking = true;
        *result = Py_NewRef(object);
        return PYGEN_NEXT;
      }
      if (row.must_yield()) {
        self->stage = Stage::yielded;
        *result = Py_NewRef(Py_None);
        return PYGEN_NEXT;
      }
      break;
    case Stage::cancelled:
      raise_cancelled(*self->state, self->cancel_message);
      return PYGEN_ERROR;
    case Stage::waiting:
      if (!self->ticket->done()) {
        PyErr_SetString(PyExc_RuntimeError, "await was resumed before the ticket was done");
        return PYGEN_ERROR;
      }
      row.length = 0;
      break;
    case Stage::yielded:
      break;
    case Stage::over:
      PyErr_SetString(PyExc_RuntimeError, "this await is over; await the ticket again");
      return PYGEN_ERROR;
  }
  close_await(self);
  self->stage = Stage::over;
  *result = ticket_outcome(self->ticket);
  return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
}

PyObject* iterate_next(PyObject* object) {
  PyObject* result = nullptr;
  switch (send(object, Py_None, &result)) {
    case PYGEN_RETURN: {
      // A tuple would be taken for the arguments of StopIteration.
      PyObject* stop = PyObject_CallOneArg(PyExc_StopIteration, result);
      Py_DECREF(result);
      if (stop == nullptr) return nullptr;
      PyErr_SetObject(PyExc_StopIteration, stop);
      Py_DECREF(stop);
      return nullptr;
    }
    case PYGEN_NEXT:
      return result;
    default:
      return nullptr;
  }
}

PyObject* add_done_callback(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                            PyObject* keywords) {
  AwaiterObject* self = as_awaiter(object);
  static constexpr const char* kNames[] = {"fn", "context"};
  PyObject* values[2];
  if (!bind_arguments({"add_done_callback", kNames, 1, 1}, arguments, count, keywords, values)) {
    return nullptr;
  }
  PyRef context = values[1] == nullptr || values[1] == Py_None
                      ? PyRef::steal(PyContext_CopyCurrent())
                      : PyRef::borrow(values[1]);
  if (!context) return nullptr;
  PyRef bridge = current_bridge(*self->state, "await");
  if (!bridge) return nullptr;
  BridgeObject* carrier = as_bridge(bridge.get());
  if (self->node != nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "one await has one callback; add others to the ticket");
    return nullptr;
  }
  Completion* node = Completion::create(carrier->queue);
  if (node == nullptr) return PyErr_NoMemory();
  node->expected_ns = self->ticket->expected_ns();
  const bool armed = self->stage == Stage::waiting && self->ticket->arm(*node);
  // Nothing is delivered before this thread goes back to its loop.
  node->subject = Py_NewRef(object);
  node->callback = Py_NewRef(values[0]);
  node->context = context.release();
  int noted = 0;
  if (armed) {
    self->node = node;
    noted = note_armed(carrier, *node);
    self->bridge = bridge.release();
  } else {
    noted = note_due(carrier, node);
  }
  if (noted < 0) return nullptr;
  Py_RETURN_NONE;
}

/// asyncio's Task asks for this when it is woken, before it goes on; the result itself travels
/// through send().
PyObject* result(PyObject* object, PyObject*) {
  AwaiterObject* self = as_awaiter(object);
  if (self->stage == Stage::cancelled) {
    raise_cancelled(*self->state, self->cancel_message);
    return nullptr;
  }
  self->node = nullptr;
  Py_CLEAR(self->bridge);
  Py_RETURN_NONE;
}

PyObject* cancel(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                 PyObject* keywords) {
  AwaiterObject* self = as_awaiter(object);
  static constexpr const char* kNames[] = {"msg"};
  PyObject* message = nullptr;
  if (!bind_arguments({"cancel", kNames, 1, 0}, arguments, count, keywords, &message)) {
    return nullptr;
  }
  Py_XSETREF(self->cancel_message, Py_XNewRef(message));
  return PyBool_FromLong(cancel_await(self));
}

/// The coroutine was closed while it waited: nobody will resume this await.
PyObject* close(PyObject* object, PyObject*) {
  AwaiterObject* self = as_awaiter(object);
  if (self->node != nullptr) {
    Py_CLEAR(self->node->callback);
    Py_CLEAR(self->node->context);
    self->node = nullptr;
    Py_CLEAR(self->bridge);
  }
  (void)cancel_await(self);
  Py_RETURN_NONE;
}

PyObject* get_loop(PyObject* object, PyObject*) {
  PyRef bridge = current_bridge(*as_awaiter(object)->state, "get_loop");
  if (!bridge) return nullptr;
  PyRef loop = loop_of_bridge(as_bridge(bridge.get()));
  return loop ? loop.release() : Py_NewRef(Py_None);
}

PyObject* done(PyObject* object, PyObject*) {
  AwaiterObject* self = as_awaiter(object);
  return PyBool_FromLong(self->stage == Stage::cancelled || self->ticket->done());
}

PyObject* get_blocking(PyObject* object, void*) {
  return PyBool_FromLong(as_awaiter(object)->blocking);
}
int set_blocking(PyObject* object, PyObject* value, void*) {
  if (value == nullptr) return PyErr_SetString(PyExc_AttributeError, "cannot delete"), -1;
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) return -1;
  as_awaiter(object)->blocking = truth != 0;
  return 0;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  AwaiterObject* self = as_awaiter(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->ticket);
  Py_VISIT(self->cancel_message);
  Py_VISIT(self->bridge);
  return 0;
}

void dealloc(PyObject* object) {
  AwaiterObject* self = as_awaiter(object);
  PyObject_GC_UnTrack(object);
  // A waiting node owns a reference to this object, so there is none now.
  close_await(self);
  Py_XDECREF(self->cancel_message);
  Py_XDECREF(self->bridge);
  Py_DECREF(self->ticket);
  free_heap_object(object);
}

PyObject* self_of(PyObject* object) { return Py_NewRef(object); }

PyMethodDef methods[] = {
    {"add_done_callback", method(add_done_callback), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"result", result, METH_NOARGS, nullptr},
    {"cancel", method(cancel), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"close", close, METH_NOARGS, nullptr},
    {"get_loop", get_loop, METH_NOARGS, nullptr},
    {"done", done, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"_asyncio_future_blocking", get_blocking, set_blocking, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_iter, slot(self_of)},
    {Py_tp_iternext, slot(iterate_next)},
    {Py_am_await, slot(self_of)},
    {Py_am_send, slot(send)},
    {Py_tp_doc, const_cast<char*>("One await of a ticket.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.TicketAwaiter", sizeof(AwaiterObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                        Py_TPFLAGS_IMMUTABLETYPE,
                    slots};

}  // namespace

PyObject* make_awaiter(TicketObject* ticket) {
  AwaiterObject* self = PyObject_GC_New(AwaiterObject, ticket->state->awaiter_type);
  if (self == nullptr) return nullptr;
  self->state = ticket->state;
  self->ticket = reinterpret_cast<TicketObject*>(Py_NewRef(ticket));
  self->cancel_message = nullptr;
  self->node = nullptr;
  self->bridge = nullptr;
  self->stage = Stage::fresh;
  self->blocking = false;
  ++ticket->awaiters;
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

int add_awaiter_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.awaiter_type, Export::hidden);
}

}  // namespace cogway
