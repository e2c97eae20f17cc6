// SPDX-License-Identifier: Apache-2.0
// What `ConcurrentQueue.aio` gives: the queue with the methods of `asyncio.Queue`, so that
// `await queue.aio.get()` waits as a task. Everything else is asked of the queue itself.

#include "module/concurrent_queue.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct QueueSideObject {
  PyObject_HEAD PyObject* queue;  ///< owned
};
PyObject* queue_of(PyObject* self) noexcept {
  return reinterpret_cast<QueueSideObject*>(self)->queue;
}

/// No clear: cycles through it are broken by the queue, which lets go of its items.
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(queue_of(self));
  return 0;
}
void deallocate(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_XDECREF(queue_of(self));
  free_heap_object(self);
}

PyObject* wait_for(const WaitKind& kind, PyObject* self, const WaitFor& about = {}) {
  PyObject* queue = queue_of(self);
  return make_sync_awaiter(*as_queue(queue)->state, &kind, queue, about);
}
PyObject* put(PyObject* self, PyObject* item) { return wait_for(kQueuePut, self, {.cargo = item}); }
PyObject* get(PyObject* self, PyObject*) { return wait_for(kQueueGet, self); }
PyObject* join(PyObject* self, PyObject*) { return wait_for(kQueueJoin, self); }

constexpr char kPutNowait[] = "put_nowait";
constexpr char kGetNowait[] = "get_nowait";
constexpr char kTaskDone[] = "task_done";
constexpr char kShutdown[] = "shutdown";
constexpr char kQsize[] = "qsize";
constexpr char kEmpty[] = "empty";
constexpr char kFull[] = "full";
constexpr char kMaxsize[] = "maxsize";

/// The queue's own method, which a subclass may have made its own.
template <const char* kName>
PyObject* ask(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  PyObject* bound = PyObject_GetAttrString(queue_of(self), kName);
  if (bound == nullptr) return nullptr;
  PyObject* result =
      PyObject_Vectorcall(bound, arguments, static_cast<std::size_t>(count), keywords);
  Py_DECREF(bound);
  return result;
}
PyObject* get_maxsize(PyObject* self, void*) {
  return PyObject_GetAttrString(queue_of(self), kMaxsize);
}
PyObject* represent(PyObject* self) { return PyUnicode_FromFormat("%R.aio", queue_of(self)); }

constexpr int kPassed = METH_FASTCALL | METH_KEYWORDS;
PyMethodDef methods[] = {
    {"put", put, METH_O,
     "put($self, item, /)\n--\n\nReturn an awaitable that puts the item, waiting for room.\n\n"
     "Cancellation: the item was not put."},
    {"get", get, METH_NOARGS,
     "get($self, /)\n--\n\nReturn an awaitable that gives the next item.\n\n"
     "Cancellation: an item that came at that moment goes to the next, or back to its place."},
    {"join", join, METH_NOARGS,
     "join($self, /)\n--\n\n"
     "Return an awaitable that waits until task_done() was called for each item; it gives True."},
    {kPutNowait, method(ask<kPutNowait>), kPassed,
     "put_nowait($self, item, /)\n--\n\nPut an item, or raise queue.Full at once."},
    {kGetNowait, method(ask<kGetNowait>), kPassed,
     "get_nowait($self, /)\n--\n\nReturn the next item, or raise queue.Empty at once."},
    {kTaskDone, method(ask<kTaskDone>), kPassed, "task_done($self, /)\n--\n\nAs the queue's."},
    {kShutdown, method(ask<kShutdown>), kPassed,
     "shutdown($self, /, immediate=False)\n--\n\nAs the queue's."},
    {kQsize, method(ask<kQsize>), kPassed,
     "qsize($self, /)\n--\n\nReturn how many items are in it."},
    {kEmpty, method(ask<kEmpty>), kPassed, "empty($self, /)\n--\n\nReturn whether there is none."},
    {kFull, method(ask<kFull>), kPassed,
     "full($self, /)\n--\n\nReturn whether there are `maxsize`."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {kMaxsize, get_maxsize, nullptr, "How many items it holds; 0: any number.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>("A ConcurrentQueue for tasks, with the methods of `asyncio.Queue`.\n\n"
                       "Its exceptions are those of `queue.Queue`, as the queue's are.\n"
                       "Threads: tasks of any event loop, beside threads at the queue itself.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.QueueTaskSide", sizeof(QueueSideObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                        Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

PyObject* make_queue_side(PyObject* queue) {
  PyTypeObject* type = as_queue(queue)->state->sync->queue_side_type;
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) reinterpret_cast<QueueSideObject*>(self)->queue = Py_NewRef(queue);
  return self;
}

int add_queue_side_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->queue_side_type, Export::visible);
}

}  // namespace cogway
