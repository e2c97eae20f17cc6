// SPDX-License-Identifier: Apache-2.0
#pragma once
// A small reader-writer lock and a small barrier that are right, and each wrong as soon as one step
// is left out or done too late. The model tests assert that the checker passes the one and finds
// the others.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "cogway/sync/detail/read_holders.hpp"
#include "cogway/sync/rw_lock.hpp"
#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway::model::mutants {

enum class RwFault : std::uint8_t {
  none,
  writer_looks_first,  ///< it looks whether it is free, and takes it in a second step
  silent_withdrawal,   ///< a writer that gives up lets nobody in whom it kept out
  open_downgrade,      ///< between writing and reading the lock is free
  open_upgrade,        ///< between reading and writing the lock is free
  both_upgrade,        ///< the second of two upgrades is not told, and waits for the first
  reader_ignored,      ///< a reader that leaves another behind lets a writer in
};

/// Who comes first goes first; with RwLock's calls.
template <template <typename> class Atom, RwFault fault>
class FaultyRwLock {
 public:
  using Node = WaitNode<Atom>;
  struct Snapshot {
    std::size_t readers, writers_waiting;
    bool writer;
  };

  RwResult start_read(Node* node, const void* owner) {
    const std::lock_guard guard(lock_);
    if (writer_ != nullptr || !list_.empty() || !upgrades_.empty()) return wait(node, owner, 0);
    readers_.add(owner);
    return RwResult::done;
  }
  RwResult start_write(Node* node, const void* owner) {
    if constexpr (fault == RwFault::writer_looks_first) {
      bool free = false;
      {
        const std::lock_guard guard(lock_);
        free = is_free();
      }
      const std::lock_guard guard(lock_);
      if (!free) return wait(node, owner, 1);
      writer_ = owner;
      return RwResult::done;
    }
    const std::lock_guard guard(lock_);
    if (!is_free()) return wait(node, owner, 1);
    writer_ = owner;
    return RwResult::done;
  }
  RwResult start_upgrade(Node* node, const void* owner) {
    if constexpr (fault == RwFault::open_upgrade) {
      (void)unlock_read(owner);
      return start_write(node, owner);
    }
    const std::lock_guard guard(lock_);
    if (fault != RwFault::both_upgrade && !upgrades_.empty()) return RwResult::upgrade_pending;
    if (readers_.total() > 1) {
      node->key = owner;
      node->wants = 2;
      upgrades_.push_back(*node);
      return RwResult::waits;
    }
    (void)readers_.remove(owner);
    writer_ = owner;
    return RwResult::done;
  }
  RwResult unlock_read(const void* owner) {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    (void)readers_.remove(owner);
    if (readers_.total() == 1 && !upgrades_.empty()) {
      Node& node = *upgrades_.first();
      (void)readers_.remove(node.key);
      writer_ = node.key;
      wakes.add(upgrades_, node, WaitOutcome::granted);
    } else {
      admit(wakes);
    }
    return RwResult::done;
  }
  RwResult unlock_write(const void*) {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    writer_ = nullptr;
    admit(wakes);
    return RwResult::done;
  }
  RwResult downgrade(const void* owner) {
    if constexpr (fault == RwFault::open_downgrade) {
      (void)unlock_write(owner);
      Node node;
      if (start_read(&node, owner) == RwResult::waits) node.park(kNever);
      return RwResult::done;
    }
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    writer_ = nullptr;
    readers_.add(owner);
    admit(wakes);
    return RwResult::done;
  }
  bool withdraw(Node& node) {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (!(node.wants == 2 ? upgrades_ : list_).withdraw(node)) return false;
    if (fault != RwFault::silent_withdrawal) admit(wakes);
    return true;
  }
  Snapshot snapshot() {
    const std::lock_guard guard(lock_);
    return {readers_.total(), 0, writer_ != nullptr};
  }

 private:
  bool is_free() { return writer_ == nullptr && readers_.total() == 0 && list_.empty(); }
  RwResult wait(Node* node, const void* owner, std::uint32_t wants) {
    node->key = owner;
    node->wants = wants;
    list_.push_back(*node);
    return RwResult::waits;
  }
  /// The first who wait, as far as they may be in together.
  void admit(WakeBatch<Atom>& wakes) {
    while (Node* node = list_.first()) {
      if (writer_ != nullptr || !upgrades_.empty()) return;
      if (node->wants == 0) {
        readers_.add(node->key);
      } else {
        if (fault != RwFault::reader_ignored && readers_.total() > 0) return;
        writer_ = node->key;
      }
      wakes.add(list_, *node, WaitOutcome::granted);
    }
  }

  WordLock<Atom> lock_;
  WaitList<Atom> list_;
  WaitList<Atom> upgrades_;
  const void* writer_ = nullptr;
  cogway::detail::ReadHolders readers_;
};

enum class BarrierFault : std::uint8_t {
  none,
  counted_withdrawal,  ///< who gives up stays counted
  late_reset,          ///< the round is counted anew after its waiters were let go
  passing_abort,       ///< it ends the waits there are, and forgets that it did
};

template <template <typename> class Atom, BarrierFault fault>
class FaultyBarrier {
 public:
  using Node = WaitNode<Atom>;
  explicit FaultyBarrier(std::int64_t parties) : parties_(parties) {}

  bool start(Node& node) {
    {
      WakeBatch<Atom> wakes;
      const std::lock_guard guard(lock_);
      node.wants = broken_ ? 1 : 0;
      if (broken_) return true;
      node.value = parties_ - 1;
      if (++arrived_ < parties_) {
        list_.push_back(node);
        return false;
      }
      if (fault != BarrierFault::late_reset) arrived_ = 0;
      let_go(wakes, WaitOutcome::granted);
    }
    if (fault == BarrierFault::late_reset) {
      const std::lock_guard guard(lock_);
      arrived_ = 0;
    }
    return true;
  }
  bool resume(Node& node) {
    node.wants = node.outcome() == WaitOutcome::broken ? 1 : 0;
    return true;
  }
  static bool was_broken(const Node& node) { return node.wants != 0; }
  bool withdraw(Node& node) {
    const std::lock_guard guard(lock_);
    if (!list_.withdraw(node)) return false;
    if (fault != BarrierFault::counted_withdrawal) --arrived_;
    return true;
  }
  void abort() {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    broken_ = fault != BarrierFault::passing_abort;
    arrived_ = 0;
    let_go(wakes, WaitOutcome::broken);
  }
  std::int64_t waiting() {
    const std::lock_guard guard(lock_);
    return arrived_;
  }

 private:
  void let_go(WakeBatch<Atom>& wakes, WaitOutcome outcome) {
    std::int64_t position = 0;
    while (Node* node = list_.first()) {
      node->value = position++;
      wakes.add(list_, *node, outcome);
    }
  }

  const std::int64_t parties_;
  WordLock<Atom> lock_;
  WaitList<Atom> list_;
  std::int64_t arrived_ = 0;
  bool broken_ = false;
};

}  // namespace cogway::model::mutants
