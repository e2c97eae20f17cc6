// SPDX-License-Identifier: Apache-2.0
#pragma once
// The books of a SpinBudget: who searches now, and when what was wasted is earned again.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"

namespace cogway {

/// **Threads**: all calls from any thread.
/// **Ownership**: a member of its budget.
/// **Progress**: wait-free, but for the compare-exchange of charge().
/// **Order**: none: no data depends on it. No grant and no charge is lost or counted twice; of
/// disturbances that race, one may be.
template <template <typename> class Atom = std::atomic>
class SpinAccount {
 public:
  /// Asks for one of `most` grants; each is given back by leave().
  [[nodiscard]] bool enter(int most) noexcept {
    if (spinners_.fetch_add(1, kHint) < most) return true;
    spinners_.fetch_sub(1, kHint);
    return false;
  }
  void leave() noexcept { spinners_.fetch_sub(1, kHint); }

  /// Whether nothing forbids a search at `now`: no more is owed than `allowed`, and nobody was
  /// disturbed lately.
  [[nodiscard]] bool solvent(TimePoint now, Nanoseconds allowed) const noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    return repaid_at_.load(kHint) - at <= allowed.count() && at >= quiet_until_.load(kHint);
  }
  /// Owes a time that it takes `earned_in` to earn. Debt is kept as the time at which it is repaid.
  void charge(TimePoint now, Nanoseconds earned_in) noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t repaid_at = repaid_at_.load(kHint);
    while (!repaid_at_.compare_exchange_weak(repaid_at, std::max(repaid_at, at) + earned_in.count(),
                                             kHint)) {
    }
  }

  /// A failed search cost somebody else the processor: none for a while, longer each time in a row.
  void disturbed(TimePoint now) noexcept {
    const int doublings = doublings_.load(kHint);
    quiet_until_.store((now + kQuietFirst * (1 << doublings)).time_since_epoch().count(), kHint);
    doublings_.store(std::min(doublings + 1, kQuietMost), kHint);
  }
  /// A search has paid: the next disturbance is a first one.
  void paid() noexcept {
    if (doublings_.load(kHint) != 0) doublings_.store(0, kHint);
  }

 private:
  // order: relaxed, no pairing: hints and counters
  static constexpr auto kHint = std::memory_order_relaxed;
  static constexpr Nanoseconds kQuietFirst = std::chrono::milliseconds{1};
  static constexpr int kQuietMost = 7;  ///< doublings: 128 ms

  alignas(kCacheLine) Atom<std::int64_t> repaid_at_{0};
  Atom<std::int64_t> quiet_until_{0};
  Atom<int> doublings_{0};
  Atom<int> spinners_{0};  ///< between enter() and leave(), and those that are being refused
};

}  // namespace cogway
