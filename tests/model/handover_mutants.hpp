// SPDX-License-Identifier: Apache-2.0
#pragma once
// Owners of a HandoverQueue that leave a step out. The model tests assert that the checker finds
// it.

#include <cstdint>
#include <deque>
#include <mutex>

#include "cogway/sync/handover_queue.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway::model {

struct IntStore {
  using Item = std::int64_t;
  struct Place {};
  std::deque<Item> items;
  [[nodiscard]] std::size_t size() const { return items.size(); }
  void insert(Item item, Place) { items.push_back(item); }
  Item take() {
    const Item item = items.front();
    items.pop_front();
    return item;
  }
  void put_back(Item item) { items.push_front(item); }
};

enum class QueueFault : std::uint8_t {
  none,
  /// Who gives up after it was told to try again tells nobody else.
  silent_withdrawal,
  /// An item that came at the moment its getter gave up is dropped.
  dropped_item,
  /// Room that was given at the moment its putter gave up stays given.
  kept_room,
  /// It looks for room in one section and waits in another.
  two_sections,
};

/// As the Python type drives the core, with a WordLock for the critical section.
template <template <typename> class Atom, QueueFault kFault = QueueFault::none>
class DrivenQueue {
 public:
  using Core = HandoverQueue<IntStore, Atom>;
  using Node = WaitNode<Atom>;
  explicit DrivenQueue(std::size_t most) : core_(most) {}

  QueueStep start_put(Node* node, PutTurn turn, std::int64_t item) {
    if constexpr (kFault == QueueFault::two_sections) {
      {
        WakeBatch<Atom> wakes;
        const std::lock_guard guard(lock_);
        const QueueStep step = core_.put(nullptr, turn, item, {}, store_, wakes);
        if (step != QueueStep::waits || node == nullptr) return step;
      }
      const std::lock_guard guard(lock_);
      late_.push_back(*node);
      return QueueStep::waits;
    }
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    return core_.put(node, turn, item, {}, store_, wakes);
  }
  QueueStep start_get(Node* node, std::int64_t& item) {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    return core_.get(node, item, store_, wakes);
  }
  bool withdraw_put(Node& node) {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (kFault == QueueFault::silent_withdrawal && node.outcome() == WaitOutcome::retry) {
      return true;
    }
    return core_.withdraw_put(node, store_, wakes);
  }
  bool withdraw_get(Node& node) {
    const std::lock_guard guard(lock_);
    return core_.withdraw_get(node);
  }
  void give_back_item(std::int64_t item) {
    if (kFault == QueueFault::dropped_item) return;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    core_.give_back_item(item, store_, wakes);
  }
  void give_back_room() {
    if (kFault == QueueFault::kept_room) return;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    core_.give_back_room(store_, wakes);
  }
  void close() {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    core_.close(wakes);
  }
  bool finish() {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    return core_.finish(1, wakes);
  }
  void join() {
    Node node;
    {
      const std::lock_guard guard(lock_);
      if (core_.join(node)) return;
    }
    node.park(kNever);
  }

  /// A thread's put; false: closed.
  bool put(std::int64_t item) {
    Node node;
    QueueStep step = start_put(&node, PutTurn::fresh, item);
    while (step == QueueStep::waits) {
      node.park(kNever);
      if (node.outcome() == WaitOutcome::broken) return false;
      step = start_put(&node, PutTurn::again, item);
    }
    return step == QueueStep::done;
  }
  /// A thread's get; -1: closed.
  std::int64_t get() {
    Node node;
    std::int64_t item = -1;
    if (start_get(&node, item) != QueueStep::waits) return item;
    node.park(kNever);
    return node.outcome() == WaitOutcome::granted ? node.value : -1;
  }
  std::size_t size() { return store_.size(); }

 private:
  WordLock<Atom> lock_;
  Core core_;
  IntStore store_;
  WaitList<Atom> late_;
};

}  // namespace cogway::model
