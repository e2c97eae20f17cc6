// SPDX-License-Identifier: Apache-2.0
// A task's wait for a lock, semaphore or event: what `await` iterates, and what asyncio's Task sees
// while it waits. It is woken as a ticket's waiters are, through the bridge of its loop. Whatever
// ends it before it was resumed (cancel, throw, close, the loop's end) gives back what it was
// granted.

#include <new>
#include <utility>

#include "cogway/python/compat.hpp"
#include "cogway/python/completion_queue.hpp"
#include "module/bridge.hpp"
#include "module/heap_type.hpp"
#include "module/loop_rings.hpp"
#include "module/sync_state.hpp"
#include "module/ticket.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

enum class Stage : std::uint8_t { fresh, waiting, cancelled, over };

struct AwaiterObject;
struct AwaiterNode : SyncWait {
  AwaiterObject* awaiter = nullptr;
};

struct AwaiterObject {
  PyObject_HEAD AwaiterNode node;
  ModuleState* state;
  const WaitKind* kind;
  PyObject* owner;           ///< owned
  PyObject* cancel_message;  ///< owned
  PyObject* bridge;          ///< owned, while waiting
  Completion* completion;    ///< armed, until the bridge delivers it; holds a reference to this
  Stage stage;
  bool blocking;  ///< asyncio's `_asyncio_future_blocking`
};

AwaiterObject* as_awaiter(PyObject* object) noexcept {
  return reinterpret_cast<AwaiterObject*>(object);
}

/// Called once by whoever chose the outcome, on any thread, while the completion keeps us alive.
void notify(WaitNode<>* node) noexcept {
  LoopRings::push(static_cast<AwaiterNode*>(node)->awaiter->completion);
}

bool arm(AwaiterObject* self) {
  if (self->bridge == nullptr) self->bridge = current_bridge(*self->state, "await").release();
  if (self->bridge == nullptr) return false;
  Completion* completion = Completion::create(as_bridge(self->bridge)->queue);
  if (completion == nullptr) return PyErr_NoMemory(), false;
  completion->subject = Py_NewRef(reinterpret_cast<PyObject*>(self));
  completion->expected_ns = INT64_MAX;  // nobody knows when: not worth polling for
  completion->link(reinterpret_cast<PyObject*>(self), &self->completion);
  self->node.notify = &notify;
  return true;
}

/// Takes back an armed completion that nobody will push. Keeps its callback for `wake`.
void disarm(AwaiterObject* self, PyRef* callback, PyRef* context) noexcept {
  Completion* completion = self->completion;
  completion->unlink();
  if (callback != nullptr) *callback = PyRef::steal(std::exchange(completion->callback, nullptr));
  if (context != nullptr) *context = PyRef::steal(std::exchange(completion->context, nullptr));
  completion->drop_references();
  completion->destroy();
}

/// Ends a wait that will not be resumed. True: nobody had chosen an outcome, so nothing will be
/// delivered.
bool abandon(AwaiterObject* self) noexcept {
  const bool withdrawn = self->kind->withdraw(self->owner, self->node);
  if (!withdrawn) self->kind->give_back(self->owner, self->node);
  return self->node.outcome() == WaitOutcome::waiting;
}

/// Nobody will resume this await.
void drop_wait(AwaiterObject* self) noexcept {
  if (self->stage == Stage::waiting) {
    self->stage = Stage::over;
    if (abandon(self)) {
      PyRef bridge = PyRef::steal(std::exchange(self->bridge, nullptr));
      disarm(self, nullptr, nullptr);
      note_disarmed(as_bridge(bridge.get()));
    } else if (self->completion != nullptr) {
      Py_CLEAR(self->completion->callback);
      Py_CLEAR(self->completion->context);
    }
  }
  if (self->stage == Stage::fresh) self->stage = Stage::over;
}

