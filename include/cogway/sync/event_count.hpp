// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting for a condition over lock-free data without losing a wake-up: the condition variable of
// code that has no mutex. Looks for a while (SpinBudget), yields, then sleeps; a notification
// enters the kernel only when a thread is known to sleep and nobody awake is already looking.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/sync/event_count_statistics.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway {

/// One word counts sleepers (registered to be woken), tokens (wake-ups granted and not yet taken)
/// and searchers (awake and looking). Every step is a read-modify-write of that word, and that
/// alone is the proof: of a notifier's step and a waiter's registration one comes second. If the
/// notifier, it sees the waiter. If the waiter, it sees what the notifier published and does not
/// sleep. Waiting threads always number sleepers plus tokens, whoever takes which, so one that
/// gives up takes back exactly one of either.
///
/// A notification that finds a searcher is left to it. In return whoever has found something asks
/// `more()` after it stopped searching, and wakes a sleeper if there is more: what it took may not
/// have been what it was trusted to see.
///
/// **Threads**: all calls from any thread. At most 65,535 waiting at once.
/// **Ownership**: outlives every call. Whoever destroys it must know that all notifiers have
/// returned.
/// **Progress**: notify_*() lock-free; wait() blocks.
/// **Order**: what comes before notify_*() is seen by every ready() that a waiter calls after it
/// was woken or registered. No standalone fence is needed.
template <template <typename> class Atom = std::atomic>
class EventCount {
 public:
  struct Perhaps {
    bool operator()() const noexcept { return true; }
  };

  EventCount() = default;
  explicit EventCount(SpinBudget& budget) : place_(budget) {}
  EventCount(const EventCount&) = delete;
  EventCount& operator=(const EventCount&) = delete;

  /// woken: ready after a sleep. in_vain: ready() was false after one, as somebody was faster.
  enum class Waited : std::uint8_t { ready, woken, in_vain, timed_out };

  /// Returns true as soon as `ready()` does, false when `deadline` came first. ready() is called by
  /// this thread only, again and again: it should be cheap while false, may take what it finds, and
  /// must not throw (the process ends if it does). `more()` tells whether anything is there for
  /// another waiter; a false yes costs a wake-up in vain.
  template <typename Ready, typename More = Perhaps>
  bool wait(Ready&& ready, TimePoint deadline = kNever, More&& more = {}) noexcept {
    for (;;) {
      const Waited waited = wait_once(ready, deadline, more);
      if (waited != Waited::in_vain) return waited != Waited::timed_out;
    }
  }
  /// As wait(), but sleeps at most once.
  template <typename Ready, typename More = Perhaps>
  Waited wait_once(Ready&& ready, TimePoint deadline = kNever, More&& more = {}) noexcept {
    Waited waited = Waited::ready;
    if (!ready() && !search(ready, deadline)) {
      prepare_wait();
      if (ready()) {
        cancel_wait();
      } else {
        const bool woken = commit_wait(deadline);
        if (!ready()) return woken ? Waited::in_vain : Waited::timed_out;
        waited = Waited::woken;
      }
    }
    pass_on(more);
    return waited;
  }

  /// Wakes one sleeper, if there is one, nobody searches, and there is still something for it. Call
  /// it after the change that makes ready() true.
  template <typename More = Perhaps>
  void notify_one(More&& more = {}) noexcept {
    notify(1, more);
  }
  template <typename More = Perhaps>
  void notify(std::uint32_t count, More&& more = {}) noexcept {
    std::uint64_t state = state_.fetch_add(0, kStep);  // the step that orders us among the waiters
    while (sleepers(state) > 0) {
      if (count <= searchers(state)) return count_up(left_, count);
      const std::uint64_t woken = std::min(count - searchers(state), sleepers(state));
      if (!more()) return;
      if (state_.compare_exchange_weak(state, state + woken * (kToken - kSleeper), kStep))
        return wake(woken);
    }
  }
  /// Wakes every sleeper.
  void notify_all() noexcept {
    std::uint64_t state = state_.fetch_add(0, kStep);
    while (const std::uint64_t woken = sleepers(state)) {
      if (state_.compare_exchange_weak(state, state + woken * (kToken - kSleeper), kStep))
        return wake(woken);
    }
  }
  /// Owed to the others by who takes a thing without wait().
  template <typename More>
  void pass_on(More&& more) noexcept {
    if (has_sleepers() && more()) notify_one(more);
  }

