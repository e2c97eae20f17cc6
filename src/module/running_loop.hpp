// SPDX-License-Identifier: Apache-2.0
#pragma once
// The event loop that runs in the calling thread, without importing asyncio for it.

#include "cogway/python/py_ref.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// The running loop; empty when there is none (or an error occurred, then with an exception).
[[nodiscard]] PyRef running_loop(ModuleState& state);

}  // namespace cogway
