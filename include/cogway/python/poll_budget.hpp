// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether the loop should poll for a completion instead of sleeping in epoll, and for how long.
// Pure arithmetic over times that the caller reads; knows neither Python nor the loop.

#include <algorithm>
#include <cstdint>

#include "cogway/base/clock.hpp"

namespace cogway {

/// Budgeted polling, learned by hits.
///
///  * A poll is worth it while the expected rest of the work is short: kLongestWork at most, and
///  the
///    window is a small multiple of what was learned.
///  * Polling that ends without a completion is waste. Waste may be kWasteShare of wall time, saved
///  up
///    for at most kSavedWaste.
///  * A loop turn that took kContendedTurn shows that the GIL, the processor or the loop itself is
///    wanted by others: polling rests, for longer each time in a row.
///
/// **Threads**: the loop's thread. **Ownership**: a value. **Progress**: wait-free. **Order**:
/// none.
class PollBudget {
 public:
  static constexpr Nanoseconds kLongestWork{150'000};
  static constexpr Nanoseconds kSlack{30'000};        ///< wake-ups and queues on both ends
  static constexpr Nanoseconds kUnknownWork{20'000};  ///< assumed of a kernel not measured yet
  static constexpr Nanoseconds kContendedTurn{500'000};
  static constexpr Nanoseconds kShortestRest{20'000'000};
  static constexpr Nanoseconds kLongestRest{1'000'000'000};
  static constexpr Nanoseconds kSavedWaste{2'000'000};
  static constexpr int kWasteShare = 20;  ///< one part in 20 of wall time

  struct Statistics {
    std::uint64_t windows = 0;   ///< times that polling began
    std::uint64_t turns = 0;     ///< loop turns spent polling
    std::uint64_t hits = 0;      ///< turns that found completions
    std::uint64_t rests = 0;     ///< times that contention stopped polling
    std::int64_t wasted_ns = 0;  ///< in windows that ran out
  };

  explicit PollBudget(bool allowed) noexcept : allowed_(allowed) {}

  /// Work of `expected` was begun: until when to poll; the epoch of the clock: not at all.
  [[nodiscard]] TimePoint window(TimePoint now, Nanoseconds expected) noexcept {
    if (!allowed_ || expected > kLongestWork || now < resting_until_) return TimePoint{};
    save(now);
    if (saved_ <= Nanoseconds::zero()) return TimePoint{};
    const Nanoseconds work = expected == Nanoseconds::zero() ? kUnknownWork : expected;
    return now + 2 * work + kSlack;
  }

  void begin(TimePoint now) noexcept {
    ++statistics_.windows;
    began_ = now;
    last_turn_ = now;
  }

  /// The loop's thread itself was busy until `now`: the next turn's delay counts from then.
  void own_work(TimePoint now) noexcept { last_turn_ = now; }

  /// One turn of a poll; false: rest, somebody else wants the processor or the GIL.
  [[nodiscard]] bool turn(TimePoint now) noexcept {
    ++statistics_.turns;
    const bool contended = now - last_turn_ > kContendedTurn;
    last_turn_ = now;
    if (!contended) return true;
    ++statistics_.rests;
    rest_ = std::min(rest_ == Nanoseconds::zero() ? kShortestRest : 2 * rest_, kLongestRest);
    resting_until_ = now + rest_;
    return false;
  }

  /// Completions have come and been delivered: what was spent until now paid.
  void hit(TimePoint now) noexcept {
    ++statistics_.hits;
    rest_ = Nanoseconds::zero();
    began_ = now;
    last_turn_ = now;  // the callbacks' own time says nothing about contention
  }
  /// The window ran out first.
  void miss(TimePoint now) noexcept {
    const Nanoseconds waste = std::max(now - began_, Nanoseconds::zero());
    saved_ -= waste;
    statistics_.wasted_ns += waste.count();
  }

  [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }

 private:
  void save(TimePoint now) noexcept {
    if (saved_at_ != TimePoint{}) {
      saved_ = std::min(kSavedWaste, saved_ + (now - saved_at_) / kWasteShare);
    }
    saved_at_ = now;
  }

  bool allowed_;
  Nanoseconds saved_ = kSavedWaste;  ///< waste that may still be made
  Nanoseconds rest_{0};
  TimePoint saved_at_{};
  TimePoint resting_until_{};
  TimePoint began_{};
  TimePoint last_turn_{};
  Statistics statistics_;
};

}  // namespace cogway
