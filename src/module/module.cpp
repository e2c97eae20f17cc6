// SPDX-License-Identifier: Apache-2.0
// The extension module `cogway._core`: multi-phase initialisation, one state for each interpreter,
// own GIL and no GIL both supported. Types live in a file each; see heap_type.hpp for their hooks.

#include <Python.h>

#include <new>

#include "cogway/base/version.hpp"
#include "cogway/kernel_abi.h"
#include "module/functions.hpp"
#include "module/heap_type.hpp"
#include "module/module_state.hpp"

namespace cogway {
namespace {

int execute_module(PyObject* module) {
  ModuleState& state = *new (PyModule_GetState(module)) ModuleState();
  if (state.initialize(module) < 0) return -1;
  using AddType = int (*)(PyObject*, ModuleState&);
  static constexpr AddType kTypes[] = {
      add_buffer_type,
      add_bus_type,
      add_bridge_type,
      add_awaiter_type,
      add_ticket_type,
      add_batch_ticket_type,
      add_engine_type,
      add_flow_type,
      add_flow_run_type,
      add_kernel_type,
      add_ticket_functions,
      add_registry_functions,
      add_accept_functions,
      add_sync_types,
      add_post_port_type,
      add_shared_bus_type,
      add_buffer_functions,
      add_shared_channel_type,
      nullptr,
  };
  for (const AddType* add = kTypes; *add != nullptr; ++add) {
    if ((*add)(module, state) < 0) return -1;
  }
  wake_for_mailbox(state);
  // Own-GIL interpreters refuse daemon threads.
  PyObject* is_main = PyInterpreterState_Get() == PyInterpreterState_Main() ? Py_True : Py_False;
  if (PyModule_AddObjectRef(module, "IN_MAIN_INTERPRETER", is_main) < 0) return -1;
  if (PyModule_AddStringConstant(module, "__version__", kVersionString) < 0) return -1;
  return PyModule_AddIntConstant(module, "KERNEL_ABI", COGWAY_KERNEL_ABI);
}

int traverse_module(PyObject* module, visitproc visit, void* argument) {
  return state_of_module(module).traverse(visit, argument);
}

int clear_module(PyObject* module) {
  state_of_module(module).clear();
  return 0;
}

void free_module(void* module) {
  ModuleState& state = state_of_module(static_cast<PyObject*>(module));
  state.clear();
  free_sync(state.sync);
  state.sync = nullptr;
  if (state.mailbox != nullptr) {
    state.mailbox->close();
    state.mailbox->release();
    state.mailbox = nullptr;
  }
}

PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, slot(execute_module)},
#ifdef Py_mod_multiple_interpreters  // 3.12, PEP 684
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil  // 3.13, PEP 703
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

}  // namespace

PyModuleDef module_definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "cogway._core",
    .m_doc =
        "The engine of cogway: buffers, tickets and the loop bridge. Use the names in `cogway`.",
    .m_size = sizeof(ModuleState),
    .m_methods = nullptr,
    .m_slots = module_slots,
    .m_traverse = traverse_module,
    .m_clear = clear_module,
    .m_free = free_module,
};

}  // namespace cogway

PyMODINIT_FUNC PyInit__core() { return PyModuleDef_Init(&cogway::module_definition); }