  // By hand, where one ready() will not do: prepare_wait(); look; cancel_wait() or commit_wait().

  /// Registers as a sleeper.
  void prepare_wait() noexcept { state_.fetch_add(kSleeper, kStep); }
  void cancel_wait() noexcept { (void)retract(); }
  /// Sleeps until notified (true) or until `deadline` (false); the registration is gone.
  bool commit_wait(TimePoint deadline = kNever) noexcept {
    count_up(parks_, 1);
    for (;;) {
      const std::uint32_t epoch = epoch_.load(kLook);  // before the tokens: a later one changes it
      std::uint64_t state = state_.load(kLook);
      while (tokens(state) > 0) {
        if (state_.compare_exchange_weak(state, state - kToken, kStep)) return true;
      }
      if (Parking<Atom>::park(epoch_, epoch, deadline) == ParkResult::timed_out) return retract();
    }
  }

  [[nodiscard]] bool has_sleepers() const noexcept { return sleepers(state_.load(kLook)) > 0; }

  [[nodiscard]] EventCountStatistics statistics() const noexcept {
    EventCountStatistics result;
    // order: relaxed, no pairing: counters
    result.parks = parks_.load(std::memory_order_relaxed);
    result.wakes = wakes_.load(std::memory_order_relaxed);
    result.left_to_search = left_.load(std::memory_order_relaxed);
    const std::uint64_t state = state_.load(kLook);
    result.sleepers = static_cast<std::uint32_t>(sleepers(state));
    result.searchers = static_cast<std::uint32_t>(searchers(state));
    return result;
  }

 private:
  // order: acq_rel, each step pairs with every other on the word; publishes notifiers to waiters
  static constexpr auto kStep = std::memory_order_acq_rel;
  static constexpr auto kLook = std::memory_order_acquire;  // order: acquire, pairs with kStep
  static constexpr std::uint64_t kSleeper = 1, kToken = 1U << 16,
                                 kSearcher = std::uint64_t{1} << 32;
  using Word = std::uint64_t;
  static constexpr Word sleepers(Word state) noexcept { return state & 0xffff; }
  static constexpr Word tokens(Word state) noexcept { return (state / kToken) & 0xffff; }
  static constexpr Word searchers(Word state) noexcept { return state / kSearcher; }

  /// Looks as long as the budget grants, then offers the processor a few times; true when ready()
  /// was. While yielding it is no searcher: a notification left to it might wait a time slice.
  template <typename Ready>
  bool search(Ready& ready, TimePoint deadline) noexcept {
    typename Parking<Atom>::Search look(place_, deadline);
    if (look.granted()) {
      state_.fetch_add(kSearcher, kStep);
      bool found = false;
      while (!found && look.next()) found = ready();
      state_.fetch_sub(kSearcher, kStep);  // before pass_on(), or before registering as a sleeper
      look.finish(found);
      if (found) return true;
    }
    for (int turn = 0; turn < Parking<Atom>::kYields && Parking<Atom>::offer(place_); ++turn) {
      if (ready()) return true;
    }
    return false;
  }

  void wake(std::uint64_t count) noexcept {
    if (count == 0) return;
    count_up(wakes_, count);
    epoch_.fetch_add(1, kStep);
    Parking<Atom>::unpark(epoch_, static_cast<int>(count));
  }

  /// Takes a registration back; true if that took a token: a notifier had counted on a waiter.
  bool retract() noexcept {
    for (std::uint64_t state = state_.load(kLook);;) {
      const bool notified = sleepers(state) == 0;
      if (state_.compare_exchange_weak(state, state - (notified ? kToken : kSleeper), kStep))
        return notified;
    }
  }

  static void count_up(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
    counter.fetch_add(by, std::memory_order_relaxed);  // order: relaxed, no pairing: a counter
  }

  alignas(kCacheLine) Atom<std::uint64_t> state_{0};  ///< the three counts; by all
  Atom<std::uint32_t> epoch_{0};         ///< what sleepers sleep on; by notifiers that wake
  std::atomic<std::uint64_t> parks_{0};  ///< by waiters
  std::atomic<std::uint64_t> wakes_{0};  ///< by notifiers
  std::atomic<std::uint64_t> left_{0};   ///< by notifiers
  typename Parking<Atom>::Place place_;  ///< by waiters
};

}  // namespace cogway
