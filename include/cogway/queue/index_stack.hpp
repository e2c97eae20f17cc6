// SPDX-License-Identifier: Apache-2.0
#pragma once
// A lock-free stack of indices into somebody's table: the base of FreeList and MpmcStack, and
// placed as it is into shared memory by the bus. It holds no pointer, so it works at any address.

#include <atomic>
#include <cstdint>

namespace cogway {

/// The index that is none.
inline constexpr std::uint32_t kNoIndex = 0xffff'ffff;

/// Treiber's stack with a tag beside the head's index, one more at every pop: a thread that was
/// stopped between reading an index's successor and exchanging the head fails if that index went
/// away and came back meanwhile (ABA). It takes exactly 2^32 pops in between to fool it.
///
/// The links live outside: `links[i]` is the successor of index i. Stacks over one set of links may
/// coexist if an index is in at most one of them.
///
/// **Threads**: all calls from any thread (of any process that maps the words).
/// **Ownership**: an index that is popped belongs to the caller until pushed.
/// **Progress**: lock-free.
/// **Order**: a push publishes all before it to the pop that returns the index.
/// **Linearizable?** Yes, as a stack, ABA as said above excepted.
template <template <typename> class Atom = std::atomic>
class IndexStack {
 public:
  using Link = Atom<std::uint32_t>;

  IndexStack() = default;
  IndexStack(const IndexStack&) = delete;
  IndexStack& operator=(const IndexStack&) = delete;

  /// Puts `index`, which the caller owns, on top.
  void push(Link* links, std::uint32_t index) noexcept { push_chain(links, index, index); }

  /// Puts a chain of indices that the caller owns, linked from `first` to `last`, on top at once.
  void push_chain(Link* links, std::uint32_t first, std::uint32_t last) noexcept {
    // order: relaxed, no pairing: nothing is read through it
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
      // order: relaxed, no pairing: the exchange below publishes it
      links[last].store(index_of(head), std::memory_order_relaxed);
      const std::uint64_t next = (head & kTags) | first;
      // order: release, pairs with pop() acquire; publishes the links and what the indices name
      if (head_.compare_exchange_weak(head, next, std::memory_order_release,
                                      std::memory_order_relaxed)) {  // order: relaxed: as the load
        return;
      }
    }
  }

  /// Takes the top index; kNoIndex when there is none.
  [[nodiscard]] std::uint32_t pop(const Link* links) noexcept {
    // order: acquire, pairs with push() release; the link of the top index
    std::uint64_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      const std::uint32_t index = index_of(head);
      if (index == kNoIndex) return kNoIndex;
      // order: relaxed, no pairing: acquired with head; stale if the index is gone, then the tag is
      // too
      const std::uint32_t successor = links[index].load(std::memory_order_relaxed);
      const std::uint64_t next = ((head & kTags) + kOneTag) | successor;
      // order: acquire, pairs with push() release; publishes what the index names
      if (head_.compare_exchange_weak(head, next, std::memory_order_acquire)) return index;
    }
  }

  [[nodiscard]] bool empty() const noexcept {
    // order: acquire, pairs with push() release; so that who sees an index can rely on its push
    return index_of(head_.load(std::memory_order_acquire)) == kNoIndex;
  }

 private:
  static constexpr std::uint64_t kTags = 0xffff'ffff'0000'0000;
  static constexpr std::uint64_t kOneTag = std::uint64_t{1} << 32;
  static constexpr std::uint32_t index_of(std::uint64_t head) noexcept {
    return static_cast<std::uint32_t>(head);
  }

  Atom<std::uint64_t> head_{kNoIndex};  ///< tag in the upper half, index in the lower; by all
};

}  // namespace cogway
