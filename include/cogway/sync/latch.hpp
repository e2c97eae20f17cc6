// SPDX-License-Identifier: Apache-2.0
#pragma once
// So many things must happen, then everybody goes on, for good. For rounds that repeat: Barrier.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// **Threads**: all calls from any thread; tasks through nodes that have `notify`.
/// **Ownership**: not movable. Whoever destroys it must know that nobody waits and that every call
/// has returned.
/// **Progress**: count() wait-free; count_down() takes a lock for some instructions.
/// **Order**: what comes before any count_down() is seen by whoever finds it at zero.
/// **Linearizable?** yes: count_down() at its step under the lock.
template <template <typename> class Atom = std::atomic>
class Latch {
 public:
  using Node = WaitNode<Atom>;

  explicit Latch(std::int64_t count) noexcept : count_(count) {}
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;

  [[nodiscard]] std::int64_t count() const noexcept {
    // order: acquire, pairs with count_down() release; publishes what came before it
    return count_.load(std::memory_order_acquire);
  }
  /// False, and nothing happens, when fewer are left than `by`.
  bool count_down(std::int64_t by = 1) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    // order: relaxed, the lock orders the steps among themselves
    const std::int64_t left = count_.load(std::memory_order_relaxed) - by;
    if (left < 0) return false;
    // order: release, pairs with count() acquire; publishes what came before
    count_.store(left, std::memory_order_release);
    if (left > 0) return true;
    while (Node* node = list_.first()) wakes.add(list_, *node, WaitOutcome::granted);
    return true;
  }

  /// Blocks until it is at zero (true) or `deadline` has come (false).
  bool wait(TimePoint deadline = kNever) noexcept {
    Node node;
    if (start(node) || node.park(deadline)) return true;
    return !withdraw(node);
  }

  /// True: it is at zero; else the node waits.
  [[nodiscard]] bool start(Node& node) noexcept {
    if (count() == 0) return true;
    const std::lock_guard guard(lock_);
    if (count() == 0) return true;
    list_.push_back(node);
    return false;
  }
  [[nodiscard]] bool resume(Node&) noexcept { return true; }
  /// False: it had come to zero meanwhile.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    const std::lock_guard guard(lock_);
    return list_.withdraw(node);
  }

 private:
  Atom<std::int64_t> count_;  ///< under the lock; read by all
  WordLock<Atom> lock_;       ///< guards the list and changes of the count
  WaitList<Atom> list_;
};

}  // namespace cogway
