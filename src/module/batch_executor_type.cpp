// SPDX-License-Identifier: Apache-2.0
// The heap type `BatchExecutor`: items made many at a time, taken one at a time.

#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "cogway/sync/semaphore.hpp"
#include "module/heap_type.hpp"
#include "module/item_ring.hpp"
#include "module/lock_owner.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct BatchObject {
  PyObject_HEAD PyObject* source;  ///< owned
  std::int64_t size;
  ItemRing items;
  PyObject* error;                    ///< owned; what ended the batch early
  Semaphore<> refill;                 ///< held by who makes a batch
  std::atomic<const void*> refiller;  ///< the thread that does
};
BatchObject* as_batch(PyObject* self) noexcept { return reinterpret_cast<BatchObject*>(self); }

constexpr WaitKind kRefill = {
    [](PyObject* self) { return as_batch(self)->refill.try_acquire(); },
    [](PyObject* self, SyncWait& wait) -> int { return as_batch(self)->refill.start(wait); },
    [](PyObject* self, SyncWait& wait) -> int { return as_batch(self)->refill.resume(wait); },
    [](PyObject* self, SyncWait& wait) { return as_batch(self)->refill.withdraw(wait); },
    [](PyObject* self, SyncWait&) { (void)as_batch(self)->refill.release(); },
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"source", "size", nullptr};
  PyObject* source = nullptr;
  PyObject* given = nullptr;
  std::int64_t size = 0;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OO:BatchExecutor",
                                   const_cast<char**>(kNames), &source, &given) ||
      !to_int64({"BatchExecutor", "size"}, given, 1, PY_SSIZE_T_MAX, size)) {
    return nullptr;
  }
  if (PyCallable_Check(source) == 0) {
    return PyErr_Format(PyExc_TypeError, "BatchExecutor(): source must be callable, not %.100s",
                        Py_TYPE(source)->tp_name);
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  BatchObject* batch = as_batch(self);
  batch->source = Py_NewRef(source);
  batch->size = size;
  new (&batch->items) ItemRing();
  new (&batch->refill) Semaphore<>(1, 1);
  new (&batch->refiller) std::atomic<const void*>(nullptr);
  return self;
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_batch(self)->source);
  Py_VISIT(as_batch(self)->error);
  return as_batch(self)->items.traverse(visit, arg);
}
int clear_object(PyObject* self) {
  ItemRing items;
  as_batch(self)->items.swap(items);
  Py_CLEAR(as_batch(self)->source);
  Py_CLEAR(as_batch(self)->error);
  return 0;
}
void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  (void)clear_object(self);
  as_batch(self)->items.~ItemRing();
  as_batch(self)->refill.~Semaphore<>();
  free_heap_object(self);
}

/// The next item of the batch, or nullptr without an exception; `error`: what ended the batch.
PyObject* take(PyObject* self, PyRef* error) {
  PyObject* item = nullptr;
  PyObject* ended = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  BatchObject* batch = as_batch(self);
  if (batch->items.size() != 0) {
    item = batch->items.pop_front();
  } else if (error != nullptr) {
    ended = std::exchange(batch->error, nullptr);
  }
  COGWAY_END_CRITICAL_SECTION()
  if (ended != nullptr) *error = PyRef::steal(ended);
  return item;
}

/// Makes a batch and takes its first item. What the source raises comes after the items before it.
PyObject* make_batch(PyObject* self) {
  BatchObject* batch = as_batch(self);
  const PyRef source = PyRef::borrow(batch->source);
  ItemRing made;
  PyRef error;
  for (std::int64_t i = 0; i < batch->size; ++i) {
    PyRef item;
    if (!made.reserve()) {
      PyErr_NoMemory();
    } else {
      item = PyRef::steal(PyObject_CallNoArgs(source.get()));
    }
    if (!item) {
      if (made.size() == 0) return nullptr;
      error = PyRef::steal(take_raised_exception());
      break;
    }
    made.push_back(item.release());
  }
  PyObject* first = made.pop_front();
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  batch->items.swap(made);
  batch->error = error.release();
  COGWAY_END_CRITICAL_SECTION()
  return first;
}

PyObject* load(PyObject* self, PyObject*) {
  if (PyObject* item = take(self, nullptr); item != nullptr) return item;
  BatchObject* batch = as_batch(self);
  // order: relaxed, whether it is the caller is the caller's own doing
  if (batch->refiller.load(std::memory_order_relaxed) == this_thread_owner()) {
    return PyErr_Format(PyExc_RuntimeError, "load() was called by the source of the BatchExecutor");
  }
  if (wait_in_thread(kRefill, self, kNever) < 0) return nullptr;
  batch->refiller.store(this_thread_owner(), std::memory_order_relaxed);  // order: as above
  PyRef error;
  PyObject* item = take(self, &error);  // another may have made a batch meanwhile
  if (item == nullptr) {
    if (error) {
      restore_raised_exception(error.release());
    } else {
      item = make_batch(self);
    }
  }
  batch->refiller.store(nullptr, std::memory_order_relaxed);  // order: as above
  (void)batch->refill.release();
  return item;
}
PyObject* as_local(PyObject* self, PyObject*) {
  return PyObject_CallOneArg(
      reinterpret_cast<PyObject*>(state_of_type(Py_TYPE(self)).sync->local_wrapper_type), self);
}
PyObject* get_size(PyObject* self, void*) { return PyLong_FromLongLong(as_batch(self)->size); }

PyMethodDef methods[] = {
    {"load", load, METH_NOARGS,
     "load($self, /)\n--\n\n"
     "Return the next item; each is returned once.\n\n"
     "Who finds the batch used up makes the next, the others wait for it without the GIL. What\n"
     "the source raises comes after the items that it made before."},
    {"as_local", as_local, METH_NOARGS,
     "as_local($self, /)\n--\n\nReturn a LocalWrapper of it for this thread."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"size", get_size, nullptr, "How many items a batch has.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear_object)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>("BatchExecutor(source, size)\n--\n\n"
                       "Items of `source()`, made `size` at a time by one thread and taken by "
                       "all.\n\n"
                       "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.BatchExecutor", sizeof(BatchObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_batch_executor_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->batch_executor_type, Export::visible);
}

}  // namespace cogway
