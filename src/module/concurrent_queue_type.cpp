// SPDX-License-Identifier: Apache-2.0
// The heap type `ConcurrentQueue`.

#include <cstring>
#include <iterator>
#include <new>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/concurrent_queue.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

constexpr const char* kOrders[] = {"fifo", "lifo", "priority"};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"maxsize", "order", nullptr};
  PyObject* size = nullptr;
  const char* order = kOrders[0];
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O$s:ConcurrentQueue",
                                   const_cast<char**>(kNames), &size, &order)) {
    return nullptr;
  }
  std::int64_t most = 0;
  if (!to_int64({"ConcurrentQueue", "maxsize"}, size, INT64_MIN, INT64_MAX, most)) return nullptr;
  std::size_t chosen = 0;
  while (chosen < std::size(kOrders) && std::strcmp(order, kOrders[chosen]) != 0) ++chosen;
  if (chosen == std::size(kOrders)) {
    return PyErr_Format(PyExc_ValueError,
                        "ConcurrentQueue(): order must be 'fifo', 'lifo' or 'priority', not '%s'",
                        order);
  }
  ModuleState* state = state_of_subtype(type);
  PyObject* self = state == nullptr ? nullptr : type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  ConcurrentQueueObject* queue = as_queue(self);
  queue->state = state;
  new (&queue->store) QueueStore(static_cast<StoreOrder>(chosen));
  new (&queue->core) HandoverQueue<QueueStore>(most > 0 ? static_cast<std::size_t>(most) : 0);
  return self;
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return as_queue(self)->store.traverse(visit, arg);
}
int clear_object(PyObject* self) {
  ItemRing items;
  as_queue(self)->store.swap(items);
  return 0;
}
void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  (void)clear_object(self);
  as_queue(self)->core.~HandoverQueue();
  as_queue(self)->store.~QueueStore();
  free_heap_object(self);
}

PyObject* raise(PyObject* error, const char* text) {
  PyErr_SetString(error, text);
  return nullptr;
}
SyncState& sync_of(PyObject* self) noexcept { return *as_queue(self)->state->sync; }

/// `block` and `timeout` as queue.Queue takes them: without waiting there is no timeout to mind.
bool to_limit(const char* function, PyObject* block, PyObject* timeout, TimePoint& deadline) {
  const int truth = block == nullptr ? 1 : PyObject_IsTrue(block);
  if (truth < 0) return false;
  deadline = TimePoint{};
  return truth == 0 || to_deadline({function, "timeout"}, timeout, false, deadline);
}

PyObject* put_until(PyObject* self, PyObject* item, TimePoint deadline) {
  SyncWait wait;
  wait.cargo = item;
  const int done = wait_in_thread(kQueuePut, self, deadline, wait);
  if (done > 0) Py_RETURN_NONE;
  return done < 0 ? nullptr : raise(sync_of(self).queue_full, "the queue is full");
}
PyObject* get_until(PyObject* self, TimePoint deadline) {
  SyncWait wait;
  const int done = wait_in_thread(kQueueGet, self, deadline, wait);
  if (done > 0) return result_of(kQueueGet, self, wait);
  return done < 0 ? nullptr : raise(sync_of(self).queue_empty, "the queue is empty");
}

PyObject* put(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  if (count == 1 && keywords == nullptr) return put_until(self, arguments[0], kNever);
  static constexpr const char* kNames[] = {"item", "block", "timeout"};
  PyObject* values[3];
  TimePoint deadline{};
  if (!bind_arguments({"put", kNames, 3, 1}, arguments, count, keywords, values) ||
      !to_limit("put", values[1], values[2], deadline)) {
    return nullptr;
  }
  return put_until(self, values[0], deadline);
}
PyObject* put_nowait(PyObject* self, PyObject* item) { return put_until(self, item, TimePoint{}); }
PyObject* put_async(PyObject* self, PyObject* item) {
  return make_sync_awaiter(*as_queue(self)->state, &kQueuePut, self, {.cargo = item});
}
PyObject* get(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline = kNever;
  if (count != 0 || keywords != nullptr) {
    static constexpr const char* kNames[] = {"block", "timeout"};
    PyObject* values[2];
    if (!bind_arguments({"get", kNames, 2, 0}, arguments, count, keywords, values) ||
        !to_limit("get", values[0], values[1], deadline)) {
      return nullptr;
    }
  }
  PyObject* item = queue_take(self);
  return item != nullptr ? item : get_until(self, deadline);
}
PyObject* get_nowait(PyObject* self, PyObject*) {
  PyObject* item = queue_take(self);
  return item != nullptr ? item : get_until(self, TimePoint{});
}
PyObject* get_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(*as_queue(self)->state, &kQueueGet, self);
}

