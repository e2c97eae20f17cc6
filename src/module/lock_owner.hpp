// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who owns a lock that knows its owners: a thread, or a task of asyncio. An owner is an address
// that no other has meanwhile.

#include <Python.h>

#include "module/module_state.hpp"

namespace cogway {

/// The calling thread: what its register of thread-local memory holds, which costs no call.
[[nodiscard]] inline const void* this_thread_owner() noexcept { return __builtin_thread_pointer(); }
/// The task that the calling thread runs; nullptr outside of any. Never raises.
[[nodiscard]] const void* this_task_owner(ModuleState& state) noexcept;

}  // namespace cogway
