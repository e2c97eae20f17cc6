// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/spin_budget.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "cogway/base/cpu.hpp"
#include "cogway/base/os/processors.hpp"
#include "cogway/base/os/thread.hpp"
#include "cogway/base/os/usage.hpp"

namespace cogway {
namespace {

// Everything in this file is a hint that guards no data: lost updates and stale reads only make a
// search longer or shorter than it should be.
constexpr auto kHint = std::memory_order_relaxed;  // order: relaxed, no pairing: hints and counters

constexpr std::uint32_t kLookEvery = 8;  ///< pauses between two looks at the clock
constexpr Nanoseconds kKept = std::chrono::microseconds{300};  ///< no own thread runs so long
constexpr Nanoseconds kNoOfferFirst = std::chrono::milliseconds{50};
constexpr std::uint32_t kNoOfferMost = 6;  ///< doublings: 3.2 s

int spinners_allowed(const SpinBudget::Options& options) {
  const double share = os::processor_share();
  if (share < 2.0 || options.share == 0.0) return 0;
  return options.spinners > 0 ? options.spinners : static_cast<int>(share) - 1;
}

SpinBudget::Options checked(const SpinBudget::Options& options) {
  if (!(options.share >= 0.0 && options.share <= 1.0)) {
    throw std::invalid_argument("spin budget: share must lie between 0 and 1, not " +
                                std::to_string(options.share));
  }
  const Nanoseconds zero{};
  if (options.longest < zero || options.wake_cost < zero || options.burst < zero) {
    throw std::invalid_argument("spin budget: times must not be negative");
  }
  return options;
}

}  // namespace

SpinBudget::SpinBudget() : SpinBudget(Options{}) {}

SpinBudget::SpinBudget(const Options& options)
    : options_(checked(options)), most_spinners_(spinners_allowed(options_)) {}

SpinBudget& SpinBudget::process() noexcept {
  static SpinBudget budget;
  return budget;
}

bool SpinBudget::enter(TimePoint now) noexcept {
  if (most_spinners_ == 0 || !account_.solvent(now, earned_in(options_.burst)) ||
      !account_.enter(most_spinners_)) {
    refused_.fetch_add(1, kHint);
    return false;
  }
  spins_.fetch_add(1, kHint);
  return true;
}

void SpinBudget::leave(TimePoint began, TimePoint now, bool hit) noexcept {
  account_.leave();
  const Nanoseconds spent = now - began;
  spent_ns_.fetch_add(spent.count(), kHint);
  if (hit) {
    hits_.fetch_add(1, kHint);
    account_.paid();
    charge(now, spent - options_.wake_cost);
    return;
  }
  charge(now, spent);
  if (!lost_processor()) return;
  contended_.fetch_add(1, kHint);
  account_.disturbed(now);
}

void SpinBudget::charge(TimePoint now, Nanoseconds wasted) noexcept {
  if (wasted <= Nanoseconds::zero()) return;
  wasted_ns_.fetch_add(wasted.count(), kHint);
  account_.charge(now, earned_in(wasted));
}

Nanoseconds SpinBudget::earned_in(Nanoseconds wasted) const noexcept {
  return std::chrono::duration_cast<Nanoseconds>(wasted / std::max(options_.share, 1e-9));
}

bool SpinBudget::lost_processor() noexcept {
  thread_local std::int64_t seen = -1;
  const std::int64_t switches = os::this_thread_usage().involuntary_switches;
  const std::int64_t before = std::exchange(seen, switches);
  return before >= 0 && switches > before;
}

SpinStatistics SpinBudget::statistics() const noexcept {
  SpinStatistics result;
  result.spins = spins_.load(kHint);
  result.hits = hits_.load(kHint);
  result.refused = refused_.load(kHint);
  result.contended = contended_.load(kHint);
  result.spent = Nanoseconds{spent_ns_.load(kHint)};
  result.wasted = Nanoseconds{wasted_ns_.load(kHint)};
  return result;
}

Nanoseconds SpinPlace::limit() noexcept {
  const Nanoseconds longest = budget_->options().longest;
  const std::uint32_t waits = waits_.fetch_add(1, kHint);
  if (waits % kProbe == 0) return longest;
  if (hit_rate_.load(kHint) < kPays) return Nanoseconds::zero();
  const std::uint32_t usual = usual_ns_.load(kHint);
  if (usual == 0) return longest;
  constexpr Nanoseconds kShortest = std::chrono::microseconds{4};
  return std::min(std::max(Nanoseconds{usual} * 4, kShortest), longest);
}

void SpinPlace::learn(bool hit, Nanoseconds took) noexcept {
  const std::uint32_t rate = hit_rate_.load(kHint);
  if (!hit) {
    hit_rate_.store(rate - rate / 8, kHint);
    return;
  }
  hit_rate_.store(rate + (kCertain - rate) / 8, kHint);
  const auto took_ns =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(took.count(), 1, std::int64_t{1} << 30));
  const std::uint32_t usual = usual_ns_.load(kHint);
  usual_ns_.store(usual == 0 ? took_ns : usual - usual / 8 + took_ns / 8, kHint);
}

bool SpinPlace::offer() noexcept {
  const TimePoint before = monotonic_now();
  if (!may_offer(before)) return false;
  os::yield_thread();
  learn_offer(before, monotonic_now());
  return true;
}

bool SpinPlace::may_offer(TimePoint now) const noexcept {
  return now.time_since_epoch().count() >= no_offer_until_.load(kHint);
}

void SpinPlace::learn_offer(TimePoint before, TimePoint after) noexcept {
  if (after - before < kKept) {
    if (offers_kept_.load(kHint) != 0) offers_kept_.store(0, kHint);
    return;
  }
  const std::uint32_t kept = offers_kept_.load(kHint);
  no_offer_until_.store((after + kNoOfferFirst * (1 << kept)).time_since_epoch().count(), kHint);
  offers_kept_.store(std::min(kept + 1, kNoOfferMost), kHint);
}

SpinSearch::SpinSearch(SpinPlace& place, TimePoint deadline) noexcept : place_(place) {
  const Nanoseconds limit = place.limit();
  if (limit == Nanoseconds::zero()) return;
  began_ = monotonic_now();
  granted_ = place.budget().enter(began_);
  until_ = std::min(deadline, began_ + limit);
}

bool SpinSearch::next() noexcept {
  cpu_relax();
  return ++turn_ % kLookEvery != 0 || monotonic_now() < until_;
}

void SpinSearch::finish(bool hit) noexcept {
  if (!granted_) return;
  granted_ = false;
  const TimePoint now = monotonic_now();
  place_.budget().leave(began_, now, hit);
  place_.learn(hit, now - began_);
}

}  // namespace cogway
