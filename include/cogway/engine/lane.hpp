// SPDX-License-Identifier: Apache-2.0
#pragma once
// One lane of a task queue: a ring of pointers, and an intrusive list for what does not fit, so
// that a push never fails and never allocates. Not a general queue: a node may be in one lane at a
// time and belongs to the lane until taken.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/queue/priority_queue.hpp"

namespace cogway {

/// `Node` gives its link by `static Atom<Node*>& Link::of(Node&)`; only the list uses it.
///
/// While the list has something, pushes go there; takers take from it only what they saw before
/// they saw the ring empty. Both together keep the order of one pusher's nodes. The list is taken
/// from by one thread at a time, which tries for the right to and goes elsewhere when another has
/// it. A LIFO lane is a list (a stack) alone.
///
/// **Threads**: any push, any take. **Ownership**: nodes are the lane's between push and take.
/// **Progress**: push is lock-free within the ring, wait-free beyond (LIFO: lock-free). try_take
/// never waits; it may find nothing while another thread takes from the list, or while the pusher
/// of the oldest node is between its two steps: whoever sleeps on an empty lane relies on the
/// notification that follows every push, and on that of takers who leave something behind.
/// **Order**: take sees what the pusher did before push. **Linearizable?** FIFO: in order for each
/// pusher; LIFO: as a stack. **Capacity**: none.
template <typename Node, typename Link, template <typename> class Atom = std::atomic>
class Lane {
 public:
  explicit Lane(QueueOrder order = QueueOrder::fifo, std::size_t ring = 2)
      : ring_(order == QueueOrder::fifo ? ring : 2), order_(order) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void push(Node* node) noexcept {
    if (order_ == QueueOrder::lifo) return push_stack(node);
    if (list_empty() && ring_.try_push(node)) return;
    push_list(node);
  }

  /// Takes up to `room` nodes into `out`, in the lane's order; returns how many.
  std::size_t try_take(Node** out, std::size_t room) noexcept {
    if (const std::size_t taken = ring_.try_pop_batch({out, room}); taken != 0) return taken;
    if (list_empty() || !claim()) return 0;
    const std::size_t taken =
        order_ == QueueOrder::fifo ? take_fifo(out, room) : take_lifo(out, room);
    // order: relaxed, a hint
    listed_.fetch_sub(static_cast<std::int64_t>(taken), std::memory_order_relaxed);
    // order: release, pairs with claim() acquire; hands first_ and the links to the next taker
    taking_.store(false, std::memory_order_release);
    return taken != 0 ? taken : ring_.try_pop_batch({out, room});
  }

  /// How many are queued; momentarily off by those being pushed or taken.
  [[nodiscard]] std::size_t size() const noexcept {
    // order: relaxed, a hint
    const std::int64_t listed = listed_.load(std::memory_order_relaxed);
    return ring_.size() + (listed > 0 ? static_cast<std::size_t>(listed) : 0);
  }
  /// Nothing was pushed before the call that has not been taken.
  [[nodiscard]] bool empty() const noexcept { return ring_.empty() && list_empty(); }

 private:
  [[nodiscard]] bool list_empty() const noexcept {
    // order: acquire, pairs with the list's pushes release; what is then taken is published
    return tail_.load(std::memory_order_acquire) == nullptr;
  }

  bool claim() noexcept {
    // order: relaxed, a first look that spares the line
    if (taking_.load(std::memory_order_relaxed)) return false;
    // order: acquire, pairs with try_take's release; takes over first_
    return !taking_.exchange(true, std::memory_order_acquire);
  }

  void push_list(Node* node) noexcept {
    // order: relaxed, a hint for those who look
    listed_.fetch_add(1, std::memory_order_relaxed);
    // order: relaxed, published by the exchange's release or by the store below
    Link::of(*node).store(nullptr, std::memory_order_relaxed);
    // order: acq_rel, acquire so that the predecessor's link may be written after its push; release
    // publishes the node to the taker that reaches it over tail_
    Node* before = tail_.exchange(node, std::memory_order_acq_rel);
    Atom<Node*>& place = before == nullptr ? first_ : Link::of(*before);
    // order: release, pairs with take's acquire of first_ or of the link; publishes the node
    place.store(node, std::memory_order_release);
  }

  std::size_t take_fifo(Node** out, std::size_t room) noexcept {
    std::size_t taken = 0;
    while (taken < room) {
      // order: acquire, pairs with push's release; publishes the node
      Node* node = first_.load(std::memory_order_acquire);
      if (node == nullptr) break;  // empty, or the first push has not linked itself yet
      // Having seen the node we see what its pusher put into the ring before it, finished or not:
      // that comes first. (A pusher that found the list empty may have been slow to use the ring.)
      if (!ring_.empty()) break;
      // order: acquire, pairs with push's release; publishes the next node
      Node* next = Link::of(*node).load(std::memory_order_acquire);
      if (next == nullptr && !take_last(node, &next)) break;
      out[taken++] = node;
      if (next == nullptr) break;
      // order: relaxed, only takers read first_ while it is set, and they follow taking_
      first_.store(next, std::memory_order_relaxed);
    }
    return taken;
  }

  /// `node` has no successor yet. True: it may be taken; *next is its successor if one came.
  bool take_last(Node* node, Node** next) noexcept {
    // first_ must be empty before tail_ is: the next push into the empty list writes first_.
    // order: relaxed, ordered before the exchange below by its release
    first_.store(nullptr, std::memory_order_relaxed);
    Node* expected = node;
    // order: acq_rel, release publishes first_ == nullptr to the next pusher; acquire as in push
    if (tail_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
      return true;
    }
    // order: relaxed, as above: still the taker's alone
    first_.store(node, std::memory_order_relaxed);
    // order: acquire, pairs with push's release; publishes the next node
    *next = Link::of(*node).load(std::memory_order_acquire);
    return *next != nullptr;  // null: a pusher is between its exchange and its link
  }

  void push_stack(Node* node) noexcept {
    // order: relaxed, a hint for those who look
    listed_.fetch_add(1, std::memory_order_relaxed);
    // order: relaxed, only a guess for the exchange
    Node* head = tail_.load(std::memory_order_relaxed);
    do {
      // order: relaxed, published by the exchange
      Link::of(*node).store(head, std::memory_order_relaxed);
      // order: release, pairs with take's acquire; publishes the node
    } while (!tail_.compare_exchange_weak(head, node, std::memory_order_release,
                                          std::memory_order_relaxed));
  }

  std::size_t take_lifo(Node** out, std::size_t room) noexcept {
    std::size_t taken = 0;
    // order: acquire, pairs with push's release; publishes the node and its link
    Node* head = tail_.load(std::memory_order_acquire);
    while (taken < room && head != nullptr) {
      // Only the taker removes, so a head seen twice is the same push: no ABA.
      // order: relaxed, the head's acquire covers it
      Node* below = Link::of(*head).load(std::memory_order_relaxed);
      // order: acquire both ways, pairs with push's release; publishes the new head
      if (tail_.compare_exchange_weak(head, below, std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        out[taken++] = head;
        head = below;
      }
    }
    return taken;
  }

  MpmcQueue<Node*, Atom> ring_;
  alignas(kCacheLine) Atom<Node*> tail_{nullptr};  ///< newest of the list; by pushers and its taker
  Atom<std::int64_t> listed_{0};                   ///< by pushers and the list's taker
  alignas(kCacheLine) Atom<Node*> first_{nullptr};  ///< oldest; by the taker, or the first pusher
  Atom<bool> taking_{false};                        ///< the right to take from the list
  const QueueOrder order_;
};

}  // namespace cogway
