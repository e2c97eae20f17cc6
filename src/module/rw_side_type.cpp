// SPDX-License-Identifier: Apache-2.0
// What `RWLock.read()` and `RWLock.write()` return: one side of the lock as a context manager, for
// `with` and `async with`.

#include "module/heap_type.hpp"
#include "module/rw_lock.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct RwSideObject {
  PyObject_HEAD PyObject* lock;  ///< owned
  RwSide side;
};
RwSideObject* as_side(PyObject* self) noexcept { return reinterpret_cast<RwSideObject*>(self); }

// `with lock.read()` makes one and drops it at once: its memory waits at the lock for the next.
void deallocate(PyObject* self) {
  PyObject* lock = as_side(self)->lock;
  PyTypeObject* type = Py_TYPE(self);
  PyObject* none = nullptr;
  // order: release, pairs with make_rw_side(); the memory is no more used here
  if (as_rw_lock(lock)->spare.compare_exchange_strong(none, self, std::memory_order_release,
                                                      std::memory_order_relaxed)) {
    Py_DECREF(type);
  } else {
    free_heap_object(self);
  }
  Py_DECREF(lock);
}
const WaitKind& kind_of(PyObject* self) noexcept {
  return as_side(self)->side == RwSide::read ? kRwRead : kRwWrite;
}
/// Whoever has upgraded or downgraded inside the block holds it the other way at its end.
PyObject* release(PyObject* self) {
  ModuleState& state = state_of_type(Py_TYPE(self));
  PyObject* lock = as_side(self)->lock;
  return as_side(self)->side == RwSide::read
             ? rw_release(lock, state, &RwLock<>::unlock_read, &RwLock<>::unlock_write)
             : rw_release(lock, state, &RwLock<>::unlock_write, &RwLock<>::unlock_read);
}

PyObject* enter(PyObject* self, PyObject*) {
  return rw_acquire(kind_of(self), as_side(self)->lock, kNever);
}
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return release(self); }
PyObject* enter_async(PyObject* self, PyObject*) {
  return rw_acquire_async(kind_of(self), as_side(self)->lock, state_of_type(Py_TYPE(self)));
}
PyObject* leave_async(PyObject* self, PyObject* const*, Py_ssize_t) {
  PyObject* released = release(self);
  if (released == nullptr) return nullptr;
  Py_DECREF(released);
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), nullptr, self);
}

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", method(leave), METH_FASTCALL, nullptr},
    {"__aenter__", enter_async, METH_NOARGS, nullptr},
    {"__aexit__", method(leave_async), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_methods, methods},
    {Py_tp_doc, const_cast<char*>("One side of an RWLock, for `with` and `async with`.")},
    {0, nullptr},
};
PyType_Spec spec = {
    "cogway._core.RWLockSide", sizeof(RwSideObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

}  // namespace

PyObject* make_rw_side(ModuleState& state, PyObject* lock, RwSide side) {
  PyTypeObject* type = state.sync->rw_side_type;
  // order: acquire, pairs with deallocate()
  PyObject* self = as_rw_lock(lock)->spare.exchange(nullptr, std::memory_order_acquire);
  self = self != nullptr ? PyObject_Init(self, type) : type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  as_side(self)->lock = Py_NewRef(lock);
  as_side(self)->side = side;
  return self;
}

void free_spare_side(RwLockObject* lock) noexcept {
  // order: relaxed, nobody else has the lock any more
  if (PyObject* spare = lock->spare.load(std::memory_order_relaxed)) PyObject_Free(spare);
}

int add_rw_side_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->rw_side_type, Export::visible);
}

}  // namespace cogway
