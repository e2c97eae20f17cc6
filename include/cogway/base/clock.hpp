// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where time comes from. Whoever compares deadlines or counts ages takes a `const Clock&`, so that
// a deterministic engine can run under a ManualClock: time is an argument, never a global. Waiting
// itself (futex time-outs) always follows the monotonic clock of the kernel.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cogway {

using Nanoseconds = std::chrono::nanoseconds;
/// A point on CLOCK_MONOTONIC (or on a ManualClock, which starts at zero).
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Nanoseconds>;

/// A deadline that never comes.
inline constexpr TimePoint kNever = TimePoint::max();

/// The monotonic clock of the kernel, without a virtual call: for measuring, and for waits.
[[nodiscard]] inline TimePoint monotonic_now() noexcept {
  return std::chrono::time_point_cast<Nanoseconds>(std::chrono::steady_clock::now());
}

/// `now + duration`, or kNever where the sum would overflow; a negative duration gives `now`.
[[nodiscard]] constexpr TimePoint deadline_after(TimePoint now, Nanoseconds duration) noexcept {
  if (duration <= Nanoseconds::zero()) return now;
  return duration >= kNever - now ? kNever : now + duration;
}

/// A source of time.
///
/// **Threads**: now() may be called by any thread at any time.
/// **Ownership**: the holder of a reference outlives none: a clock outlives everything that took
/// it.
/// **Progress**: wait-free.
/// **Order**: none beyond each thread's own: a clock publishes nothing.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual TimePoint now() const noexcept = 0;

  /// The kernel's monotonic clock; lives as long as the process.
  [[nodiscard]] static const Clock& monotonic() noexcept;
};

/// A clock that moves only when told to, for deterministic tests. Starts at TimePoint{}.
///
/// **Threads**: all calls from any thread. **Ownership**: the test's. **Progress**: wait-free.
/// **Order**: advance() releases, now() acquires: who sees the new time sees what came before it.
class ManualClock final : public Clock {
 public:
  ManualClock() = default;
  explicit ManualClock(TimePoint start) noexcept : now_ns_(start.time_since_epoch().count()) {}

  [[nodiscard]] TimePoint now() const noexcept override {
    // order: acquire, pairs with advance() release; publishes what happened before that time
    return TimePoint{Nanoseconds{now_ns_.load(std::memory_order_acquire)}};
  }

  /// Moves time forward; a negative duration is a bug of the test.
  void advance(Nanoseconds duration) noexcept;

 private:
  std::atomic<std::int64_t> now_ns_{0};
};

}  // namespace cogway
