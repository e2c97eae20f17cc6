// SPDX-License-Identifier: Apache-2.0
#pragma once
// What kernels and workers log, handed to Python's logging by the next attached thread that drains
// the release mailbox.

#include <memory>

#include "module/engine_object.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// From now on records of this engine's log reach `cogway._logging`. Throws std::bad_alloc.
void forward_log(ModuleState& state, const std::shared_ptr<EngineHost>& host);

}  // namespace cogway
