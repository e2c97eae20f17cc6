// SPDX-License-Identifier: Apache-2.0
#include "module/bridge.hpp"

#include <new>
#include <system_error>

#include "cogway/base/os/processors.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/heap_type.hpp"
#include "module/running_loop.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

struct ReaderObject {
  PyObject_HEAD BridgeObject* bridge;  ///< owned
};

// --- Delivery ----------------------------------------------------------------------------------

/// Gives an exception of a callback to the loop's handler, as asyncio's own handles do.
int report_to_loop(BridgeObject* self, PyObject* callback, PyObject* subject) {
  if (PyErr_ExceptionMatches(PyExc_SystemExit) || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    return -1;
  }
  PyRef exception = PyRef::steal(take_raised_exception());
  PyRef loop = loop_of_bridge(self);
  if (!loop) return 0;
  PyRef details = PyRef::steal(PyDict_New());
  PyRef message =
      PyRef::steal(PyUnicode_FromFormat("Exception in callback %R of a cogway ticket", callback));
  if (!details || !message ||
      PyDict_SetItem(details.get(), self->state->name_message, message.get()) < 0 ||
      PyDict_SetItem(details.get(), self->state->name_exception, exception.get()) < 0 ||
      PyDict_SetItem(details.get(), self->state->name_future, subject) < 0) {
    PyErr_WriteUnraisable(callback);
    return 0;
  }
  PyRef done = PyRef::steal(PyObject_CallMethodOneArg(
      loop.get(), self->state->name_call_exception_handler, details.get()));
  if (done) return 0;
  if (PyErr_ExceptionMatches(PyExc_SystemExit) || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    return -1;
  }
  PyErr_WriteUnraisable(callback);
  return 0;
}

/// Calls what a node waited to call, and frees the node. -1 for KeyboardInterrupt and SystemExit.
int deliver(BridgeObject* self, Completion* node) {
  node->unlink();
  --self->statistics.in_flight;
  PyRef callback = PyRef::steal(std::exchange(node->callback, nullptr));
  PyRef context = PyRef::steal(std::exchange(node->context, nullptr));
  PyRef subject = PyRef::steal(std::exchange(node->subject, nullptr));
  node->destroy();
  if (!callback) return 0;
  ++self->statistics.delivered;
  if (PyContext_Enter(context.get()) < 0) {
    return report_to_loop(self, callback.get(), subject.get());
  }
  HangIfUnwound barrier;
  PyRef result = PyRef::steal(PyObject_CallOneArg(callback.get(), subject.get()));
  barrier.disarm();
  int status = result ? 0 : report_to_loop(self, callback.get(), subject.get());
  if (PyContext_Exit(context.get()) < 0) {
    PyErr_WriteUnraisable(callback.get());
  }
  return status;
}

Completion* take_due(BridgeObject* self) noexcept {
  self->due_end = &self->due;
  return std::exchange(self->due, nullptr);
}

int deliver_backlog(BridgeObject* self) {
  while (self->backlog != nullptr) {
    Completion* node = self->backlog;
    self->backlog = node->next_ready;
    if (deliver(self, node) < 0) {
      // The loop is about to stop; whoever runs it again finds the rest.
      if (self->backlog != nullptr || self->due != nullptr || !self->queue->empty()) {
        self->queue->signal();
      }
      return -1;
    }
  }
  return 0;
}

/// Those that a callback adds wait for the next turn: a chain of them must not keep the loop here.
int deliver_all(BridgeObject* self) {
  if (self->backlog == nullptr) self->backlog = take_due(self);
  if (deliver_backlog(self) < 0) return -1;
  self->backlog = self->queue->take();
  if (deliver_backlog(self) < 0) return -1;
  self->state->mailbox->drain();
  return 0;
}

/// Frees nodes whose loop will never run again.
void discard(BridgeObject* self, Completion* node) noexcept {
  while (node != nullptr) {
    Completion* next = node->next_ready;
    node->unlink();
    --self->statistics.in_flight;
    node->drop_references();
    node->destroy();
    node = next;
  }
}

void close_bridge(BridgeObject* self) noexcept {
  discard(self, std::exchange(self->backlog, nullptr));
  discard(self, take_due(self));
  discard(self, self->queue->close());
}

// --- The reader: what add_reader calls -----------------------------------------------------------

PyObject* call_reader(PyObject* object, PyObject*, PyObject*) {
  BridgeObject* self = reinterpret_cast<ReaderObject*>(object)->bridge;
  self->queue->clear_signal();
  ++self->statistics.drains;
  if (deliver_all(self) < 0) return nullptr;
  Py_RETURN_NONE;
}

