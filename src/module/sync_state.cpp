// SPDX-License-Identifier: Apache-2.0
#include "module/sync_state.hpp"

#include <new>

namespace cogway {

int add_sync_types(PyObject* module, ModuleState& state) {
  state.sync = new (std::nothrow) SyncState();
  if (state.sync == nullptr) return PyErr_NoMemory(), -1;
  using AddType = int (*)(PyObject*, ModuleState&);
  static constexpr AddType kTypes[] = {
      add_atomic_bool_type,
      add_atomic_float64_type,
      add_atomic_int64_type,
      add_atomic_reference_type,
      add_atomic_uint64_type,
      add_barrier_type,
      add_batch_executor_type,
      add_concurrent_deque_type,
      add_concurrent_dict_type,
      add_concurrent_queue_type,
      add_critical_section_type,
      add_dict_maker_type,
      add_event_type,
      add_interval_lock_type,
      add_latch_type,
      add_local_wrapper_type,
      add_lock_order,
      add_lock_type,
      add_mutex_type,
      add_queue_side_type,
      add_rw_lock_type,
      add_rw_side_type,
      add_sharded_counter_type,
      add_shared_mutex_type,
      add_sync_awaiter_type,
      add_thread_exit_functions,
  };
  for (const AddType add : kTypes) {
    if (add(module, state) < 0) return -1;
  }
  return 0;
}

int traverse_sync(const SyncState* sync, visitproc visit, void* arg) {
  if (sync == nullptr) return 0;
#define COGWAY_VISIT(type, name) Py_VISIT(sync->name);
  COGWAY_SYNC_TYPES(COGWAY_VISIT)
#undef COGWAY_VISIT
  return 0;
}

void clear_sync(SyncState* sync) noexcept {
  if (sync == nullptr) return;
#define COGWAY_CLEAR(type, name) Py_CLEAR(sync->name);
  COGWAY_SYNC_TYPES(COGWAY_CLEAR)
#undef COGWAY_CLEAR
}

void free_sync(SyncState* sync) noexcept { delete sync; }

}  // namespace cogway
