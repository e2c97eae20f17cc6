// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `cogway.sync` keeps for each interpreter, and the types behind it, by file. A part of the
// module state with a header of its own: a new type here does not rebuild the rest of `_core`.

#include <Python.h>

#include "module/module_state.hpp"

namespace cogway {

/// Every Python reference, so that traverse and clear cannot forget one. X(C type, member).
#define COGWAY_SYNC_TYPES(X)             \
  X(PyTypeObject, atomic_bool_type)      \
  X(PyTypeObject, atomic_float64_type)   \
  X(PyTypeObject, atomic_int64_type)     \
  X(PyTypeObject, atomic_reference_type) \
  X(PyTypeObject, atomic_uint64_type)    \
  X(PyTypeObject, barrier_type)          \
  X(PyTypeObject, batch_executor_type)   \
  X(PyTypeObject, concurrent_deque_type) \
  X(PyTypeObject, concurrent_dict_type)  \
  X(PyTypeObject, concurrent_queue_type) \
  X(PyTypeObject, counter_shard_type)    \
  X(PyTypeObject, critical_section_type) \
  X(PyTypeObject, dict_maker_type)       \
  X(PyTypeObject, event_type)            \
  X(PyTypeObject, interval_lock_type)    \
  X(PyTypeObject, latch_type)            \
  X(PyTypeObject, local_wrapper_type)    \
  X(PyTypeObject, lock_type)             \
  X(PyTypeObject, mutex_type)            \
  X(PyTypeObject, queue_side_type)       \
  X(PyTypeObject, rw_lock_type)          \
  X(PyTypeObject, rw_side_type)          \
  X(PyTypeObject, semaphore_type)        \
  X(PyTypeObject, sharded_counter_type)  \
  X(PyTypeObject, shared_mutex_type)     \
  X(PyTypeObject, sync_awaiter_type)     \
  X(PyObject, absent)                    \
  X(PyObject, cede)                      \
  X(PyObject, current_task)              \
  X(PyObject, dict_items)                \
  X(PyObject, dict_keys)                 \
  X(PyObject, dict_values)               \
  X(PyObject, lock_order_warning)        \
  X(PyObject, name_keys)                 \
  X(PyObject, owner_died)                \
  X(PyObject, queue_empty)               \
  X(PyObject, queue_full)                \
  X(PyObject, queue_shut_down)           \
  X(PyObject, shared_word_statistics)

/// **Threads**, **Ownership**, **Progress**, **Order**: as ModuleState, which owns it.
struct SyncState {
#define COGWAY_DECLARE(type, name) type* name = nullptr;
  COGWAY_SYNC_TYPES(COGWAY_DECLARE)
#undef COGWAY_DECLARE
};

// One function for each file. 0, or -1 with an exception.
int add_atomic_bool_type(PyObject* module, ModuleState& state);
int add_atomic_float64_type(PyObject* module, ModuleState& state);
int add_atomic_int64_type(PyObject* module, ModuleState& state);
int add_atomic_reference_type(PyObject* module, ModuleState& state);
int add_atomic_uint64_type(PyObject* module, ModuleState& state);
int add_barrier_type(PyObject* module, ModuleState& state);
int add_batch_executor_type(PyObject* module, ModuleState& state);
int add_concurrent_deque_type(PyObject* module, ModuleState& state);
int add_concurrent_dict_type(PyObject* module, ModuleState& state);
int add_concurrent_queue_type(PyObject* module, ModuleState& state);
int add_critical_section_type(PyObject* module, ModuleState& state);
int add_dict_maker_type(PyObject* module, ModuleState& state);  // concurrent_dict_maker.cpp
int add_event_type(PyObject* module, ModuleState& state);
int add_interval_lock_type(PyObject* module, ModuleState& state);
int add_latch_type(PyObject* module, ModuleState& state);
int add_local_wrapper_type(PyObject* module, ModuleState& state);
int add_lock_order(PyObject* module, ModuleState& state);
int add_lock_type(PyObject* module, ModuleState& state);
int add_mutex_type(PyObject* module, ModuleState& state);
int add_queue_side_type(PyObject* module, ModuleState& state);
int add_rw_lock_type(PyObject* module, ModuleState& state);
int add_rw_side_type(PyObject* module, ModuleState& state);
int add_sharded_counter_type(PyObject* module, ModuleState& state);
int add_shared_mutex_type(PyObject* module, ModuleState& state);
int add_sync_awaiter_type(PyObject* module, ModuleState& state);
int add_thread_exit_functions(PyObject* module, ModuleState& state);  // thread_exit.cpp

}  // namespace cogway
