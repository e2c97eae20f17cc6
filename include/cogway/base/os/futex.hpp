// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sleeping on a word of memory and waking those who do. The one blocking primitive of the core:
// every other wait is built on it (see sync/parking.hpp), so this is also where a port begins.
//
// **Threads**: any; with FutexScope::shared, of any process that maps the word.
// **Ownership**: the caller keeps the word alive until the call returns.
// **Progress**: futex_wait() blocks; futex_wake() is one system call.
// **Order**: neither publishes anything: the word's own loads and stores do.

#include <atomic>
#include <cstdint>

#include "cogway/base/clock.hpp"

namespace cogway::os {

/// Whether the sleepers of a word are all threads of this process, or of any that maps it.
enum class FutexScope : std::uint8_t { process, shared };

/// Of sleepers, where a wake is not for all of a word's.
inline constexpr std::uint32_t kEveryKind = 0xffff'ffff;

enum class FutexWait : std::uint8_t {
  woken,      ///< by futex_wake, a signal or the kernel's whim: check the condition again
  changed,    ///< the word did not hold `expected`: nobody slept
  timed_out,  ///< the deadline came
};

/// Sleeps while `word == expected`, until woken or until `deadline` on the monotonic clock. The
/// comparison and the falling asleep are one step as seen by futex_wake. Never throws; publishes
/// nothing.
/// `kinds`: woken only by wakes that have one of these bits.
FutexWait futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     TimePoint deadline = kNever, FutexScope scope = FutexScope::process,
                     std::uint32_t kinds = kEveryKind) noexcept;

/// Wakes at most `count` sleepers of the word; returns how many were asleep. Costs a system call
/// even when none is: callers keep a count of sleepers and call only when it is not zero.
int futex_wake(const std::atomic<std::uint32_t>& word, int count,
               FutexScope scope = FutexScope::process, std::uint32_t kinds = kEveryKind) noexcept;

}  // namespace cogway::os
