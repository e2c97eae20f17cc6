// SPDX-License-Identifier: Apache-2.0
#pragma once
// The lock inside the waiting types: one word, held for some instructions and never while anything
// is waited for. For sections that may last, use PiMutex.

#include <atomic>
#include <cstdint>

#include "cogway/sync/parking.hpp"
#include "cogway/sync/spin_wait.hpp"

namespace cogway {

/// Satisfies Lockable: use std::lock_guard.
///
/// **Threads**: all; unlock() by the owner only. Not recursive.
/// **Ownership**: a word of whatever it guards.
/// **Progress**: blocking; unlock() enters the kernel only when somebody sleeps. Unfair.
/// **Order**: unlock() publishes to the next lock().
template <template <typename> class Atom = std::atomic>
class WordLock {
 public:
  WordLock() = default;
  WordLock(const WordLock&) = delete;
  WordLock& operator=(const WordLock&) = delete;

  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t seen = kFree;
    // order: acquire, pairs with unlock() release; publishes the guarded data
    return word_.compare_exchange_strong(seen, kHeld, std::memory_order_acquire);
  }
  void lock() noexcept {
    if (!try_lock()) lock_slowly();
  }
  void unlock() noexcept {
    // Whoever gets the lock next may destroy it, so nothing of it is touched after the exchange.
    const auto address = Parking<Atom>::address_of(word_);
    // order: release, pairs with try_lock() and lock_slowly() acquire; publishes the guarded data
    if (word_.exchange(kFree, std::memory_order_release) == kAwaited) {
      Parking<Atom>::unpark_at(address, 1);
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kAwaited = 2;

  void lock_slowly() noexcept {
    for (SpinWait<Atom> wait; !wait.yields(); wait.once()) {
      if (try_lock()) return;
    }
    // From here on the word says that somebody sleeps, which may be one too many, never one too
    // few. order: acquire, pairs with unlock() release; publishes the guarded data
    while (word_.exchange(kAwaited, std::memory_order_acquire) != kFree) {
      Parking<Atom>::park(word_, kAwaited, kNever);
    }
  }

  Atom<std::uint32_t> word_{kFree};  ///< by all
};

}  // namespace cogway