PyObject* join(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline{};
  if (!to_wait(arguments, count, keywords, deadline, "join")) return nullptr;
  const int done = wait_in_thread(kQueueJoin, self, deadline);
  return done < 0 ? nullptr : PyBool_FromLong(done);
}
PyObject* join_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(*as_queue(self)->state, &kQueueJoin, self);
}
PyObject* task_done(PyObject* self, PyObject*) {
  if (queue_finish(self)) Py_RETURN_NONE;
  return raise(PyExc_ValueError, "task_done() called more often than items were put");
}
PyObject* shut_down(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords) {
  static constexpr const char* kNames[] = {"immediate"};
  PyObject* given = nullptr;
  if (!bind_arguments({"shutdown", kNames, 1, 0}, arguments, count, keywords, &given)) {
    return nullptr;
  }
  const int immediate = given == nullptr ? 0 : PyObject_IsTrue(given);
  if (immediate < 0) return nullptr;
  queue_shut_down(self, immediate != 0);
  Py_RETURN_NONE;
}
PyObject* qsize(PyObject* self, PyObject*) { return PyLong_FromSize_t(queue_size(self)); }
PyObject* empty(PyObject* self, PyObject*) { return PyBool_FromLong(queue_size(self) == 0); }
PyObject* full(PyObject* self, PyObject*) {
  const std::size_t most = as_queue(self)->core.most();
  return PyBool_FromLong(most != 0 && queue_size(self) >= most);
}
PyObject* get_maxsize(PyObject* self, void*) {
  return PyLong_FromSize_t(as_queue(self)->core.most());
}
PyObject* get_order(PyObject* self, void*) {
  return PyUnicode_FromString(kOrders[static_cast<int>(as_queue(self)->store.order())]);
}
PyObject* get_aio(PyObject* self, void*) { return make_queue_side(self); }
PyObject* get_is_shutdown(PyObject* self, void*) {
  bool closed = false;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  closed = as_queue(self)->core.closed();
  COGWAY_END_CRITICAL_SECTION()
  return PyBool_FromLong(closed);
}
PyObject* get_unfinished(PyObject* self, void*) {
  std::uint64_t unfinished = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  unfinished = as_queue(self)->core.unfinished();
  COGWAY_END_CRITICAL_SECTION()
  return PyLong_FromUnsignedLongLong(unfinished);
}
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.ConcurrentQueue, %s, %zu items>",
                              kOrders[static_cast<int>(as_queue(self)->store.order())],
                              queue_size(self));
}

