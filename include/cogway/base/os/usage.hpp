// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a thread has used, as the kernel counts it.
//
// **Threads**: any. **Ownership**: values. **Progress**: a system call each. **Order**: none.

#include <cstdint>

#include "cogway/base/clock.hpp"

namespace cogway::os {

struct ThreadUsage {
  Nanoseconds processor_time{};
  std::int64_t voluntary_switches = 0;
  /// Times the kernel took the processor away because somebody else wanted it: the sign of
  /// oversubscription that spinning must heed.
  std::int64_t involuntary_switches = 0;
};

/// Of the calling thread. One system call.
[[nodiscard]] ThreadUsage this_thread_usage() noexcept;

/// Processor time of the calling thread alone, finer than ThreadUsage's.
[[nodiscard]] Nanoseconds this_thread_processor_time() noexcept;

/// Processor time of all threads of the process.
[[nodiscard]] Nanoseconds process_processor_time() noexcept;

}  // namespace cogway::os
