// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits, first come first: the one queue under the locks, events and barriers, and under the
// waiting methods of the atomics. It knows no lock: whoever owns it guards it with a WordLock, in
// which it also changes what is waited for.

#include <atomic>
#include <cstdint>

#include "cogway/base/os/fork.hpp"
#include "cogway/sync/wait_node.hpp"

namespace cogway {

/// A doubly linked list of nodes that belong to the waiters.
///
/// **Threads**: one at a time, under the owner's lock.
/// **Ownership**: holds no node. Empty when it is destroyed. In a forked child it is empty at its
/// first use: the threads that waited are not there.
/// **Progress**: wait-free. **Order**: the lock's.
template <template <typename> class Atom = std::atomic>
class WaitList {
 public:
  using Node = WaitNode<Atom>;

  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  [[nodiscard]] Node* first() noexcept {
    forget_parent();
    return first_;
  }
  [[nodiscard]] bool empty() noexcept { return first() == nullptr; }

  /// Makes it wait, last of all.
  void push_back(Node& node) noexcept {
    forget_parent();
    begin(node);
    node.previous = last_;
    node.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &node;
    last_ = &node;
  }
  /// Makes it wait before all others: one that was woken and found nothing.
  void push_front(Node& node) noexcept {
    forget_parent();
    begin(node);
    node.previous = nullptr;
    node.next = first_;
    (first_ == nullptr ? last_ : first_->previous) = &node;
    first_ = &node;
  }
  void unlink(Node& node) noexcept {
    (node.previous == nullptr ? first_ : node.previous->next) = node.next;
    (node.next == nullptr ? last_ : node.next->previous) = node.previous;
    node.linked = false;
  }
  /// Takes a node out if it is still in: false when somebody has chosen its outcome.
  [[nodiscard]] bool withdraw(Node& node) noexcept {
    forget_parent();
    if (!node.linked) return false;
    unlink(node);
    return true;
  }

 private:
  static void begin(Node& node) noexcept {
    // order: relaxed, no pairing: nobody else knows the node yet
    node.state_.store(Node::kWaiting, std::memory_order_relaxed);
    node.linked = true;
  }
  void forget_parent() noexcept {
    const std::uint64_t epoch = os::fork_epoch();
    if (epoch == epoch_) return;
    epoch_ = epoch;
    first_ = last_ = nullptr;
  }

  Node* first_ = nullptr;
  Node* last_ = nullptr;
  std::uint64_t epoch_ = os::fork_epoch();
};

}  // namespace cogway
