// SPDX-License-Identifier: Apache-2.0
#pragma once
// A stack whose one reader sleeps until it is rung for, or polls. A ring costs a system call:
// it is made only by the push that finds the stack empty, and not while the reader polls.

#include <atomic>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/mpsc_stack.hpp"

namespace cogway {

enum class PolledPush : std::uint8_t {
  quiet,   ///< the reader comes by itself: it polls, or has been rung for
  ring,    ///< the caller must ring
  closed,  ///< refused; the node is the caller's as before
};

/// **Threads**: push() by any; the rest by the reader.
/// **Ownership**: as MpscStack. **Progress**: push() and take_all() lock-free, the rest wait-free.
/// **Order**: as MpscStack; a push that rang for nobody is seen by end_polling().
/// **Linearizable?** As MpscStack.
template <typename Node, template <typename> class Atom = std::atomic>
class PolledStack {
 public:
  /// `hold()` is called, once at most, before the reader may see a node that has to be rung for.
  template <typename Hold>
  [[nodiscard]] PolledPush push(Node* node, Hold&& hold) noexcept {
    switch (stack_.try_push(node, hold)) {
      case StackPush::closed:
        return PolledPush::closed;
      case StackPush::joined:
        return PolledPush::quiet;
      case StackPush::first:
        break;
    }
    // Of this step and end_polling()'s one comes second. If ours, we see that nobody polls; if the
    // reader's, it sees the node.
    // order: release, pairs with end_polling() acquire; publishes the push
    return polling_.fetch_or(0, std::memory_order_release) != 0 ? PolledPush::quiet
                                                                : PolledPush::ring;
  }
  /// Everything pushed so far, oldest first, linked by next_of(); nullptr: nothing.
  [[nodiscard]] Node* take_all() noexcept { return stack_.take_all(); }
  [[nodiscard]] static Node* next_of(Node* node) noexcept {
    return MpscStack<Node, Atom>::next_of(node);
  }
  [[nodiscard]] bool empty() const noexcept { return stack_.empty(); }

  void begin_polling() noexcept {
    // order: relaxed, no pairing: who does not see it yet rings, which does no harm
    polling_.store(1, std::memory_order_relaxed);
  }
  /// False: something was pushed meanwhile that nobody rang for; take it.
  [[nodiscard]] bool end_polling() noexcept {
    // order: acquire, pairs with push() release; shows what came without a ring
    (void)polling_.exchange(0, std::memory_order_acquire);
    return stack_.empty();
  }
  [[nodiscard]] bool polling() const noexcept {
    // order: relaxed, no pairing: the reader alone writes another value
    return polling_.load(std::memory_order_relaxed) != 0;
  }

  /// Takes everything and refuses all further pushes; nullptr also when closed before.
  [[nodiscard]] Node* close() noexcept { return stack_.close(); }
  [[nodiscard]] bool closed() const noexcept { return stack_.closed(); }

 private:
  alignas(kCacheLine) MpscStack<Node, Atom> stack_;     ///< by all
  alignas(kCacheLine) Atom<std::uint32_t> polling_{0};  ///< 1: the reader polls; it alone sets it
};

}  // namespace cogway
