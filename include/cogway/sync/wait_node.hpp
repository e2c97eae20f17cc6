// SPDX-License-Identifier: Apache-2.0
#pragma once
// One who waits in a WaitList: a thread that sleeps on the node's word, or a task of an event loop
// that is told through a function.
//
//        start()            granted or retry          the waiter reads the outcome
//   idle ────────► waiting ─────────────────► woken ──────────────────────────────► idle
//                     └──────── withdraw(): unlinked by the waiter itself ──────────► idle

#include <atomic>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway {

/// What became of a wait.
enum class WaitOutcome : std::uint32_t {
  waiting,  ///< still in the list, or about to be told
  asleep,   ///< as waiting; a thread sleeps on the word
  granted,  ///< what was waited for is the waiter's
  retry,    ///< there is something to be had: try again
  broken,   ///< what was waited for will not come
};

/// **Threads**: the list's fields under the lock of the list's owner; `outcome()` and `park()` by
/// the waiter.
/// **Ownership**: the waiter's, on its stack or in its object; may be destroyed as soon as it is
/// not linked and its outcome is read. A node with `notify` is told after it was unlinked, so its
/// owner keeps it alive until then.
/// **Progress**: outcome() wait-free, park() blocks.
/// **Order**: what the waker did before it chose the outcome is seen by whoever reads that.
template <template <typename> class Atom = std::atomic>
struct WaitNode {
  WaitNode() = default;
  WaitNode(const WaitNode&) = delete;
  WaitNode& operator=(const WaitNode&) = delete;

  using Notify = void (*)(WaitNode* node) noexcept;

  WaitNode* previous = nullptr;
  WaitNode* next = nullptr;
  bool linked = false;
  Notify notify = nullptr;    ///< called once, under no lock; nullptr: a thread, which sleeps
  std::uint32_t wants = 0;    ///< the waiting type's own: what is waited for
  std::int64_t value = 0;     ///< the waiting type's own: what was got
  const void* key = nullptr;  ///< the waiting type's own: who waits, or for which word
  TimePoint since{};          ///< when it began to wait

  [[nodiscard]] WaitOutcome outcome() const noexcept {
    // order: acquire, pairs with WakeBatch::add() release; publishes what was granted
    const auto state = static_cast<WaitOutcome>(state_.load(std::memory_order_acquire));
    return state == WaitOutcome::asleep ? WaitOutcome::waiting : state;
  }

  /// Sleeps until there is an outcome, `deadline`, a signal or the kernel's whim.
  ParkResult park_once(TimePoint deadline) noexcept {
    std::uint32_t seen = kWaiting;
    // order: relaxed, nothing is published by falling asleep
    if (!state_.compare_exchange_strong(seen, kAsleep, std::memory_order_relaxed) &&
        seen != kAsleep) {
      return ParkResult::changed;
    }
    return Parking<Atom>::park(state_, kAsleep, deadline);
  }
  /// Sleeps until there is an outcome (true), or until `deadline` (false).
  bool park(TimePoint deadline) noexcept {
    while (outcome() == WaitOutcome::waiting) {
      if (park_once(deadline) == ParkResult::timed_out) break;
    }
    return outcome() != WaitOutcome::waiting;
  }

 private:
  template <template <typename> class>
  friend class WaitList;
  template <template <typename> class>
  friend class WakeBatch;
  static constexpr auto kWaiting = static_cast<std::uint32_t>(WaitOutcome::waiting);
  static constexpr auto kAsleep = static_cast<std::uint32_t>(WaitOutcome::asleep);
  Atom<std::uint32_t> state_{kWaiting};  ///< a WaitOutcome; by the waiter, and once by its waker
};

}  // namespace cogway
