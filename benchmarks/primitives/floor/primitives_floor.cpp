// SPDX-License-Identifier: Apache-2.0
// The floor of an atomic from Python: a heap type with one word, whose methods are a single atomic
// instruction between the C API's conversions. It checks nothing: no overflow, no types.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <atomic>
#include <cstdint>
#include <new>

namespace {

struct Counter {
  PyObject_HEAD std::atomic<std::int64_t> value;
};
std::atomic<std::int64_t>& word(PyObject* self) { return reinterpret_cast<Counter*>(self)->value; }

PyObject* counter_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&word(self)) std::atomic<std::int64_t>(0);
  return self;
}

void counter_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* counter_incr(PyObject* self, PyObject*) {
  return PyLong_FromLongLong(word(self).fetch_add(1) + 1);
}

PyObject* counter_add(PyObject* self, PyObject* by) {
  word(self).fetch_add(PyLong_AsLongLong(by));
  return Py_NewRef(self);
}

PyObject* counter_compare_exchange(PyObject* self, PyObject* const* arguments, Py_ssize_t) {
  std::int64_t expected = PyLong_AsLongLong(arguments[0]);
  word(self).compare_exchange_strong(expected, PyLong_AsLongLong(arguments[1]));
  return PyLong_FromLongLong(expected);
}

PyMethodDef counter_methods[] = {
    {"incr", counter_incr, METH_NOARGS, "Add one; return the new value."},
    {"compare_exchange",
     reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(counter_compare_exchange)),
     METH_FASTCALL, "Replace the value where it is as expected; return what it was."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot counter_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(counter_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(counter_dealloc)},
    {Py_tp_methods, counter_methods},
    {Py_nb_inplace_add, reinterpret_cast<void*>(counter_add)},
    {Py_tp_doc, const_cast<char*>("An atomic word.")},
    {0, nullptr},
};

PyType_Spec counter_spec = {"_primitives_floor.Counter", sizeof(Counter), 0, Py_TPFLAGS_DEFAULT,
                            counter_slots};

int execute_module(PyObject* module) {
  PyObject* type = PyType_FromModuleAndSpec(module, &counter_spec, nullptr);
  if (type == nullptr) return -1;
  const int status = PyModule_AddObjectRef(module, "Counter", type);
  Py_DECREF(type);
  return status;
}

PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, reinterpret_cast<void*>(execute_module)},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef module_def = {PyModuleDef_HEAD_INIT,
                          "_primitives_floor",
                          "The floor of an atomic.",
                          0,
                          nullptr,
                          module_slots,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__primitives_floor() { return PyModuleDef_Init(&module_def); }
