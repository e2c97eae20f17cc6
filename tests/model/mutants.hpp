// SPDX-License-Identifier: Apache-2.0
#pragma once
// Wrong data structures, each with one bug that others have shipped. The model tests assert that
// the checker finds them.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "cogway/queue/detail/cell.hpp"
#include "cogway/queue/index_stack.hpp"
#include "cogway/queue/polled_stack.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway::model::mutants {

/// An SPSC ring that moves its index before it writes the cell: the order of two steps swapped, as
/// a fence on the wrong side of the write does (iceoryx #2196).
template <typename T, template <typename> class Atom>
class EarlyPublishRing {
 public:
  template <typename U>
  bool try_push(U&& value) {
    // order: relaxed, no pairing: only the producer writes tail_
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    // order: acquire, pairs with try_pop() release; the cell is free
    if (tail - head_.load(std::memory_order_acquire) == 2) return false;
    // order: release, pairs with try_pop() acquire; publishes nothing yet: the bug
    tail_.store(tail + 1, std::memory_order_release);
    cells_[tail % 2].put(std::forward<U>(value));
    return true;
  }
  std::optional<T> try_pop() {
    // order: relaxed, no pairing: only the consumer writes head_
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    // order: acquire, pairs with try_push() release; the cell is full
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> value(cells_[head % 2].take());
    // order: release, pairs with try_push() acquire; the cell is free
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

 private:
  cogway::detail::Cell<T> cells_[2];
  Atom<std::uint64_t> tail_{0};
  Atom<std::uint64_t> head_{0};
};

/// Treiber's stack without a tag: an index that goes away and comes back is taken for one that
/// never left (iceoryx #2351: a too narrow counter; the same index is then given out twice).
template <template <typename> class Atom>
class UntaggedIndexStack {
 public:
  using Link = Atom<std::uint32_t>;
  void push(Link* links, std::uint32_t index) {
    std::uint32_t head = head_.load();
    do {
      links[index].store(head);
    } while (!head_.compare_exchange_weak(head, index));
  }
  std::uint32_t pop(const Link* links) {
    std::uint32_t head = head_.load();
    do {
      if (head == kNoIndex) return kNoIndex;
    } while (!head_.compare_exchange_weak(head, links[head].load()));
    return head;
  }

 private:
  Atom<std::uint32_t> head_{kNoIndex};
};

/// An event count whose notifier only looks whether somebody waits, instead of taking part in the
/// order of registrations: its look may come before its own publication (no store-load order).
template <template <typename> class Atom>
class LookingEventCount {
 public:
  void notify_all() {
    // order: acquire, pairs with prepare_wait(); too weak whatever it is called: the bug
    if (waiters_.load(std::memory_order_acquire) == 0) return;
    epoch_.fetch_add(1);
    Parking<Atom>::unpark(epoch_, 100);
  }
  std::uint32_t prepare_wait() {
    waiters_.fetch_add(1);
    return epoch_.load();
  }
  void cancel_wait() { waiters_.fetch_sub(1); }
  void commit_wait(std::uint32_t key) {
    while (epoch_.load() == key) Parking<Atom>::park(epoch_, key, kNever);
    waiters_.fetch_sub(1);
  }

 private:
  Atom<std::uint32_t> waiters_{0};
  Atom<std::uint32_t> epoch_{0};
};

/// A stack that takes with an exchange after a look: what a close put there meanwhile is lost.
template <typename Node, template <typename> class Atom>
class ReopeningStack {
 public:
  using Stack = MpscStack<Node, Atom>;
  StackPush try_push(Node* node) {
    Node* head = head_.load();
    do {
      if (head == &mark_) return StackPush::closed;
      node->next.store(head);
    } while (!head_.compare_exchange_weak(head, node));
    return head == nullptr ? StackPush::first : StackPush::joined;
  }
  Node* take_all() {
    Node* const head = head_.load();
    return head == nullptr || head == &mark_ ? nullptr : head_.exchange(nullptr);
  }
  Node* close() {
    Node* const head = head_.exchange(&mark_);
    return head == &mark_ ? nullptr : head;
  }
  bool closed() const { return head_.load() == &mark_; }
  static Node* next_of(Node* node) { return Stack::next_of(node); }

 private:
  Node mark_;
  Atom<Node*> head_{nullptr};
};

/// A stack whose pusher only looks whether the reader polls, instead of taking part in the order of
/// its changes: it may look before its own push is seen, and the reader before it as well.
template <typename Node, template <typename> class Atom>
class LookingPolledStack : public PolledStack<Node, Atom> {
 public:
  template <typename Hold>
  PolledPush push(Node* node, Hold&& hold) {
    hold();
    const bool first = stack_.push(node);
    // order: acquire, pairs with end_polling() release; too weak whatever it is called: the bug
    return !first || polls_.load(std::memory_order_acquire) ? PolledPush::quiet : PolledPush::ring;
  }
  Node* take_all() { return stack_.take_all(); }
  void begin_polling() { polls_.store(true); }
  bool polling() const { return polls_.load(); }
  bool end_polling() {
    // order: release, pairs with push() acquire: the bug's other half
    polls_.store(false, std::memory_order_release);
    return stack_.empty();
  }

 private:
  MpscStack<Node, Atom> stack_;
  Atom<bool> polls_{false};
};

/// A gate that is looked at before the work, and not held open during it: what is let in may come
/// after the last look of who collects.
template <template <typename> class Atom>
class LookingGate {
 public:
  bool enter() { return !closed(); }
  bool leave() { return closed(); }
  void close() { closed_.store(true); }
  bool closed() const { return closed_.load(); }
  bool settled() const { return closed(); }

 private:
  Atom<bool> closed_{false};
};

}  // namespace cogway::model::mutants
