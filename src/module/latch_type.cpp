// SPDX-License-Identifier: Apache-2.0
// The heap type `Latch`.

#include <cstdint>
#include <new>

#include "cogway/sync/latch.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"
#include "module/waiting.hpp"

namespace cogway {
namespace {

struct LatchObject {
  PyObject_HEAD Latch<> latch;
};
Latch<>& latch_of(PyObject* self) noexcept { return reinterpret_cast<LatchObject*>(self)->latch; }

constexpr WaitKind kOpen = {
    [](PyObject* self) { return latch_of(self).count() == 0; },
    [](PyObject* self, SyncWait& wait) -> int { return latch_of(self).start(wait); },
    [](PyObject* self, SyncWait& wait) -> int { return latch_of(self).resume(wait); },
    [](PyObject* self, SyncWait& wait) { return latch_of(self).withdraw(wait); },
    [](PyObject*, SyncWait&) {},
};

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"count", nullptr};
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Latch", const_cast<char**>(kNames),
                                   &given)) {
    return nullptr;
  }
  std::int64_t count = 0;
  if (!to_int64({"Latch", "count"}, given, 0, INT64_MAX, count)) return nullptr;
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&latch_of(self)) Latch<>(count);
  return self;
}
void deallocate(PyObject* self) {
  latch_of(self).~Latch<>();
  free_heap_object(self);
}

PyObject* count_down(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords) {
  static constexpr const char* kNames[] = {"n"};
  PyObject* given = nullptr;
  std::int64_t n = 1;
  if (!bind_arguments({"count_down", kNames, 1, 0}, arguments, count, keywords, &given) ||
      !to_int64({"count_down", "n"}, given, 0, INT64_MAX, n)) {
    return nullptr;
  }
  if (latch_of(self).count_down(n)) Py_RETURN_NONE;
  return PyErr_Format(PyExc_ValueError, "count_down(): the Latch waits for fewer than %lld",
                      static_cast<long long>(n));
}
PyObject* wait(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  TimePoint deadline{};
  if (!to_wait(arguments, count, keywords, deadline)) return nullptr;
  const int got = wait_in_thread(kOpen, self, deadline);
  return got < 0 ? nullptr : PyBool_FromLong(got);
}
PyObject* wait_async(PyObject* self, PyObject*) {
  return make_sync_awaiter(state_of_type(Py_TYPE(self)), &kOpen, self);
}
PyObject* get_count(PyObject* self, void*) { return PyLong_FromLongLong(latch_of(self).count()); }
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("<cogway.sync.Latch, %lld to come>",
                              static_cast<long long>(latch_of(self).count()));
}

PyMethodDef methods[] = {
    {"count_down", method(count_down), METH_FASTCALL | METH_KEYWORDS,
     "count_down($self, /, n=1)\n--\n\n"
     "So many have come; at zero whoever waits goes on. ValueError when fewer are left."},
    {"wait", method(wait), METH_FASTCALL | METH_KEYWORDS,
     "wait($self, /, timeout=None)\n--\n\n"
     "Wait in this thread; return whether it came to zero within `timeout` seconds.\n\n"
     "The GIL is released meanwhile and Ctrl-C comes through."},
    {"wait_async", wait_async, METH_NOARGS,
     "wait_async($self, /)\n--\n\nReturn an awaitable that waits as a task, and gives True."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"count", get_count, nullptr, "How many are still to come.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>("Latch(count)\n--\n\n"
                       "So many things must happen, then all who wait go on, for good.\n\n"
                       "For rounds that repeat there is Barrier.\n\n"
                       "Threads: all of one interpreter.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Latch", sizeof(LatchObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_latch_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->latch_type, Export::visible);
}

}  // namespace cogway
