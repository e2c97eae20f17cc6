// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a thread about to sleep may look a little longer first. To wake a sleeping core takes
// longer than most kernels, so a short search is worth it when work is about to come and a core is
// free, and theft otherwise. Three questions, in this order: may this process spin at all
// (SpinBudget), does it pay at this place (SpinPlace), is this one search over (SpinSearch).

#include <atomic>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/sync/spin_account.hpp"

namespace cogway {

struct SpinStatistics {
  std::uint64_t spins = 0;      ///< searches begun
  std::uint64_t hits = 0;       ///< searches that found what they looked for
  std::uint64_t refused = 0;    ///< searches that the budget did not grant
  std::uint64_t contended = 0;  ///< failed searches during which the kernel took the processor away
  Nanoseconds spent{};          ///< time of all searches
  Nanoseconds wasted{};         ///< time charged to the budget
};

/// The spinning that a group of threads may do in all: at most `share` of wall time is wasted.
///
/// Charged is every failed search, and of a successful one what it took beyond the wake-up that it
/// saved. Nothing is granted below two processors of affinity and quota, to more than `spinners`
/// threads at once, or for a while (doubling from 1 to 128 ms) after searches that cost somebody
/// else the processor.
///
/// **Threads**: all calls from any thread.
/// **Ownership**: outlives every place that spins on it.
/// **Progress**, **Order**: as SpinAccount: everything here is a hint.
class SpinBudget {
 public:
  struct Options {
    double share = 0.05;                                    ///< of wall time, 0 = never spin
    Nanoseconds longest = std::chrono::microseconds{50};    ///< one search
    Nanoseconds wake_cost = std::chrono::microseconds{25};  ///< what a hit saves
    Nanoseconds burst = std::chrono::microseconds{500};     ///< may be wasted at once
    int spinners = 0;  ///< threads at once; 0 = processors - 1, and none below two processors
  };

  /// Throws std::invalid_argument for a share outside [0, 1] or a negative time.
  SpinBudget();
  explicit SpinBudget(const Options& options);
  SpinBudget(const SpinBudget&) = delete;
  SpinBudget& operator=(const SpinBudget&) = delete;

  /// The one that places use when given none.
  [[nodiscard]] static SpinBudget& process() noexcept;

  /// Asks for a search beginning at `now`. Each granted one is given back by leave().
  [[nodiscard]] bool enter(TimePoint now) noexcept;
  void leave(TimePoint began, TimePoint now, bool hit) noexcept;

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] SpinStatistics statistics() const noexcept;

 private:
  [[nodiscard]] bool lost_processor() noexcept;
  void charge(TimePoint now, Nanoseconds wasted) noexcept;
  /// The wall time whose share that is.
  [[nodiscard]] Nanoseconds earned_in(Nanoseconds wasted) const noexcept;

  const Options options_;
  const int most_spinners_;
  SpinAccount<> account_;
  std::atomic<std::uint64_t> spins_{0}, hits_{0}, refused_{0}, contended_{0};
  std::atomic<std::int64_t> spent_ns_{0}, wasted_ns_{0};
};

/// What is known about spinning at one waiting place: how often it hits and how soon.
///
/// **Threads**, **Progress**, **Order**: as SpinBudget; racing updates lose a sample, nothing else.
/// **Ownership**: a member of what waits; refers to its budget.
class SpinPlace {
 public:
  explicit SpinPlace(SpinBudget& budget = SpinBudget::process()) noexcept : budget_(&budget) {}

  /// How long a search may take here; zero where it does not pay. Where it stopped paying, one wait
  /// in 32 is granted to find out whether it does again.
  [[nodiscard]] Nanoseconds limit() noexcept;
  void learn(bool hit, Nanoseconds took) noexcept;
  /// Offers the processor to others, unless they kept it lately: a thread that is away for a time
  /// slice is no sleeper, so nobody can wake it. False: not offered; sleep.
  [[nodiscard]] bool offer() noexcept;
  /// What offer() decides by: whether it may, and what one that took so long taught.
  [[nodiscard]] bool may_offer(TimePoint now) const noexcept;
  void learn_offer(TimePoint before, TimePoint after) noexcept;
  [[nodiscard]] SpinBudget& budget() const noexcept { return *budget_; }

 private:
  SpinBudget* budget_;
  std::atomic<std::uint32_t> hit_rate_{kEven};  ///< moving average, of kCertain
  std::atomic<std::uint32_t> usual_ns_{0};      ///< moving average of a hit's time; 0 = no hit yet
  std::atomic<std::uint32_t> waits_{0};
  std::atomic<std::int64_t> no_offer_until_{0};  ///< after an offer that took long
  std::atomic<std::uint32_t> offers_kept_{0};    ///< of those in a row

  static constexpr std::uint32_t kCertain = 1024;
  static constexpr std::uint32_t kEven = 512;
  static constexpr std::uint32_t kPays = 128;
  static constexpr std::uint32_t kProbe = 32;
};

/// One search: `while (search.next()) if (found()) …; search.finish(found)`.
///
/// **Threads**: one; on the stack. **Ownership**: gives its grant back in finish() or the
/// destructor.
/// **Progress**: ends by its own limit. **Order**: none.
class SpinSearch {
 public:
  explicit SpinSearch(SpinPlace& place, TimePoint deadline = kNever) noexcept;
  SpinSearch(const SpinSearch&) = delete;
  SpinSearch& operator=(const SpinSearch&) = delete;
  ~SpinSearch() { finish(false); }

  [[nodiscard]] bool granted() const noexcept { return granted_; }
  /// Pauses once; false when the search is over.
  [[nodiscard]] bool next() noexcept;
  void finish(bool hit) noexcept;

 private:
  SpinPlace& place_;
  TimePoint began_{};
  TimePoint until_{};
  std::uint32_t turn_ = 0;
  bool granted_ = false;
};

}  // namespace cogway
