// SPDX-License-Identifier: Apache-2.0
#include "module/module_state.hpp"

#include <new>

#include "cogway/python/py_ref.hpp"

namespace cogway {
namespace {

int import_attribute(const char* module_name, const char* name, PyObject** result) {
  PyRef module = PyRef::steal(PyImport_ImportModule(module_name));
  if (!module) return -1;
  *result = PyObject_GetAttrString(module.get(), name);
  return *result == nullptr ? -1 : 0;
}

}  // namespace

int ModuleState::initialize(PyObject* owner) {
  module = owner;
#define COGWAY_INTERN(name) \
  if ((name_##name = PyUnicode_InternFromString(#name)) == nullptr) return -1;
  COGWAY_MODULE_NAMES(COGWAY_INTERN)
#undef COGWAY_INTERN
  empty_tuple = PyTuple_New(0);
  if (empty_tuple == nullptr) return -1;
  mailbox = new (std::nothrow) ReleaseMailbox();
  if (mailbox == nullptr) return PyErr_NoMemory(), -1;

  static constexpr const char* kErrors = "cogway._errors";
  if (import_attribute(kErrors, "CogwayError", &cogway_error) < 0) return -1;
  if (import_attribute(kErrors, "EngineClosed", &engine_closed) < 0) return -1;
  if (import_attribute(kErrors, "KernelError", &kernel_error) < 0) return -1;
  if (import_attribute(kErrors, "BusExhausted", &bus_exhausted) < 0) return -1;
  if (import_attribute(kErrors, "QueueFull", &queue_full) < 0) return -1;
  if (import_attribute(kErrors, "ChannelClosed", &channel_closed) < 0) return -1;
  if (import_attribute(kErrors, "ChannelEmpty", &channel_empty) < 0) return -1;
  if (import_attribute(kErrors, "WorkerLost", &worker_lost) < 0) return -1;
  if (import_attribute("cogway._bus", "BusStatistics", &bus_statistics) < 0) return -1;
  static constexpr const char* kBus = "cogway._bus";
  if (import_attribute(kBus, "SharedChannelReport", &shared_channel_report) < 0) return -1;
  if (import_attribute(kBus, "SharedBusStatistics", &shared_bus_statistics) < 0) return -1;
  if (import_attribute(kBus, "SharedBusOwner", &shared_bus_owner) < 0) return -1;
  if (import_attribute("cogway._channel", "ChannelStatistics", &channel_statistics) < 0) return -1;
  if (import_attribute("cogway._channel_tasks", "ChannelTaskSide", &channel_task_side) < 0)
    return -1;
  if (import_attribute("cogway._debug", "Finding", &finding) < 0) return -1;
  return import_attribute(kErrors, "StrategyUnavailable", &strategy_unavailable);
}

int ModuleState::traverse(visitproc visit, void* arg) const {
#define COGWAY_VISIT(type, name) Py_VISIT(name);
  COGWAY_MODULE_TYPES(COGWAY_VISIT)
#undef COGWAY_VISIT
#define COGWAY_VISIT(name) Py_VISIT(name);
  COGWAY_MODULE_OBJECTS(COGWAY_VISIT)
#undef COGWAY_VISIT
  return traverse_sync(sync, visit, arg);
}

void ModuleState::clear() noexcept {
#define COGWAY_CLEAR(type, name) Py_CLEAR(name);
  COGWAY_MODULE_TYPES(COGWAY_CLEAR)
#undef COGWAY_CLEAR
#define COGWAY_CLEAR(name) Py_CLEAR(name);
  COGWAY_MODULE_OBJECTS(COGWAY_CLEAR)
#undef COGWAY_CLEAR
#define COGWAY_CLEAR(name) Py_CLEAR(name_##name);
  COGWAY_MODULE_NAMES(COGWAY_CLEAR)
#undef COGWAY_CLEAR
  clear_sync(sync);
}

}  // namespace cogway
