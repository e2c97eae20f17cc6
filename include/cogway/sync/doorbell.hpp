// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tells producers of a queue whether its one consumer has to be woken by some means of its own (a
// descriptor that an event loop watches, a call into another thread), so that a burst wakes it
// once. For consumers that wait on a word use EventCount.

#include <atomic>
#include <cstdint>

namespace cogway {

/// One bit: whether the consumer listens. A producer pushes, then rings; the consumer takes what
/// there is, then listens, then takes once more. Both exchange the bit, so of a push and a take
/// that overlap, either the take finds what was pushed or the ring finds the consumer listening;
/// whether the queue's own operations are ordered does not matter.
///
/// **Threads**: ring() any; listen() the consumer. **Ownership**: whoever owns the queue.
/// **Progress**: wait-free.
/// **Order**: a ring that returns false publishes what came before it to the consumer's next
/// listen(); one that returns true leaves that to the wake-up.
template <template <typename> class Atom = std::atomic>
class Doorbell {
 public:
  Doorbell() = default;
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// After a push. True: the consumer listens, and it is for this caller to wake it.
  [[nodiscard]] bool ring() noexcept {
    // order: release, pairs with listen() acquire; publishes the push. Rings between the two are
    // exchanges, so they pass it on
    return awake_.exchange(1, std::memory_order_release) == 0;
  }

  /// The next ring wakes. Look once more after it: what was rung for before made no wake-up.
  void listen() noexcept {
    // order: acquire, pairs with ring() release; publishes what was rung for
    awake_.exchange(0, std::memory_order_acquire);
  }

 private:
  Atom<std::uint32_t> awake_{0};  ///< 0: the consumer listens; so it begins
};

}  // namespace cogway
