// SPDX-License-Identifier: Apache-2.0
#pragma once
// "It is so": a condition that is set and cleared, and that threads and tasks wait for. For what
// happens once and is waited for by threads alone, Flag is smaller.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// Who waits when it is set goes on, even if it is cleared at once.
///
/// **Threads**: all calls from any thread; tasks through nodes that have `notify`.
/// **Ownership**: not movable. Whoever destroys it must know that nobody waits and that every call
/// has returned.
/// **Progress**: is_set() wait-free; set() and clear() take a lock for some instructions.
/// **Order**: what comes before set() is seen by whoever it lets go on, or who sees it set.
/// **Linearizable?** yes: set() and clear() at their step under the lock.
template <template <typename> class Atom = std::atomic>
class Event {
 public:
  using Node = WaitNode<Atom>;

  explicit Event(bool set = false) noexcept : set_(set ? 1 : 0) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] bool is_set() const noexcept {
    // order: acquire, pairs with set() release; publishes what came before it
    return set_.load(std::memory_order_acquire) != 0;
  }
  void set() noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    // order: release, pairs with is_set() acquire; publishes what came before
    set_.store(1, std::memory_order_release);
    while (Node* node = list_.first()) wakes.add(list_, *node, WaitOutcome::granted);
  }
  void clear() noexcept {
    const std::lock_guard guard(lock_);
    // order: relaxed, nothing is published by clearing
    set_.store(0, std::memory_order_relaxed);
  }

  /// Blocks until it is set (true) or `deadline` has come (false).
  bool wait(TimePoint deadline = kNever) noexcept {
    if (is_set()) return true;
    Node node;
    if (start(node) || node.park(deadline)) return true;
    return !withdraw(node);
  }

  /// True: it is set; else the node waits.
  [[nodiscard]] bool start(Node& node) noexcept {
    if (is_set()) return true;
    const std::lock_guard guard(lock_);
    if (is_set()) return true;
    list_.push_back(node);
    return false;
  }
  [[nodiscard]] bool resume(Node&) noexcept { return true; }
  /// False: it had been set meanwhile.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    const std::lock_guard guard(lock_);
    return list_.withdraw(node);
  }

 private:
  Atom<std::uint32_t> set_;  ///< under the lock; read by all
  WordLock<Atom> lock_;      ///< guards the list and changes of the word
  WaitList<Atom> list_;
};

}  // namespace cogway
