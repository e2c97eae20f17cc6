// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where completions pile up for one taker that takes all at once: the mailbox of an event loop, of
// an interpreter, of a task's waiters. Nodes belong to those who push them; nothing is allocated.

#include <atomic>
#include <cstdint>
#include <utility>

#include "cogway/base/assert.hpp"

namespace cogway {

enum class StackPush : std::uint8_t {
  first,   ///< it was empty: this push is the one that wakes the taker
  joined,  ///< somebody before has done so
  closed,  ///< refused: the taker has taken for the last time; the node is the caller's as before
};

/// What a node inherits: `struct Completion : MpscStackNode<> {…}`.
template <template <typename> class Atom = std::atomic>
struct MpscStackNode {
  Atom<MpscStackNode*> next{nullptr};  ///< by the pusher, then by the taker
};

/// Treiber's stack, taken whole, so there is no ABA: no node leaves alone.
///
/// **Threads**: any; each taker has what it took for itself. Made for one taker: others only take
/// turns with it.
/// **Ownership**: a pushed node belongs to the stack, and after take_all() or close() to the taker.
/// **Progress**: pushes and take_all() lock-free, close() wait-free, but for reversing what they
/// took.
/// **Order**: a push publishes all before it to the take_all() or close() that returns its node. A
/// refused push sees all that came before close().
/// **Linearizable?** Yes. take_all() returns nodes in the order of their pushes.
/// **Capacity**: none; it is made of its nodes.
template <typename Node, template <typename> class Atom = std::atomic>
class MpscStack {
 public:
  using Link = MpscStackNode<Atom>;

  MpscStack() = default;
  MpscStack(const MpscStack&) = delete;
  MpscStack& operator=(const MpscStack&) = delete;

  /// Adds a node; true if there was none: the caller then wakes the taker. The stack must be open.
  bool push(Node* node) noexcept {
    const StackPush result = try_push(node);
    COGWAY_ASSERT(result != StackPush::closed, "push() on a closed stack: use try_push()");
    return result == StackPush::first;
  }

  struct Nothing {
    void operator()() const noexcept {}
  };
  /// Adds a node, unless closed. `before_first()` is called, once at most, before the node may
  /// become the first one: the last chance to keep alive what waking the taker needs, for the taker
  /// may be quick.
  template <typename BeforeFirst = Nothing>
  [[nodiscard]] StackPush try_push(Node* node, BeforeFirst&& before_first = {}) noexcept {
    Link* const link = node;
    bool told = false;
    // order: acquire, pairs with close() release; a refused pusher sees what the closer did
    Link* head = head_.load(std::memory_order_acquire);
    for (;;) {
      if (head == closed_mark()) return StackPush::closed;
      if (head == nullptr && !std::exchange(told, true)) before_first();
      // order: relaxed, no pairing: the exchange below publishes it
      link->next.store(head, std::memory_order_relaxed);
      // order: release, pairs with take_all() acquire; publishes the node and the link
      if (head_.compare_exchange_weak(head, link, std::memory_order_release,
                                      std::memory_order_acquire)) {  // order: acquire, as the load
        return head == nullptr ? StackPush::first : StackPush::joined;
      }
    }
  }

  /// Takes every node, oldest first, linked by next_of(); nullptr when there is none.
  [[nodiscard]] Node* take_all() noexcept {
    // order: relaxed, no pairing: a first guess; a node pushed now is found next time
    Link* head = head_.load(std::memory_order_relaxed);
    while (head != nullptr && head != closed_mark()) {
      // order: acquire, pairs with try_push() release; publishes the nodes and their links
      if (head_.compare_exchange_weak(head, nullptr, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {  // order: relaxed, as the load
        return reversed(head);
      }
    }
    return nullptr;
  }

  /// Takes every node and refuses all further ones; nullptr also when closed before.
  [[nodiscard]] Node* close() noexcept {
    // order: acq_rel, pairs with try_push() acq_rel; publishes both ways
    Link* const head = head_.exchange(closed_mark(), std::memory_order_acq_rel);
    return head == closed_mark() ? nullptr : reversed(head);
  }

  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release; publishes what the closer did
    return head_.load(std::memory_order_acquire) == closed_mark();
  }
  [[nodiscard]] bool empty() const noexcept {
    // order: acquire, pairs with try_push() release; who sees a node can rely on its push
    Link* const head = head_.load(std::memory_order_acquire);
    return head == nullptr || head == closed_mark();
  }

  /// The node after `node` in what take_all() returned; read it before `node` is freed or pushed
  /// again.
  [[nodiscard]] static Node* next_of(Node* node) noexcept {
    // order: relaxed, no pairing: take_all() acquired the whole list
    return static_cast<Node*>(static_cast<Link*>(node)->next.load(std::memory_order_relaxed));
  }

 private:
  /// An address that no node has: one of this object's own.
  Link* closed_mark() const noexcept {
    return reinterpret_cast<Link*>(const_cast<Atom<Link*>*>(&head_));
  }

  static Node* reversed(Link* newest) noexcept {
    Link* oldest = nullptr;
    while (newest != nullptr) {
      // order: relaxed, no pairing: the taker alone has these nodes
      Link* const older = newest->next.load(std::memory_order_relaxed);
      newest->next.store(oldest, std::memory_order_relaxed);  // order: relaxed, as above
      oldest = newest;
      newest = older;
    }
    return static_cast<Node*>(oldest);
  }

  Atom<Link*> head_{nullptr};  ///< newest node, or the mark; by all
};

}  // namespace cogway
