// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many hold a resource that may be replaced once nobody does: the owner of a function that
// calls in flight keep alive. Not a reference count of the object it is part of, which lives on.

#include <atomic>
#include <cstdint>

namespace cogway {

/// empty ──start()──► filling ──filled()──► held ──last let_go()──► emptying ──emptied()──► empty
///
/// **Threads**: any. let_go() only by who holds; filled() and emptied() by the one that start() or
/// let_go() returned true to.
/// **Ownership**: the resource belongs to the holders together; while it is filled or emptied, to
/// that one caller alone.
/// **Progress**: let_go(), start(), filled() and emptied() wait-free, try_hold() lock-free.
/// **Order**: who holds sees what came before filled(); who empties sees what all holders did.
template <template <typename> class Atom = std::atomic>
class HoldCount {
 public:
  /// `count` more holds, if somebody holds already.
  [[nodiscard]] bool try_hold(std::uint32_t count = 1) noexcept {
    // order: relaxed, a first guess
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    do {
      if (seen <= kChanging) return false;
      // order: acquire, pairs with filled() release; publishes the resource. relaxed on failure
    } while (!state_.compare_exchange_weak(seen, seen + kOne * count, std::memory_order_acquire,
                                           std::memory_order_relaxed));  // order: on failure
    return true;
  }

  /// Gives up `count` holds. True: they were the last; the caller empties the resource and says so.
  [[nodiscard]] bool let_go(std::uint32_t count = 1) noexcept {
    const std::uint64_t given = kOne * count;
    // order: acq_rel, pairs with itself; publishes every holder's use to the last one
    return state_.fetch_sub(given, std::memory_order_acq_rel) == given + kChanging;
  }
  void emptied() noexcept {
    // order: release, pairs with start() acquire; the resource is no longer looked at
    state_.store(0, std::memory_order_release);
  }

  /// True: it was empty, and is the caller's to fill.
  [[nodiscard]] bool start() noexcept {
    std::uint64_t empty = 0;
    // order: acquire, pairs with emptied() release. relaxed on failure: nothing is looked at
    return state_.compare_exchange_strong(empty, kChanging, std::memory_order_acquire,
                                          std::memory_order_relaxed);  // order: on failure
  }
  /// With one hold, the caller's.
  void filled() noexcept {
    // order: release, pairs with try_hold() acquire; publishes the resource
    state_.store(kOne + kChanging, std::memory_order_release);
  }

  [[nodiscard]] std::uint64_t count() const noexcept {
    // order: relaxed, a snapshot for statistics and tests
    return state_.load(std::memory_order_relaxed) / kOne;
  }

 private:
  static constexpr std::uint64_t kChanging = 1;  ///< set but when empty
  static constexpr std::uint64_t kOne = 2;
  Atom<std::uint64_t> state_{0};  ///< holds × kOne + kChanging; 0: empty
};

}  // namespace cogway
