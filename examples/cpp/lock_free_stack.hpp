// SPDX-License-Identifier: Apache-2.0
#pragma once
// Treiber's stack, with nodes that are allocated and freed: the shortest structure that needs
// deferred reclamation. Without it pop() would read a node that another thread has just deleted.

#include <atomic>
#include <cogway/sync/retirable.hpp>
#include <optional>
#include <utility>

/// `Domain` is a cogway::EpochDomain or a cogway::HazardDomain: the code is the same.
template <typename T, typename Domain, template <typename> class Atom = std::atomic>
class LockFreeStack {
 public:
  using Member = typename Domain::Member;

  explicit LockFreeStack(Domain& domain) : domain_(domain) {}
  LockFreeStack(const LockFreeStack&) = delete;
  LockFreeStack& operator=(const LockFreeStack&) = delete;
  /// Nobody uses it any more.
  ~LockFreeStack() {
    Member member(domain_);
    while (pop(member)) {
    }
  }

  void push(T value) {
    Node* const node = new Node(std::move(value));
    // order: relaxed, no pairing: a first guess
    node->next = head_.load(std::memory_order_relaxed);
    // Needs no guard: it looks at no node, only whether the first one has changed.
    // order: release, pairs with protect() acquire; publishes the node
    while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                        std::memory_order_relaxed)) {  // order: relaxed, a guess
    }
  }

  /// `member` is the calling thread's.
  std::optional<T> pop(Member& member) {
    auto guard = member.guard();
    Node* node = guard.protect(head_);
    // `next` is read from a node that others may have taken, and even retired, but not deleted.
    // order: acquire, pairs with push() release; publishes the value
    while (node != nullptr && !head_.compare_exchange_strong(
                                  node, node->next, std::memory_order_acquire,
                                  std::memory_order_relaxed)) {  // order: relaxed, see below
      node = guard.protect(head_);
    }
    if (node == nullptr) return std::nullopt;
    std::optional<T> value(std::move(node->value));
    member.retire(node);  // not deleted before the last one has looked away
    return value;
  }

 private:
  struct Node : cogway::Retirable {
    explicit Node(T initial) : value(std::move(initial)) {}
    T value;
    Node* next = nullptr;
  };

  Domain& domain_;
  Atom<Node*> head_{nullptr};
};
