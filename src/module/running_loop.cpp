// SPDX-License-Identifier: Apache-2.0
#include "module/running_loop.hpp"

#include "cogway/python/compat.hpp"

namespace cogway {

PyRef running_loop(ModuleState& state) {
  if (state.get_running_loop == nullptr) {
    // No loop can run before somebody has imported asyncio, so we do not.
    PyObject* modules = PyImport_GetModuleDict();
    PyObject* events = PyDict_GetItemString(modules, "asyncio.events");
    if (events == nullptr) return {};
    PyObject* function = PyObject_GetAttrString(events, "_get_running_loop");
    if (function == nullptr) {
      PyErr_Clear();  // asyncio is just being imported
      return {};
    }
    COGWAY_BEGIN_CRITICAL_SECTION(state.module)
    if (state.get_running_loop == nullptr) {
      state.get_running_loop = function;
      function = nullptr;
    }
    COGWAY_END_CRITICAL_SECTION()
    Py_XDECREF(function);
  }
  PyRef loop = PyRef::steal(PyObject_CallNoArgs(state.get_running_loop));
  return loop.get() == Py_None ? PyRef() : loop;
}

}  // namespace cogway