void dealloc_reader(PyObject* object) {
  auto* reader = reinterpret_cast<ReaderObject*>(object);
  close_bridge(reader->bridge);
  Py_DECREF(reader->bridge);
  free_heap_object(object);
}

PyType_Slot reader_slots[] = {
    {Py_tp_call, slot(call_reader)},
    {Py_tp_dealloc, slot(dealloc_reader)},
    {0, nullptr},
};
PyType_Spec reader_spec = {
    "cogway._core.LoopBridgeReader", sizeof(ReaderObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    reader_slots};

// --- The bridge: what call_soon calls while it polls ---------------------------------------------

PyObject* poll_again(BridgeObject* self) {
  PyRef loop = loop_of_bridge(self);
  if (!loop) Py_RETURN_NONE;
  PyRef handle = PyRef::steal(PyObject_CallMethodOneArg(loop.get(), self->state->name_call_soon,
                                                        reinterpret_cast<PyObject*>(self)));
  if (!handle) {
    (void)self->queue->end_polling();
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* start_polling(BridgeObject* self, TimePoint now) {
  self->budget.begin(now);
  self->queue->begin_polling();
  return poll_again(self);
}

PyObject* call_bridge(PyObject* object, PyObject*, PyObject*) {
  BridgeObject* self = as_bridge(object);
  const TimePoint now = monotonic_now();
  const bool worth_it = self->budget.turn(now);
  const std::uint64_t before = self->statistics.delivered;
  if (deliver_all(self) < 0) {
    (void)self->queue->end_polling();
    return nullptr;
  }
  if (self->statistics.delivered != before) self->budget.hit(monotonic_now());
  if (self->due != nullptr) return poll_again(self);
  if (self->statistics.in_flight != 0) {
    // What was delivered may have begun new work, and moved the end of the window.
    if (worth_it && now < self->poll_until) return poll_again(self);
    self->budget.miss(now);
  }
  // What came between the delivery and the end of polling made no signal.
  if (!self->queue->end_polling() && deliver_all(self) < 0) return nullptr;
  Py_RETURN_NONE;
}

void dealloc_bridge(PyObject* object) {
  BridgeObject* self = as_bridge(object);
  close_bridge(self);
  self->queue->release();
  Py_XDECREF(self->loop_reference);
  self->budget.~PollBudget();
  free_heap_object(object);
}

PyType_Slot bridge_slots[] = {
    {Py_tp_call, slot(call_bridge)},
    {Py_tp_dealloc, slot(dealloc_bridge)},
    {Py_tp_doc, const_cast<char*>("Carries native completions into one event loop.")},
    {0, nullptr},
};
PyType_Spec bridge_spec = {
    "cogway._core.LoopBridge", sizeof(BridgeObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    bridge_slots};

// --- The table of bridges ------------------------------------------------------------------------

/// Weak-reference callback: the loop is gone.
PyObject* forget_loop(PyObject* module, PyObject* reference) {
  ModuleState& state = state_of_module(module);
  if (state.bridges == nullptr) Py_RETURN_NONE;
  PyRef bridge = PyRef::borrow(PyDict_GetItemWithError(state.bridges, reference));
  if (bridge) {
    as_bridge(bridge.get())->loop_identity = nullptr;
    COGWAY_BEGIN_CRITICAL_SECTION(module)
    if (state.latest_bridge == bridge.get()) Py_CLEAR(state.latest_bridge);
    COGWAY_END_CRITICAL_SECTION()
    if (PyDict_DelItem(state.bridges, reference) < 0) PyErr_Clear();
  } else if (PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  Py_RETURN_NONE;
}
PyMethodDef forget_loop_method = {"_forget_loop", forget_loop, METH_O, nullptr};

PyRef make_bridge(ModuleState& state, PyObject* loop) {
  BridgeObject* self = PyObject_New(BridgeObject, state.bridge_type);
  if (self == nullptr) return {};
  self->state = &state;
  self->loop_reference = nullptr;
  self->loop_identity = loop;
  self->backlog = nullptr;
  (void)take_due(self);
  self->poll_until = TimePoint{};
  new (&self->budget) PollBudget(os::processor_share() >= 2.0);
  self->statistics = {};
  try {
    self->queue = new CompletionQueue(state.mailbox);
  } catch (const std::exception& error) {
    PyErr_Format(PyExc_OSError, "cannot make the descriptor that wakes the event loop: %s",
                 error.what());
    PyTypeObject* type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
    return {};
  }
  PyRef bridge = PyRef::steal(reinterpret_cast<PyObject*>(self));
  self->loop_reference = PyWeakref_NewRef(loop, nullptr);
  if (self->loop_reference == nullptr) return {};

  ReaderObject* reader = PyObject_New(ReaderObject, state.bridge_reader_type);
  if (reader == nullptr) return {};
  reader->bridge = as_bridge(bridge.new_ref());
  PyRef owned_reader = PyRef::steal(reinterpret_cast<PyObject*>(reader));
  PyRef descriptor = PyRef::steal(PyLong_FromLong(self->queue->fd()));
  if (!descriptor) return {};
  PyObject* arguments[] = {loop, descriptor.get(), owned_reader.get()};
  PyRef added =
      PyRef::steal(PyObject_VectorcallMethod(state.name_add_reader, arguments, 3, nullptr));
  return added ? bridge : PyRef();
}

}  // namespace

PyRef loop_of_bridge(BridgeObject* bridge) {
  PyObject* loop = nullptr;
  if (weak_referent(bridge->loop_reference, &loop) < 0) PyErr_Clear();
  return PyRef::steal(loop);
}

PyRef bridge_of_loop(ModuleState& state, PyObject* loop) {
  PyRef bridge;
  COGWAY_BEGIN_CRITICAL_SECTION(state.module)
  if (state.latest_bridge != nullptr && as_bridge(state.latest_bridge)->loop_identity == loop) {
    bridge = PyRef::borrow(state.latest_bridge);
  }
  COGWAY_END_CRITICAL_SECTION()
  if (bridge) return bridge;

  PyRef key = PyRef::steal(PyWeakref_NewRef(loop, nullptr));
  if (!key) return {};
  bridge = PyRef::borrow(PyDict_GetItemWithError(state.bridges, key.get()));
  if (!bridge) {
    if (PyErr_Occurred() != nullptr) return {};
    bridge = make_bridge(state, loop);
    if (!bridge) return {};
    key = PyRef::steal(PyWeakref_NewRef(loop, state.forget_loop));
    if (!key || PyDict_SetItem(state.bridges, key.get(), bridge.get()) < 0) return {};
  }
  COGWAY_BEGIN_CRITICAL_SECTION(state.module)
  Py_XSETREF(state.latest_bridge, bridge.new_ref());
  COGWAY_END_CRITICAL_SECTION()
  return bridge;
}

PyRef current_bridge(ModuleState& state, const char* function) {
  PyRef loop = running_loop(state);
  if (loop) return bridge_of_loop(state, loop.get());
  if (PyErr_Occurred() == nullptr) {
    PyErr_Format(PyExc_RuntimeError,
                 "%s(): no event loop runs in this thread; use result(timeout=) to wait here, or "
                 "as_concurrent() for callbacks without a loop",
                 function);
  }
  return {};
}

int note_armed(BridgeObject* bridge, const Completion& node) {
  ++bridge->statistics.in_flight;
  const TimePoint now = monotonic_now();
  const TimePoint until = bridge->budget.window(now, Nanoseconds{node.expected_ns});
  if (until > bridge->poll_until) bridge->poll_until = until;
  bridge->budget.own_work(now);
  if (until == TimePoint{} || bridge->queue->polling()) return 0;
  PyRef scheduled = PyRef::steal(start_polling(bridge, now));
  return scheduled ? 0 : -1;
}

int note_due(BridgeObject* bridge, Completion* node) {
  ++bridge->statistics.in_flight;
  node->next_ready = nullptr;
  bridge->budget.own_work(TimePoint::max());  // until whenever: not worth a look at the clock
  *bridge->due_end = node;
  bridge->due_end = &node->next_ready;
  if (bridge->queue->polling()) return 0;
  PyRef scheduled = PyRef::steal(start_polling(bridge, monotonic_now()));
  return scheduled ? 0 : -1;
}

int call_soon(BridgeObject* bridge, PyObject* callback, PyObject* subject, PyObject* context) {
  PyRef loop = loop_of_bridge(bridge);
  if (!loop) return PyErr_SetString(PyExc_RuntimeError, "the event loop is gone"), -1;
  PyObject* arguments[] = {loop.get(), callback, subject, context};
  PyRef handle = PyRef::steal(PyObject_VectorcallMethod(bridge->state->name_call_soon, arguments, 3,
                                                        bridge->state->context_keyword));
  return handle ? 0 : -1;
}

int add_bridge_type(PyObject* module, ModuleState& state) {
  state.bridges = PyDict_New();
  state.context_keyword = PyTuple_Pack(1, state.name_context);
  state.forget_loop = PyCFunction_New(&forget_loop_method, module);
  if (state.bridges == nullptr || state.context_keyword == nullptr ||
      state.forget_loop == nullptr) {
    return -1;
  }
  if (add_heap_type(module, &reader_spec, &state.bridge_reader_type, Export::hidden) < 0) return -1;
  return add_heap_type(module, &bridge_spec, &state.bridge_type, Export::hidden);
}

}  // namespace cogway
