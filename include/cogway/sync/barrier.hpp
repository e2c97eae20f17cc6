// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everybody waits for everybody, round after round. For one round: Latch.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

/// The last of `parties` to come lets all go on. Who gives up was never there: the round needs
/// another in its place. abort() ends the wait of all, and of all who come, until reset().
///
/// **Threads**: all calls from any thread; tasks through nodes that have `notify`.
/// **Ownership**: not movable. Whoever destroys it must know that nobody waits and that every call
/// has returned.
/// **Progress**: blocking; the calls that do not wait take a lock for some instructions.
/// **Order**: what each did before it came is seen by all who go on.
/// **Linearizable?** yes: at the steps under the lock.
template <template <typename> class Atom = std::atomic>
class Barrier {
 public:
  using Node = WaitNode<Atom>;

  explicit Barrier(std::int64_t parties) noexcept : parties_(parties) {}
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  [[nodiscard]] std::int64_t parties() const noexcept { return parties_; }
  [[nodiscard]] std::int64_t waiting() noexcept {
    const std::lock_guard guard(lock_);
    return arrived_;
  }
  [[nodiscard]] bool broken() noexcept {
    const std::lock_guard guard(lock_);
    return broken_;
  }

  /// True: the round is complete, or the barrier broken; else the node waits. In any case, when the
  /// wait is over, outcome_of() tells which, and node.value is a number from 0 to parties - 1 that
  /// no other of the round has.
  [[nodiscard]] bool start(Node& node) noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    node.wants = broken_ ? 1 : 0;
    if (broken_) return true;
    if (arrived_ + 1 < parties_) {
      ++arrived_;
      list_.push_back(node);
      return false;
    }
    node.value = parties_ - 1;
    finish(wakes, WaitOutcome::granted);
    return true;
  }
  [[nodiscard]] bool resume(Node& node) noexcept {
    node.wants = node.outcome() == WaitOutcome::broken ? 1 : 0;
    return true;
  }
  /// Whether a wait that is over was cut short by abort().
  [[nodiscard]] static bool was_broken(const Node& node) noexcept { return node.wants != 0; }
  /// False: the wait was over.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    const std::lock_guard guard(lock_);
    if (!list_.withdraw(node)) return false;
    --arrived_;
    return true;
  }

  void abort() noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    broken_ = true;
    finish(wakes, WaitOutcome::broken);
  }
  /// As new; whoever waits is told that it is broken.
  void reset() noexcept {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    broken_ = false;
    finish(wakes, WaitOutcome::broken);
  }

 private:
  void finish(WakeBatch<Atom>& wakes, WaitOutcome outcome) noexcept {
    arrived_ = 0;
    std::int64_t position = 0;
    while (Node* node = list_.first()) {
      node->value = position++;
      wakes.add(list_, *node, outcome);
    }
  }

  const std::int64_t parties_;
  WordLock<Atom> lock_;  ///< guards all below
  WaitList<Atom> list_;
  std::int64_t arrived_ = 0;  ///< nodes in the list
  bool broken_ = false;
};

}  // namespace cogway
