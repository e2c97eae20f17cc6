// SPDX-License-Identifier: Apache-2.0
#pragma once
// A lock in shared memory that a killed process cannot take along. For one process use PiMutex.

#include <pthread.h>

#include "cogway/base/clock.hpp"

namespace cogway {

/// Lends its waiters' priority to its owner, as PiMutex does. When the owner dies, the kernel hands
/// the lock to the next one, which is told so and puts right what the mutex protects.
///
/// **Threads**: all, of all processes that map it; unlock() by the owner only. Not recursive.
/// **Ownership**: placed into shared memory by whoever makes that; never destroyed. Owners share a
/// namespace of process numbers and a C library.
/// **Progress**: blocking, until a deadline.
/// **Order**: unlock(), or the owner's death, publishes to the next lock.
class RobustMutex {
 public:
  enum class Taken {
    no,         ///< the deadline came first
    yes,        ///< locked
    abandoned,  ///< locked; the last owner died with it: repair, then unlock()
    ours,       ///< the calling thread has it
    broken,     ///< somebody overwrote its memory
  };
  /// Whether this lock is the caller's now.
  [[nodiscard]] static constexpr bool holds(Taken taken) noexcept {
    return taken == Taken::yes || taken == Taken::abandoned;
  }

  RobustMutex() noexcept;
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;
  ~RobustMutex() = default;

  [[nodiscard]] Taken lock_until(TimePoint deadline) noexcept;
  /// False: the calling thread does not have it.
  bool unlock() noexcept;

 private:
  pthread_mutex_t mutex_;
};

}  // namespace cogway
