// SPDX-License-Identifier: Apache-2.0
#pragma once
// The labelled steps of every operation on a shared bus, at which crash tests kill a process.
// Without a hook a step is one load and a branch that is never taken.

#include <atomic>

namespace cogway::detail {

using SharedStepHook = void (*)(const char* label) noexcept;

/// **Threads**: any. **Ownership**: the test's. **Progress**: wait-free plus the hook.
/// **Order**: none.
inline std::atomic<SharedStepHook> shared_step_hook{nullptr};

inline void shared_step(const char* label) noexcept {
  // order: relaxed, set by a test before the operations that it watches
  if (const SharedStepHook hook = shared_step_hook.load(std::memory_order_relaxed)) [[unlikely]] {
    hook(label);
  }
}

}  // namespace cogway::detail
