// SPDX-License-Identifier: Apache-2.0
#pragma once
// Permits that threads and tasks take and give back; with one permit, a lock that anybody may
// release. For native code that only threads use and that must not invert priorities: PiMutex.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// How a permit that was given back finds its next owner.
enum class Handover : std::uint8_t {
  /// It is free for whoever comes: a thread that waits is woken to compete, so that one that is
  /// running need not stop. Tasks, and threads that have waited for a millisecond, are given it.
  eventual,
  /// It is given to who has waited longest.
  always,
};

/// **Threads**: all calls from any thread; tasks through nodes that have `notify`.
/// **Ownership**: not movable. Whoever destroys it must know that nobody waits and that every call
/// has returned; to have got the last permit does not say so.
/// **Progress**: try_acquire() lock-free; release() lock-free while nobody waits, else it takes the
/// lock of the waiters for some instructions; acquire() blocks.
/// **Order**: release() publishes to the acquire() that takes its permit.
/// **Linearizable?** yes: at the step on the word, or where the waiter is chosen.
template <template <typename> class Atom = std::atomic>
class Semaphore {
 public:
  using Node = WaitNode<Atom>;
  static constexpr std::int64_t kMost = INT64_MAX >> 1;

  explicit Semaphore(std::int64_t permits, std::int64_t most = kMost,
                     Handover handover = Handover::eventual) noexcept
      : word_(permits << 1), most_(most), handover_(handover) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// A permit, if one is free.
  [[nodiscard]] bool try_acquire() noexcept {
    // order: relaxed, the exchange below decides
    std::int64_t seen = word_.load(std::memory_order_relaxed);
    while (seen >= kPermit) {
      // order: acquire, pairs with release(); publishes what came before it
      if (word_.compare_exchange_weak(seen, seen - kPermit, std::memory_order_acquire)) return true;
    }
    return false;
  }

  /// Gives permits back, or makes some; false, and nothing happens, above the most there may be.
  bool release(std::int64_t count = 1) noexcept {
    // order: relaxed, the exchange below decides
    std::int64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & kQueued) == 0) {
      if (count > most_ - (seen >> 1)) return false;
      // order: release, pairs with try_acquire(); publishes what came before
      if (word_.compare_exchange_weak(seen, seen + count * kPermit, std::memory_order_release)) {
        return true;
      }
    }
    return release_to_waiters(count);
  }

  [[nodiscard]] std::int64_t permits() const noexcept {
    // order: relaxed, a snapshot
    return word_.load(std::memory_order_relaxed) >> 1;
  }
  [[nodiscard]] bool has_waiters() const noexcept {
    // order: relaxed, a snapshot
    return (word_.load(std::memory_order_relaxed) & kQueued) != 0;
  }

  /// Blocks until there is a permit (true) or `deadline` has come (false).
  bool acquire(TimePoint deadline = kNever) noexcept {
    if (try_acquire()) return true;
    Node node;
    bool acquired = start(node);
    while (!acquired) {
      if (!node.park(deadline)) return !withdraw(node);
      acquired = resume(node);
    }
    return true;
  }

  // The same in steps, for waiters that do not block here: a task, or a thread that lets go of
  // something first.

  /// Takes a permit (true), or makes the node wait: it will have an outcome.
  [[nodiscard]] bool start(Node& node) noexcept {
    if (try_acquire()) return true;
    node.since = Parking<Atom>::now();
    return take_or_wait(node, false);
  }
  /// After an outcome: whether the permit is the waiter's; else it waits again, as the first.
  [[nodiscard]] bool resume(Node& node) noexcept {
    return node.outcome() == WaitOutcome::granted || take_or_wait(node, true);
  }
  /// Ends a wait without an outcome in hand. False: it had been granted, the permit is the
  /// waiter's.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (!list_.withdraw(node)) {
      if (node.outcome() == WaitOutcome::granted) return false;
      wake_to_compete(wakes, permits());  // it was woken for a permit that another can have
    }
    note_queued();
    return true;
  }
  /// Gives the permit to who has waited longest and waits for it as the last; false when nobody
  /// waits: it is kept.
  [[nodiscard]] bool cede(Node& node) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    Node* heir = list_.first();
    if (heir == nullptr) return false;
    node.since = Parking<Atom>::now();
    list_.push_back(node);
    wakes.add(list_, *heir, WaitOutcome::granted);
    return true;
  }

 private:
  static constexpr std::int64_t kQueued = 1, kPermit = 2;
  static constexpr Nanoseconds kPatience{1'000'000};

  bool take_or_wait(Node& node, bool again) noexcept {
    const std::lock_guard guard(lock_);
    // order: relaxed, the exchanges below decide
    std::int64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen >= kPermit) {
        // order: acquire, pairs with release(); publishes what came before it
        if (word_.compare_exchange_weak(seen, seen - kPermit, std::memory_order_acquire)) {
          return true;
        }
        // With the mark set, no permit appears but under the lock.
        // order: relaxed, the lock publishes the list
      } else if (word_.compare_exchange_weak(seen, seen | kQueued, std::memory_order_relaxed)) {
        break;
      }
    }
    again ? list_.push_front(node) : list_.push_back(node);
    return false;
  }

  bool release_to_waiters(std::int64_t count) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (count > most_ - permits()) return false;
    for (Node* node = list_.first(); node != nullptr && count > 0; node = list_.first()) {
      if (!entitled(*node)) break;
      wakes.add(list_, *node, WaitOutcome::granted);
      --count;
    }
    // order: release, pairs with try_acquire(); publishes what came before
    if (count > 0) word_.fetch_add(count * kPermit, std::memory_order_release);
    wake_to_compete(wakes, count);
    note_queued();
    return true;
  }

  void wake_to_compete(WakeBatch<Atom>& wakes, std::int64_t count) noexcept {
    for (; count > 0 && !list_.empty(); --count) {
      wakes.add(list_, *list_.first(), WaitOutcome::retry);
    }
  }
  [[nodiscard]] bool entitled(const Node& node) const noexcept {
    return handover_ == Handover::always || node.notify != nullptr ||
           Parking<Atom>::now() - node.since >= kPatience;
  }
  void note_queued() noexcept {
    // order: relaxed, the lock publishes the list
    if (list_.empty()) word_.fetch_and(~kQueued, std::memory_order_relaxed);
  }

  Atom<std::int64_t> word_;  ///< permits, and whether the list holds anybody; by all
  const std::int64_t most_;
  const Handover handover_;
  WordLock<Atom> lock_;  ///< guards the list and the mark
  WaitList<Atom> list_;
};

}  // namespace cogway