PyMethodDef methods[] = {
    {"put", method(put), METH_FASTCALL | METH_KEYWORDS,
     "put($self, /, item, block=True, timeout=None)\n--\n\n"
     "Put an item, waiting for room in this thread; Full after `timeout` seconds.\n\n"
     "ShutDown after shutdown(). The GIL is released meanwhile and Ctrl-C comes through."},
    {"put_nowait", put_nowait, METH_O,
     "put_nowait($self, item, /)\n--\n\nPut an item, or raise Full at once."},
    {"put_async", put_async, METH_O,
     "put_async($self, item, /)\n--\n\n"
     "Return an awaitable that puts the item, waiting for room as a task.\n\n"
     "Cancellation: the item was not put."},
    {"get", method(get), METH_FASTCALL | METH_KEYWORDS,
     "get($self, /, block=True, timeout=None)\n--\n\n"
     "Return the next item, waiting in this thread; Empty after `timeout` seconds.\n\n"
     "ShutDown when it is shut down and empty. The GIL is released meanwhile and Ctrl-C comes\n"
     "through, which loses no item."},
    {"get_nowait", get_nowait, METH_NOARGS,
     "get_nowait($self, /)\n--\n\nReturn the next item, or raise Empty at once."},
    {"get_async", get_async, METH_NOARGS,
     "get_async($self, /)\n--\n\n"
     "Return an awaitable that gives the next item.\n\n"
     "Cancellation: an item that came at that moment goes to the next, or back to its place."},
    {"join", method(join), METH_FASTCALL | METH_KEYWORDS,
     "join($self, /, timeout=None)\n--\n\n"
     "Wait in this thread until task_done() was called for each item; return whether in time."},
    {"join_async", join_async, METH_NOARGS,
     "join_async($self, /)\n--\n\n"
     "Return an awaitable that waits as a task as `join` does, and gives True."},
    {"task_done", task_done, METH_NOARGS,
     "task_done($self, /)\n--\n\nOne item that was got is dealt with. ValueError when none is "
     "left."},
    {"shutdown", method(shut_down), METH_FASTCALL | METH_KEYWORDS,
     "shutdown($self, /, immediate=False)\n--\n\n"
     "Let nobody put any more: who tries or waits gets ShutDown, who gets once it is empty.\n\n"
     "With `immediate` it is emptied, and its items count as dealt with."},
    {"qsize", qsize, METH_NOARGS, "qsize($self, /)\n--\n\nReturn how many items are in it."},
    {"empty", empty, METH_NOARGS, "empty($self, /)\n--\n\nReturn whether there is none."},
    {"full", full, METH_NOARGS, "full($self, /)\n--\n\nReturn whether there are `maxsize`."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"maxsize", get_maxsize, nullptr, "How many items it holds; 0: any number.", nullptr},
    {"order", get_order, nullptr, "In which order items come out.", nullptr},
    {"aio", get_aio, nullptr,
     "The queue for tasks, with the methods of `asyncio.Queue`: `await queue.aio.get()`.", nullptr},
    {"is_shutdown", get_is_shutdown, nullptr, "Whether shutdown() was called.", nullptr},
    {"unfinished_tasks", get_unfinished, nullptr, "How many items were put and not dealt with.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

#ifdef COGWAY_MANAGED_WEAKREF
constexpr unsigned kWeakFlag = Py_TPFLAGS_MANAGED_WEAKREF;
#else
constexpr unsigned kWeakFlag = 0;
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ConcurrentQueueObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
#endif

PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear_object)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
#ifndef COGWAY_MANAGED_WEAKREF
    {Py_tp_members, members},
#endif
    {Py_tp_doc,
     const_cast<char*>(
         "ConcurrentQueue(maxsize=0, *, order='fifo')\n--\n\n"
         "A queue between threads and tasks of any number; takes the place of `queue.Queue`.\n\n"
         "At most `maxsize` items; 0 or less: any number. `order` is 'fifo', 'lifo' or "
         "'priority':\n"
         "the least item first, equal ones as they were put. Its methods are those of "
         "`queue.Queue`,\n"
         "with its exceptions. Tasks use `aio`, or `get_async`, `put_async` and `join_async`.\n\n"
         "An item goes to who has waited longest. No lock is held while items are compared.\n"
         "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.ConcurrentQueue", sizeof(ConcurrentQueueObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | kWeakFlag,
                    slots};

}  // namespace

int add_concurrent_queue_type(PyObject* module, ModuleState& state) {
  const PyRef errors = PyRef::steal(PyImport_ImportModule("cogway._queue_errors"));
  if (!errors) return -1;
  SyncState& sync = *state.sync;
  sync.queue_empty = PyObject_GetAttrString(errors.get(), "Empty");
  sync.queue_full = PyObject_GetAttrString(errors.get(), "Full");
  sync.queue_shut_down = PyObject_GetAttrString(errors.get(), "ShutDown");
  if (sync.queue_empty == nullptr || sync.queue_full == nullptr ||
      sync.queue_shut_down == nullptr) {
    return -1;
  }
  return add_heap_type(module, &spec, &sync.concurrent_queue_type, Export::visible);
}

}  // namespace cogway
