// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits for items and who waits for room, over any store of items. For values that only an
// owner's lock protects anyway, as Python's objects; for a queue of native items there are the
// rings of the queue layer.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"

namespace cogway {

enum class QueueStep : std::uint8_t { done, waits, closed };

/// Who puts: one that has just come, one that was told to try again, or one that was given room.
enum class PutTurn : std::uint8_t { fresh, again, given };

/// An item goes to who has waited longest for one, past the store, which is empty then. Room goes
/// to a task that waits; a thread is woken to compete for it, so that one that is running need not
/// stop. `Store` has Item (what a WaitNode's value can hold), Place, size(), insert(item, place),
/// take() and put_back(item), the inverse of take().
///
/// **Threads**: one at a time, under the owner's lock, which also guards the store; the batch is
/// told after it. Waiters: any thread, and tasks through nodes that have `notify`.
/// **Ownership**: owns no item; a granted getter's node has one in `value`, which is the waiter's.
/// **Progress**: the owner's lock and the store's.
/// **Order**: the lock's, and WakeBatch's.
/// **Linearizable?** yes: put where the item is stored or given away, get where it is taken or
/// given.
/// **Capacity**: a put waits at `most` items, 0 meaning no limit; room given away counts. What is
/// given back may exceed it.
template <typename Store, template <typename> class Atom = std::atomic>
class HandoverQueue {
 public:
  using Node = WaitNode<Atom>;
  using Item = typename Store::Item;
  using Place = typename Store::Place;

  explicit HandoverQueue(std::size_t most = 0) noexcept : most_(most) {}
  HandoverQueue(const HandoverQueue&) = delete;
  HandoverQueue& operator=(const HandoverQueue&) = delete;

  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::uint64_t unfinished() const noexcept { return unfinished_; }
  [[nodiscard]] bool getter_waits() noexcept { return !getters_.empty(); }

  // Without a node a step that would wait says so, and nothing waits.

  /// `done`: the item is the queue's, or its getter's. Outcomes of a wait: granted (put again with
  /// PutTurn::given), retry (with PutTurn::again), broken (closed).
  [[nodiscard]] QueueStep put(Node* node, PutTurn turn, Item item, Place place, Store& store,
                              WakeBatch<Atom>& wakes) noexcept {
    if (turn == PutTurn::given) --given_;
    if (closed_) return QueueStep::closed;
    if (turn != PutTurn::given && !room(store)) {
      if (node == nullptr) return QueueStep::waits;
      turn == PutTurn::again ? putters_.push_front(*node) : putters_.push_back(*node);
      return QueueStep::waits;
    }
    if (Node* getter = getters_.first(); getter != nullptr) {
      hand(*getter, item, wakes);
      give_room(store, wakes);  // what the putter was told of, and has not needed
    } else {
      store.insert(item, place);
    }
    ++unfinished_;
    return QueueStep::done;
  }
  /// `done`: `item` is the caller's. Outcomes of a wait: granted (the node has it), broken
  /// (closed).
  [[nodiscard]] QueueStep get(Node* node, Item& item, Store& store,
                              WakeBatch<Atom>& wakes) noexcept {
    if (store.size() != 0) {
      item = store.take();
      give_room(store, wakes);
      return QueueStep::done;
    }
    if (closed_) return QueueStep::closed;
    if (node != nullptr) getters_.push_back(*node);
    return QueueStep::waits;
  }

  /// Ends a wait of put(). False: it had been granted or broken.
  [[nodiscard]] bool withdraw_put(Node& node, Store& store, WakeBatch<Atom>& wakes) noexcept {
    if (putters_.withdraw(node)) return true;
    if (node.outcome() != WaitOutcome::retry) return false;
    give_room(store, wakes);  // it was woken for room that another can have
    return true;
  }
  /// Ends a wait of get(). False: it had been granted or broken.
  [[nodiscard]] bool withdraw_get(Node& node) noexcept { return getters_.withdraw(node); }
  /// Room that was given and is not wanted.
  void give_back_room(Store& store, WakeBatch<Atom>& wakes) noexcept {
    --given_;
    give_room(store, wakes);
  }
  /// An item that was given and is not wanted: it is next again.
  void give_back_item(Item item, Store& store, WakeBatch<Atom>& wakes) noexcept {
    if (Node* getter = getters_.first(); getter != nullptr) {
      hand(*getter, item, wakes);
    } else {
      store.put_back(item);
    }
  }

  /// Nobody puts any more, and nobody waits.
  void close(WakeBatch<Atom>& wakes) noexcept {
    closed_ = true;
    while (Node* node = getters_.first()) wakes.add(getters_, *node, WaitOutcome::broken);
    while (Node* node = putters_.first()) wakes.add(putters_, *node, WaitOutcome::broken);
  }

  /// So many items are dealt with; false, and nothing happens, when fewer are left.
  [[nodiscard]] bool finish(std::uint64_t count, WakeBatch<Atom>& wakes) noexcept {
    if (count > unfinished_) return false;
    unfinished_ -= count;
    if (unfinished_ != 0) return true;
    while (Node* node = joiners_.first()) wakes.add(joiners_, *node, WaitOutcome::granted);
    return true;
  }
  /// True: every item put is dealt with; else the node waits until that is so.
  [[nodiscard]] bool join(Node& node) noexcept {
    if (unfinished_ == 0) return true;
    joiners_.push_back(node);
    return false;
  }
  [[nodiscard]] bool withdraw_join(Node& node) noexcept { return joiners_.withdraw(node); }

 private:
  [[nodiscard]] bool room(Store& store) const noexcept {
    return most_ == 0 || store.size() + given_ < most_;
  }
  void hand(Node& getter, Item item, WakeBatch<Atom>& wakes) noexcept {
    getter.value = static_cast<std::int64_t>(item);
    wakes.add(getters_, getter, WaitOutcome::granted);
  }
  void give_room(Store& store, WakeBatch<Atom>& wakes) noexcept {
    Node* putter = putters_.first();
    if (putter == nullptr || !room(store)) return;
    const bool task = putter->notify != nullptr;
    given_ += task;
    wakes.add(putters_, *putter, task ? WaitOutcome::granted : WaitOutcome::retry);
  }

  const std::size_t most_;
  WaitList<Atom> getters_;
  WaitList<Atom> putters_;
  WaitList<Atom> joiners_;
  std::size_t given_ = 0;         ///< room that tasks were given and have not used
  std::uint64_t unfinished_ = 0;  ///< items put and not dealt with
  bool closed_ = false;
};

}  // namespace cogway
