// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine's lock for cold paths: start, stop, resize, registration. Hot paths hold no lock.

#include <pthread.h>

#include "cogway/base/clock.hpp"

namespace cogway {

/// A mutex that lends its waiters' priority to its owner, so that a background thread holding it
/// cannot keep a foreground one waiting behind middling ones; std::mutex cannot. A little dearer
/// uncontended. Satisfies Lockable: use std::lock_guard, std::unique_lock, std::scoped_lock.
///
/// **Threads**: all; unlock() by the owner only. Not recursive: locking twice is a bug and asserts.
/// **Ownership**: not movable; must be unlocked when destroyed.
/// **Progress**: blocking.
/// **Order**: unlock() publishes to the next lock().
class PiMutex {
 public:
  PiMutex();
  PiMutex(const PiMutex&) = delete;
  PiMutex& operator=(const PiMutex&) = delete;
  ~PiMutex();

  void lock() noexcept;
  [[nodiscard]] bool try_lock() noexcept;
  /// False: `deadline` came first.
  [[nodiscard]] bool try_lock_until(TimePoint deadline) noexcept;
  void unlock() noexcept;

 private:
  pthread_mutex_t mutex_;
};

}  // namespace cogway
