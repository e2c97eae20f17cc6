// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells native work that enters Python: debug mode's eye on the threads of native workers. A thread
// that attaches makes a thread state, in zeroed memory from Python's raw allocator, which is
// watched. A thread that uses a state of before, and leaves again, is not seen.

#include "cogway/engine/attach_watch.hpp"

namespace cogway {

/// The functions for EngineOptions::attach_watch, process-wide. The first call puts a hook before
/// Python's raw allocator, which stays: one look at a thread-local flag for each block.
///
/// **Threads**: attached; what it returns is called by any native thread. **Ownership**: static.
/// **Progress**: wait-free, but for a thread that has to be detached. **Order**: none.
[[nodiscard]] const AttachWatch* watch_attachments() noexcept;

}  // namespace cogway