PySendResult finish(AwaiterObject* self, PyObject** result) {
  self->stage = Stage::over;
  *result =
      self->kind == nullptr ? Py_NewRef(Py_None) : result_of(*self->kind, self->owner, self->node);
  return *result == nullptr ? PYGEN_ERROR : PYGEN_RETURN;
}
PySendResult fail(AwaiterObject* self) {
  self->stage = Stage::over;
  return PYGEN_ERROR;
}

PySendResult wait_once(AwaiterObject* self, PyObject* object, bool again, PyObject** result) {
  if (!arm(self)) return PYGEN_ERROR;
  const int got = again ? self->kind->resume(self->owner, self->node)
                        : self->kind->start(self->owner, self->node);
  if (got != 0) {
    disarm(self, nullptr, nullptr);
    return got < 0 ? fail(self) : finish(self, result);
  }
  self->stage = Stage::waiting;
  self->blocking = true;
  if (note_armed(as_bridge(self->bridge), *self->completion) < 0) {
    drop_wait(self);
    return PYGEN_ERROR;
  }
  *result = Py_NewRef(object);
  return PYGEN_NEXT;
}

PySendResult send(PyObject* object, PyObject*, PyObject** result) {
  AwaiterObject* self = as_awaiter(object);
  switch (self->stage) {
    case Stage::fresh:
      if (self->kind == nullptr ||
          (self->kind->try_now != nullptr && self->kind->try_now(self->owner))) {
        return finish(self, result);
      }
      return wait_once(self, object, false, result);
    case Stage::waiting:
      if (self->node.outcome() == WaitOutcome::waiting) {
        PyErr_SetString(PyExc_RuntimeError, "await was resumed before the wait was over");
        return PYGEN_ERROR;
      }
      if (self->node.outcome() == WaitOutcome::retry) return wait_once(self, object, true, result);
      if (self->kind->resume(self->owner, self->node) < 0) return fail(self);
      return finish(self, result);
    case Stage::cancelled:
      raise_cancelled(*self->state, self->cancel_message);
      return PYGEN_ERROR;
    case Stage::over:
      PyErr_SetString(PyExc_RuntimeError, "this await is over: call the method again");
      return PYGEN_ERROR;
  }
  return PYGEN_ERROR;
}

PyObject* iterate_next(PyObject* object) {
  PyObject* result = nullptr;
  switch (send(object, Py_None, &result)) {
    case PYGEN_RETURN: {
      const PyRef value = PyRef::steal(result);
      if (!PyTuple_Check(result) && !PyExceptionInstance_Check(result)) {
        PyErr_SetObject(PyExc_StopIteration, result);
        return nullptr;
      }
      // These would be taken for the arguments of StopIteration, or for the exception itself.
      const PyRef stop = PyRef::steal(PyObject_CallOneArg(PyExc_StopIteration, result));
      if (stop) PyErr_SetObject(PyExc_StopIteration, stop.get());
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
  if (self->completion == nullptr || self->completion->callback != nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "one await has one callback");
    return nullptr;
  }
  // Nothing is delivered before this thread goes back to its loop.
  self->completion->callback = Py_NewRef(values[0]);
  self->completion->context = context.release();
  Py_RETURN_NONE;
}

/// asyncio's Task asks for this when it is woken; the result itself travels through send().
PyObject* result(PyObject* object, PyObject*) {
  AwaiterObject* self = as_awaiter(object);
  if (self->stage == Stage::cancelled) {
    raise_cancelled(*self->state, self->cancel_message);
    return nullptr;
  }
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
  if (self->stage != Stage::waiting) Py_RETURN_FALSE;
  Py_XSETREF(self->cancel_message, Py_XNewRef(message));
  self->stage = Stage::cancelled;
  if (!abandon(self)) Py_RETURN_TRUE;  // the bridge is about to deliver: result() tells
  PyRef callback;
  PyRef context;
  PyRef bridge = PyRef::steal(std::exchange(self->bridge, nullptr));
  disarm(self, &callback, &context);
  note_disarmed(as_bridge(bridge.get()));
  if (callback && call_soon(as_bridge(bridge.get()), callback.get(), object, context.get()) < 0) {
    return nullptr;
  }
  Py_RETURN_TRUE;
}

PyObject* close(PyObject* object, PyObject*) {
  const PyRef held = PyRef::borrow(object);
  drop_wait(as_awaiter(object));
  Py_RETURN_NONE;
}

PyObject* throw_into(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1 || count > 3) {
    return PyErr_Format(PyExc_TypeError, "throw() takes 1 to 3 arguments (%zd given)", count);
  }
  const PyRef held = PyRef::borrow(object);
  drop_wait(as_awaiter(object));
  PyObject* given = arguments[0];
  if (PyExceptionInstance_Check(given)) {
    PyErr_SetObject(PyExceptionInstance_Class(given), given);
  } else if (PyExceptionClass_Check(given)) {
    PyErr_SetObject(given, count > 1 ? arguments[1] : nullptr);
  } else {
    PyErr_SetString(PyExc_TypeError, "throw(): exceptions must be classes or instances");
  }
  return nullptr;
}

