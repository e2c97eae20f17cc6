// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits for a completion: a lock-free list of nodes that belong to the waiting side, closed
// once.
//
// Order of a completion: results are written, then close() is called, then every node is notified
// in the order in which it was added, then sleeping threads are woken. A node that add() accepted
// is notified exactly once and must live until then; one that add() refused is never touched.
//
// **Threads**: any thread may call anything.
// **Ownership**: nodes belong to the caller; the list holds them between add() and notify().
// **Progress**: lock-free (add), wait-free (close, closed).
// **Order**: close() publishes everything written before it to whoever sees closed() or is
// notified.

#include <atomic>
#include <cstdint>

namespace cogway {

/// Intrusive node. Embed or derive; `notify` runs on the thread that completes (a worker, or the
/// caller of cancel()), must not block, throw, or run for long, and may free the node.
template <typename Subject>
struct BasicWaiter {
  using Notify = void (*)(BasicWaiter* self, Subject& subject) noexcept;

  explicit BasicWaiter(Notify function) noexcept : notify(function) {}
  BasicWaiter* next = nullptr;  ///< written by the list alone
  Notify notify;
};

template <typename Subject, template <typename> class Atom = std::atomic>
class WaiterList {
 public:
  using Node = BasicWaiter<Subject>;

  /// What close() took out of the list.
  struct Closed {
    Node* first = nullptr;  ///< oldest first
    bool sleepers = false;  ///< threads sleep on word()
  };

  /// False when already closed: the node was not taken and will not be notified.
  bool add(Node* node) noexcept {
    // order: acquire, pairs with close() release; a closed list publishes the results
    std::uintptr_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      if (head == kClosed) return false;
      node->next = pointer(head);
      // order: release, pairs with close() acquire; publishes the node. Failure: acquire, as above
      if (head_.compare_exchange_weak(head, address(node) | (head & kSleeper),
                                      std::memory_order_release, std::memory_order_acquire)) {
        return true;
      }
    }
  }

  /// Marks that a thread is about to sleep on the low half of the word; false when closed. `word`
  /// receives the value that the sleeper must hand to the futex.
  bool add_sleeper(std::uintptr_t& word) noexcept {
    // order: acquire, pairs with close() release; a closed list publishes the results
    std::uintptr_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      if (head == kClosed) return false;
      if ((head & kSleeper) != 0) break;
      // order: release and acquire, as in add(): keeps the nodes in the word published
      if (head_.compare_exchange_weak(head, head | kSleeper, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        head |= kSleeper;
        break;
      }
    }
    word = head;
    return true;
  }

  /// Closes the list and returns its nodes. Called once; the last touch of the list.
  Closed close() noexcept {
    // order: acq_rel, acquire pairs with add() release (the nodes), release publishes the results
    std::uintptr_t head = head_.exchange(kClosed, std::memory_order_acq_rel);
    Closed taken;
    taken.sleepers = (head & kSleeper) != 0;
    for (Node* node = pointer(head); node != nullptr;) {
      Node* next = node->next;
      node->next = taken.first;
      taken.first = node;
      node = next;
    }
    return taken;
  }

  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release; makes the results readable
    return head_.load(std::memory_order_acquire) == kClosed;
  }

  /// Back to open and empty. Only while nobody else can reach the list.
  void reset() noexcept {
    // order: relaxed, the owner is alone; the list is published with its task
    head_.store(0, std::memory_order_relaxed);
  }

  /// The word that sleepers wait on (its low 32 bits).
  [[nodiscard]] const Atom<std::uintptr_t>& word() const noexcept { return head_; }

 private:
  static constexpr std::uintptr_t kSleeper = 1;
  static constexpr std::uintptr_t kClosed = 2;

  static Node* pointer(std::uintptr_t head) noexcept {
    return reinterpret_cast<Node*>(head & ~kSleeper);
  }
  static std::uintptr_t address(Node* node) noexcept {
    return reinterpret_cast<std::uintptr_t>(node);
  }

  Atom<std::uintptr_t> head_{0};  ///< newest node | sleeper bit, or kClosed; written by all
};

class Task;
class TaskGroup;
using Waiter = BasicWaiter<Task>;            ///< waits for one task
using GroupWaiter = BasicWaiter<TaskGroup>;  ///< waits for a whole group: one notify for N tasks

}  // namespace cogway
