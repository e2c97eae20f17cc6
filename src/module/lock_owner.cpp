// SPDX-License-Identifier: Apache-2.0
#include "module/lock_owner.hpp"

#include "cogway/python/compat.hpp"
#include "module/running_loop.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// asyncio's function, borrowed from the state; nullptr where nobody has imported asyncio.
PyObject* current_task_function(ModuleState& state) noexcept {
  SyncState& sync = *state.sync;
  if (sync.current_task != nullptr) return sync.current_task;
  PyObject* tasks = PyDict_GetItemString(PyImport_GetModuleDict(), "asyncio.tasks");
  if (tasks == nullptr) return nullptr;
  PyObject* function = PyObject_GetAttrString(tasks, "current_task");
  if (function == nullptr) return PyErr_Clear(), nullptr;  // asyncio is just being imported
  COGWAY_BEGIN_CRITICAL_SECTION(state.module)
  if (sync.current_task == nullptr) {
    sync.current_task = function;
    function = nullptr;
  }
  COGWAY_END_CRITICAL_SECTION()
  Py_XDECREF(function);
  return sync.current_task;
}

}  // namespace

const void* this_task_owner(ModuleState& state) noexcept {
  const PyRef loop = running_loop(state);
  if (!loop) return PyErr_Clear(), nullptr;
  PyObject* function = current_task_function(state);
  if (function == nullptr) return nullptr;
  const PyRef task = PyRef::steal(PyObject_CallOneArg(function, loop.get()));
  if (!task) return PyErr_Clear(), nullptr;
  return task.get() == Py_None ? nullptr : task.get();  // it runs, so it lives on
}

}  // namespace cogway
