// SPDX-License-Identifier: Apache-2.0
#pragma once
// Making heap types: a spec beside the type's methods, one call that creates it, stores it in the
// module state and, if asked, exports it from `_core`.

#include <Python.h>

#include "module/module_state.hpp"

namespace cogway {

/// Slots of a spec are function pointers and tables; PyType_Slot wants void*.
template <typename Function>
[[nodiscard]] inline void* slot(Function* function) noexcept {
  return reinterpret_cast<void*>(function);
}

/// A METH_FASTCALL, METH_NOARGS or METH_O function as PyMethodDef wants it.
template <typename Function>
[[nodiscard]] inline PyCFunction method(Function* function) noexcept {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

enum class Export { hidden, visible };

/// Creates the heap type of `spec` for this module, keeps it in `*slot_in_state` and adds it to the
/// module under its own name when it is to be visible. 0, or -1 with an exception.
int add_heap_type(PyObject* module, PyType_Spec* spec, PyTypeObject** slot_in_state,
                  Export exported);

/// The usual end of a heap type's tp_dealloc: frees the object and drops its type.
inline void free_heap_object(PyObject* self) noexcept {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// One function for each heap-type file; module.cpp calls them in this order. 0, or -1 with an
// exception.
int add_buffer_type(PyObject* module, ModuleState& state);
int add_bus_type(PyObject* module, ModuleState& state);
int add_shared_bus_type(PyObject* module, ModuleState& state);
int add_shared_channel_type(PyObject* module, ModuleState& state);
int add_bridge_type(PyObject* module, ModuleState& state);
int add_awaiter_type(PyObject* module, ModuleState& state);
int add_ticket_type(PyObject* module, ModuleState& state);
int add_batch_ticket_type(PyObject* module, ModuleState& state);
int add_engine_type(PyObject* module, ModuleState& state);
int add_post_port_type(PyObject* module, ModuleState& state);
int add_flow_type(PyObject* module, ModuleState& state);
int add_kernel_type(PyObject* module, ModuleState& state);
int add_flow_run_type(PyObject* module, ModuleState& state);

}  // namespace cogway
