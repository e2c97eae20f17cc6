// SPDX-License-Identifier: Apache-2.0
// The heap type `Barrier`.

#include <cstdint>
#include <new>

#include "cogway/sync/barrier.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct BarrierObject {
  PyObject_HEAD Barrier<> barrier;
};
Barrier<>& barrier_of(PyObject* self) noexcept {
  return reinterpret_cast<BarrierObject*>(self)->barrier;
}

/// threading's own exception, so that code written for its Barrier catches it.
PyObject* raise_broken() {
  const PyRef threading = PyRef::steal(PyImport_ImportModule("threading"));
  if (!threading) return nullptr;
  const PyRef error = PyRef::steal(PyObject_GetAttrString(threading.get(), "BrokenBarrierError"));
  if (error) PyErr_SetString(error.get(), "the barrier was broken: reset() makes it as new");
  return nullptr;
}

constexpr WaitKind kRound = {
    nullptr,
    [](PyObject* self, SyncWait& wait) -> int { return barrier_of(self).start(wait); },
    [](PyObject* self, SyncWait& wait) -> int { return barrier_of(self).resume(wait); },
    [](PyObject* self, SyncWait& wait) { return barrier_of(self).withdraw(wait); },
    [](PyObject*, SyncWait&) {},  // the round is complete, with whoever was there
    [](PyObject*, SyncWait& wait) -> PyObject* {
      if (Barrier<>::was_broken(wait)) return raise_broken();
      return PyLong_FromLongLong(wait.value);
    },
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"parties", nullptr};
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Barrier", const_cast<char**>(kNames),
                                   &given)) {
    return nullptr;
  }
  std::int64_t parties = 0;
  if (!to_int64({"Barrier", "parties"}, given, 1, INT64_MAX, parties)) return nullptr;
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&barrier_of(self)) Barrier<>(parties);
  return self;
}
void deallocate(PyObject* self) {
  barrier_of(self).~Barrier<>();
  free_heap_object(self);
}

PyObject* wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline{};
  if (!to_wait(arguments, count, keywords, deadline)) return nullptr;
  SyncWait round;
  const int got = wait_in_thread(kRound, self, deadline, round);
  if (got > 0) return result_of(kRound, self, round);
  if (got == 0) PyErr_SetString(PyExc_TimeoutError, "wait(): the others did not come in time");
  return nullptr;
}
PyObject* wait_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kRound, self);
}
PyObject* leave_async(PyObject* self, PyObject* const*, Py_ssize_t) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), nullptr, self);
}
PyObject* abort(PyObject* self, PyObject*) {
  barrier_of(self).abort();
  Py_RETURN_NONE;
}
PyObject* reset(PyObject* self, PyObject*) {
  barrier_of(self).reset();
  Py_RETURN_NONE;
}
PyObject* get_parties(PyObject* self, void*) {
  return PyLong_FromLongLong(barrier_of(self).parties());
}
PyObject* get_waiting(PyObject* self, void*) {
  return PyLong_FromLongLong(barrier_of(self).waiting());
}
PyObject* get_broken(PyObject* self, void*) { return PyBool_FromLong(barrier_of(self).broken()); }
PyObject* represent(PyObject* self) {
  Barrier<>& barrier = barrier_of(self);
  if (barrier.broken()) return PyUnicode_FromString("<cogway.sync.Barrier, broken>");
  return PyUnicode_FromFormat("<cogway.sync.Barrier, %lld of %lld wait>",
                              static_cast<long long>(barrier.waiting()),
                              static_cast<long long>(barrier.parties()));
}

PyMethodDef methods[] = {
    {"wait", method(wait), METH_FASTCALL | METH_KEYWORDS,
     "wait($self, /, timeout=None)\n--\n\n"
     "Wait in this thread for the others; return a number from 0 to parties - 1, each once.\n\n"
     "Who gives up (TimeoutError after `timeout` seconds, or Ctrl-C) was never there: the round\n"
     "goes on without breaking. threading.BrokenBarrierError after abort() or reset().\n"
     "The GIL is released meanwhile."},
    {"wait_async", wait_async, METH_NOARGS,
     "wait_async($self, /)\n--\n\n"
     "Return an awaitable that waits as a task, and gives what `wait` returns.\n\n"
     "Cancellation: the task was never there, unless the round was complete already."},
    {"abort", abort, METH_NOARGS,
     "abort($self, /)\n--\n\nBreak it: whoever waits or comes gets BrokenBarrierError."},
    {"reset", reset, METH_NOARGS,
     "reset($self, /)\n--\n\nMake it as new; whoever waits gets BrokenBarrierError."},
    {"__aenter__", wait_async, METH_NOARGS, nullptr},
    {"__aexit__", method(leave_async), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"parties", get_parties, nullptr, "How many a round takes.", nullptr},
    {"n_waiting", get_waiting, nullptr, "How many of this round are there.", nullptr},
    {"broken", get_broken, nullptr, "Whether it was broken.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>("Barrier(parties)\n--\n\n"
                       "Threads and tasks wait for each other, round after round.\n\n"
                       "The last to come lets all go on. `async with` waits on entry.\n\n"
                       "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Barrier", sizeof(BarrierObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_barrier_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->barrier_type, Export::visible);
}

}  // namespace cogway
