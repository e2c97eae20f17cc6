// SPDX-License-Identifier: Apache-2.0
// The heap type `RWLock`.

#include <new>

#include "module/heap_type.hpp"
#include "module/lock_order.hpp"
#include "module/lock_owner.hpp"
#include "module/rw_lock.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

ModuleState& state_of(PyObject* self) noexcept { return state_of_type(Py_TYPE(self)); }

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (PyTuple_GET_SIZE(arguments) != 0 || (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0)) {
    return PyErr_Format(PyExc_TypeError, "RWLock() takes no arguments");
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  new (&rw_lock_of(self)) RwLock<>();
  new (&as_rw_lock(self)->for_tasks) std::atomic<bool>(false);
  new (&as_rw_lock(self)->spare) std::atomic<PyObject*>(nullptr);
  return self;
}
void deallocate(PyObject* self) {
  LockOrder::forget(self);
  free_spare_side(as_rw_lock(self));
  rw_lock_of(self).~RwLock<>();
  free_heap_object(self);
}

PyObject* acquire(const char* name, const WaitKind& kind, PyObject* self,
                  PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline = kNever;
  if ((count != 0 || keywords != nullptr) &&
      !to_acquire(arguments, count, keywords, deadline, name)) {
    return nullptr;
  }
  return rw_acquire(kind, self, deadline);
}
PyObject* acquire_read(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keywords) {
  return acquire("acquire_read", kRwRead, self, arguments, count, keywords);
}
PyObject* acquire_write(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  return acquire("acquire_write", kRwWrite, self, arguments, count, keywords);
}
PyObject* upgrade(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                  PyObject* keywords) {
  return acquire("upgrade", kRwUpgrade, self, arguments, count, keywords);
}
PyObject* acquire_read_async(PyObject* self, PyObject*) {
  return rw_acquire_async(kRwRead, self, state_of(self));
}
PyObject* acquire_write_async(PyObject* self, PyObject*) {
  return rw_acquire_async(kRwWrite, self, state_of(self));
}
PyObject* upgrade_async(PyObject* self, PyObject*) {
  return rw_acquire_async(kRwUpgrade, self, state_of(self));
}
PyObject* release_read(PyObject* self, PyObject*) {
  return rw_release(self, state_of(self), &RwLock<>::unlock_read);
}
PyObject* release_write(PyObject* self, PyObject*) {
  return rw_release(self, state_of(self), &RwLock<>::unlock_write);
}
PyObject* downgrade(PyObject* self, PyObject*) {
  return rw_release(self, state_of(self), &RwLock<>::downgrade);
}
PyObject* read(PyObject* self, PyObject*) {
  return make_rw_side(state_of(self), self, RwSide::read);
}
PyObject* write(PyObject* self, PyObject*) {
  return make_rw_side(state_of(self), self, RwSide::write);
}

PyObject* get_readers(PyObject* self, void*) {
  return PyLong_FromSize_t(rw_lock_of(self).snapshot().readers);
}
PyObject* get_writing(PyObject* self, void*) {
  return PyBool_FromLong(rw_lock_of(self).snapshot().writer);
}
PyObject* get_writers_waiting(PyObject* self, void*) {
  return PyLong_FromSize_t(rw_lock_of(self).snapshot().writers_waiting);
}
PyObject* represent(PyObject* self) {
  const auto now = rw_lock_of(self).snapshot();
  if (now.writer) return PyUnicode_FromString("<cogway.sync.RWLock, written>");
  return PyUnicode_FromFormat("<cogway.sync.RWLock, %zu read>", now.readers);
}

PyMethodDef methods[] = {
    {"read", read, METH_NOARGS,
     "read($self, /)\n--\n\n"
     "Return a context manager that reads: `with lock.read():`, `async with lock.read():`.\n\n"
     "At its end it gives back what is held, also after upgrade()."},
    {"write", write, METH_NOARGS,
     "write($self, /)\n--\n\n"
     "Return a context manager that writes: `with lock.write():`, `async with lock.write():`.\n\n"
     "At its end it gives back what is held, also after downgrade()."},
    {"acquire_read", method(acquire_read), METH_FASTCALL | METH_KEYWORDS,
     "acquire_read($self, /, blocking=True, timeout=-1)\n--\n\n"
     "Wait in this thread to read; return whether it may within `timeout` seconds.\n\n"
     "Who reads may read again at any time. RuntimeError for who writes. The GIL is released\n"
     "meanwhile and Ctrl-C comes through."},
    {"acquire_write", method(acquire_write), METH_FASTCALL | METH_KEYWORDS,
     "acquire_write($self, /, blocking=True, timeout=-1)\n--\n\n"
     "Wait in this thread to write; return whether it may within `timeout` seconds.\n\n"
     "RuntimeError for who reads (see `upgrade`) or writes already. The GIL is released\n"
     "meanwhile and Ctrl-C comes through."},
    {"upgrade", method(upgrade), METH_FASTCALL | METH_KEYWORDS,
     "upgrade($self, /, blocking=True, timeout=-1)\n--\n\n"
     "Go from reading to writing with nobody in between; return whether within `timeout` seconds.\n"
     "\n"
     "Waits for the other readers, and reads on when the time is over. RuntimeError for who does\n"
     "not read, or reads more than once, and while another reader waits to write."},
    {"downgrade", downgrade, METH_NOARGS,
     "downgrade($self, /)\n--\n\n"
     "Go from writing to reading with no writer in between. RuntimeError for who does not write."},
    {"release_read", release_read, METH_NOARGS,
     "release_read($self, /)\n--\n\nStop reading. RuntimeError for who does not read."},
    {"release_write", release_write, METH_NOARGS,
     "release_write($self, /)\n--\n\nStop writing. RuntimeError for who does not write."},
    {"acquire_read_async", acquire_read_async, METH_NOARGS,
     "acquire_read_async($self, /)\n--\n\n"
     "Return an awaitable with which the calling task reads; it gives True.\n\n"
     "Cancellation: what was granted at that moment is given back."},
    {"acquire_write_async", acquire_write_async, METH_NOARGS,
     "acquire_write_async($self, /)\n--\n\n"
     "Return an awaitable with which the calling task writes; it gives True.\n\n"
     "Cancellation: what was granted at that moment is given back."},
    {"upgrade_async", upgrade_async, METH_NOARGS,
     "upgrade_async($self, /)\n--\n\n"
     "Return an awaitable with which the calling task, which reads, writes; it gives True.\n\n"
     "Cancellation: the task reads on."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"readers", get_readers, nullptr, "How many times it is held for reading.", nullptr},
    {"writing", get_writing, nullptr, "Whether somebody writes.", nullptr},
    {"writers_waiting", get_writers_waiting, nullptr, "How many wait to write.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>(
         "RWLock()\n--\n\n"
         "Many readers or one writer, threads and tasks alike, in phases: neither keeps the other "
         "out.\n\n"
         "A reader that comes while a writer waits goes after it; when that writer is done, all\n"
         "readers that wait go before the next. Owned by the thread that acquired it, or by the\n"
         "task that awaited it; misuse is a RuntimeError that changes nothing.\n\n"
         "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.RWLock", sizeof(RwLockObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_rw_lock_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->rw_lock_type, Export::visible);
}

}  // namespace cogway