PyObject* get_loop(PyObject* object, PyObject*) {
  PyRef bridge = current_bridge(*as_awaiter(object)->state, "get_loop");
  if (!bridge) return nullptr;
  PyRef loop = loop_of_bridge(as_bridge(bridge.get()));
  return loop ? loop.release() : Py_NewRef(Py_None);
}

/// None before it waits, and asyncio takes an object with None for no future: ensure_future() and
/// gather() then begin the wait in a task of their own.
PyObject* get_blocking(PyObject* object, void*) {
  AwaiterObject* self = as_awaiter(object);
  if (self->stage == Stage::fresh) return Py_NewRef(Py_None);
  return PyBool_FromLong(self->blocking);
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
  Py_VISIT(self->owner);
  Py_VISIT(self->node.cargo);
  Py_VISIT(self->cancel_message);
  Py_VISIT(self->bridge);
  return 0;
}

void dealloc(PyObject* object) {
  AwaiterObject* self = as_awaiter(object);
  PyObject_GC_UnTrack(object);
  // An armed completion holds a reference, so there is none: but what was granted on the way to a
  // loop that is closed still has to be given back.
  if (self->stage == Stage::waiting) (void)abandon(self);
  Py_CLEAR(self->owner);
  Py_CLEAR(self->node.cargo);
  Py_CLEAR(self->cancel_message);
  Py_CLEAR(self->bridge);
  self->node.~AwaiterNode();
  free_heap_object(object);
}

PyObject* self_of(PyObject* object) { return Py_NewRef(object); }

PyMethodDef methods[] = {
    {"add_done_callback", method(add_done_callback), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"result", result, METH_NOARGS, nullptr},
    {"cancel", method(cancel), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"close", close, METH_NOARGS, nullptr},
    {"throw", method(throw_into), METH_FASTCALL, nullptr},
    {"get_loop", get_loop, METH_NOARGS, nullptr},
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
    {Py_tp_doc, const_cast<char*>("One wait of a task.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.SyncAwaiter", sizeof(AwaiterObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
                        Py_TPFLAGS_IMMUTABLETYPE,
                    slots};

}  // namespace

PyObject* make_sync_awaiter(ModuleState& state, const WaitKind* kind, PyObject* owner,
                            const WaitFor& about) {
  AwaiterObject* self = PyObject_GC_New(AwaiterObject, state.sync->sync_awaiter_type);
  if (self == nullptr) return nullptr;
  new (&self->node) AwaiterNode();
  self->node.awaiter = self;
  self->node.key = about.key;
  self->node.value = about.value;
  self->node.cargo = Py_XNewRef(about.cargo);
  self->state = &state;
  self->kind = kind;
  self->owner = Py_NewRef(owner);
  self->cancel_message = nullptr;
  self->bridge = nullptr;
  self->completion = nullptr;
  self->stage = Stage::fresh;
  self->blocking = false;
  PyObject_GC_Track(reinterpret_cast<PyObject*>(self));
  return reinterpret_cast<PyObject*>(self);
}

int add_sync_awaiter_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->sync_awaiter_type, Export::hidden);
}

}  // namespace cogway
