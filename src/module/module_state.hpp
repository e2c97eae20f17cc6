// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `_core` keeps for each interpreter that imports it: its types, interned names and the
// release mailbox. There are no Python objects in C++ statics anywhere: another interpreter must
// not see them.

#include <Python.h>

#include <atomic>
#include <cstdint>

#include "cogway/python/release_mailbox.hpp"

namespace cogway {

struct SyncState;  // sync_state.hpp

/// Every Python reference of the state, so that traverse and clear cannot forget one.
/// X(C type, member). Names with the prefix `name_` are interned strings of the same spelling.
#define COGWAY_MODULE_TYPES(X)         \
  X(PyTypeObject, buffer_type)         \
  X(PyTypeObject, bus_type)            \
  X(PyTypeObject, shared_bus_type)     \
  X(PyTypeObject, shared_channel_type) \
  X(PyTypeObject, engine_type)         \
  X(PyTypeObject, kernel_type)         \
  X(PyTypeObject, ticket_type)         \
  X(PyTypeObject, batch_ticket_type)   \
  X(PyTypeObject, awaiter_type)        \
  X(PyTypeObject, bridge_type)         \
  X(PyTypeObject, bridge_reader_type)  \
  X(PyTypeObject, post_port_type)      \
  X(PyTypeObject, flow_type)           \
  X(PyTypeObject, flow_run_type)       \
  X(PyTypeObject, callback_queue_type)

#define COGWAY_MODULE_OBJECTS(X) \
  X(cogway_error)                \
  X(engine_closed)               \
  X(kernel_error)                \
  X(bus_exhausted)               \
  X(bus_statistics)              \
  X(shared_bus_statistics)       \
  X(shared_bus_owner)            \
  X(channel_statistics)          \
  X(channel_task_side)           \
  X(shared_channel_report)       \
  X(channel_closed)              \
  X(channel_empty)               \
  X(finding)                     \
  X(queue_full)                  \
  X(worker_lost)                 \
  X(strategy_unavailable)        \
  X(cancelled_error)             \
  X(concurrent_cancelled_error)  \
  X(invalid_state_error)         \
  X(get_running_loop)            \
  X(empty_tuple)                 \
  X(bridges)                     \
  X(latest_bridge)               \
  X(context_keyword)             \
  X(forget_loop)

#define COGWAY_MODULE_NAMES(X) \
  X(__dlpack__)                \
  X(__dlpack_device__)         \
  X(add_reader)                \
  X(affinity)                  \
  X(call_exception_handler)    \
  X(call_soon)                 \
  X(context)                   \
  X(deadline)                  \
  X(each)                      \
  X(exception)                 \
  X(future)                    \
  X(is_closed)                 \
  X(message)                   \
  X(nogil)                     \
  X(out)                       \
  X(params)                    \
  X(priority)                  \
  X(remove_reader)             \
  X(return_exceptions)         \
  X(worker_class)

/// **Threads**: written while the module is executed and when it is cleared, read by attached
/// threads.
/// **Ownership**: owns every reference; the mailbox is counted.
/// **Progress**, **Order**: plain fields, published by the import.
struct ModuleState {
  PyObject* module = nullptr;  ///< borrowed: the state lives in it
#define COGWAY_DECLARE(type, name) type* name = nullptr;
  COGWAY_MODULE_TYPES(COGWAY_DECLARE)
#undef COGWAY_DECLARE
#define COGWAY_DECLARE(name) PyObject* name = nullptr;
  COGWAY_MODULE_OBJECTS(COGWAY_DECLARE)
#undef COGWAY_DECLARE
#define COGWAY_DECLARE(name) PyObject* name_##name = nullptr;
  COGWAY_MODULE_NAMES(COGWAY_DECLARE)
#undef COGWAY_DECLARE
  ReleaseMailbox* mailbox = nullptr;
  SyncState* sync = nullptr;                  ///< owned; of cogway.sync
  std::atomic<std::int64_t> live_tickets{0};  ///< for leak checks

  /// Creates the names, the mailbox and the exceptions. -1 with an exception.
  int initialize(PyObject* owner);
  int traverse(visitproc visit, void* argument) const;
  void clear() noexcept;
};

// The parts of it that belong to cogway.sync. 0, or -1 with an exception.
int add_sync_types(PyObject* module, ModuleState& state);
int traverse_sync(const SyncState* sync, visitproc visit, void* arg);
void clear_sync(SyncState* sync) noexcept;
void free_sync(SyncState* sync) noexcept;

/// The state of the `_core` that `module` is.
[[nodiscard]] inline ModuleState& state_of_module(PyObject* module) noexcept {
  return *static_cast<ModuleState*>(PyModule_GetState(module));
}
extern PyModuleDef module_definition;
/// The state behind a type that derives from one of `_core`'s; nullptr with TypeError.
[[nodiscard]] inline ModuleState* state_of_subtype(PyTypeObject* type) noexcept {
  PyObject* module = PyType_GetModuleByDef(type, &module_definition);
  return module == nullptr ? nullptr : &state_of_module(module);
}
/// The state behind a heap type of `_core`. Not for subclasses: store the state in the object when
/// its type may be derived from.
[[nodiscard]] inline ModuleState& state_of_type(PyTypeObject* type) noexcept {
  return *static_cast<ModuleState*>(PyType_GetModuleState(type));
}

}  // namespace cogway
