// SPDX-License-Identifier: Apache-2.0
// The floor of a method call from Python: a heap type whose no-argument method reads one field of
// its object and returns a boolean. What it costs is CPython's call and nothing else; a ticket's
// `done()` is held against it.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace {

struct Flag {
  PyObject_HEAD bool value;
};

PyObject* flag_get(PyObject* self, PyObject*) {
  return PyBool_FromLong(reinterpret_cast<Flag*>(self)->value);
}

void flag_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef flag_methods[] = {
    {"get", flag_get, METH_NOARGS, "Return the flag."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot flag_slots[] = {
    {Py_tp_methods, flag_methods},
    {Py_tp_dealloc, reinterpret_cast<void*>(flag_dealloc)},
    {Py_tp_doc, const_cast<char*>("An object with one flag.")},
    {0, nullptr},
};

PyType_Spec flag_spec = {"_methods_floor.Flag", sizeof(Flag), 0, Py_TPFLAGS_DEFAULT, flag_slots};

int execute_module(PyObject* module) {
  PyObject* type = PyType_FromModuleAndSpec(module, &flag_spec, nullptr);
  if (type == nullptr) return -1;
  const int status = PyModule_AddObjectRef(module, "Flag", type);
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
                          "_methods_floor",
                          "The floor of a method call.",
                          0,
                          nullptr,
                          module_slots,
                          nullptr,
                          nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__methods_floor() { return PyModuleDef_Init(&module_def); }
