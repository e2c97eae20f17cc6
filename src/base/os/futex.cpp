// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace cogway::os {
namespace {

int operation(int op, FutexScope scope) noexcept {
  return scope == FutexScope::process ? (op | FUTEX_PRIVATE_FLAG) : op;
}

const std::uint32_t* address_of(const std::atomic<std::uint32_t>& word) noexcept {
  static_assert(sizeof(word) == sizeof(std::uint32_t), "the kernel compares the bare word");
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
  return reinterpret_cast<const std::uint32_t*>(&word);
}

}  // namespace

FutexWait futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     TimePoint deadline, FutexScope scope, std::uint32_t kinds) noexcept {
  timespec until{};
  const timespec* limit = nullptr;
  if (deadline != kNever) {
    const auto since = deadline.time_since_epoch().count();
    if (since <= 0) return FutexWait::timed_out;
    until.tv_sec = static_cast<time_t>(since / 1'000'000'000);
    until.tv_nsec = static_cast<long>(since % 1'000'000'000);
    limit = &until;
  }
  // FUTEX_WAIT_BITSET takes an absolute time on the monotonic clock: no drift over spurious wakes.
  const long result = ::syscall(SYS_futex, address_of(word), operation(FUTEX_WAIT_BITSET, scope),
                                expected, limit, nullptr, kinds);
  if (result == 0) return FutexWait::woken;
  if (errno == ETIMEDOUT) return FutexWait::timed_out;
  return errno == EAGAIN ? FutexWait::changed : FutexWait::woken;
}

int futex_wake(const std::atomic<std::uint32_t>& word, int count, FutexScope scope,
               std::uint32_t kinds) noexcept {
  const long woken = ::syscall(SYS_futex, address_of(word), operation(FUTEX_WAKE_BITSET, scope),
                               count, nullptr, nullptr, kinds);
  return woken < 0 ? 0 : static_cast<int>(woken);
}

}  // namespace cogway::os
