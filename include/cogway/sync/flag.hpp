// SPDX-License-Identifier: Apache-2.0
#pragma once
// "It has happened": a one-way switch that threads can wait for. For conditions that come and go
// use EventCount; for awaiting from an event loop use a ticket.

#include <atomic>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway {

/// One word; set() enters the kernel only when somebody sleeps.
///
/// **Threads**: all calls from any thread; reset() only while nobody waits or sets.
/// **Ownership**: whoever destroys it must know (not merely be lucky) that every set() has
/// returned; that wait() has returned does not say so.
/// **Progress**: set() and is_set() wait-free; wait() blocks.
/// **Order**: what comes before set() is seen by whoever learns of it through is_set() or wait().
template <template <typename> class Atom = std::atomic>
class Flag {
 public:
  Flag() = default;
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

  [[nodiscard]] bool is_set() const noexcept {
    // order: acquire, pairs with set() release; publishes what came before set()
    return state_.load(std::memory_order_acquire) == kSet;
  }

  /// True for the one call that switched it.
  bool set() noexcept {
    // order: release, pairs with is_set() and wait() acquire; publishes what came before set()
    const std::uint32_t was = state_.exchange(kSet, std::memory_order_release);
    if (was == kAwaited) Parking<Atom>::unpark(state_, kAll);
    return was != kSet;
  }

  /// Sleeps until set; false if `deadline` came first.
  bool wait(TimePoint deadline = kNever) noexcept {
    for (;;) {
      std::uint32_t seen = kUnset;
      // order: acquire, pairs with set() release; publishes what came before set()
      if (!state_.compare_exchange_strong(seen, kAwaited, std::memory_order_acquire) &&
          seen == kSet) {
        return true;
      }
      if (Parking<Atom>::park(state_, kAwaited, deadline) == ParkResult::timed_out) {
        return is_set();
      }
    }
  }

  /// Makes it as new.
  void reset() noexcept {
    // order: relaxed, no pairing: the caller alone uses the flag at this time
    state_.store(kUnset, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kUnset = 0;
  static constexpr std::uint32_t kSet = 1;
  static constexpr std::uint32_t kAwaited = 2;
  static constexpr int kAll = 0x7fffffff;
  Atom<std::uint32_t> state_{kUnset};  ///< written by set() and wait(), read by all
};

}  // namespace cogway
