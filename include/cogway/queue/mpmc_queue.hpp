// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded ring between any number of producers and consumers. Not for waiting (BlockingQueue);
// with one consumer MpscQueue, with one of each SpscQueue is cheaper.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/detail/turn_ring.hpp"
#include "cogway/queue/queue_statistics.hpp"

namespace cogway {

/// Vyukov's bounded queue: each cell carries the turn whose time has come (the position of the push
/// it awaits, or that plus one for the pop), so that a thread claims a position with one
/// compare-exchange and then has the cell to itself.
///
/// **Threads**: all calls from any thread.
/// **Ownership**: of the values inside; destroying the queue destroys them, while nobody uses it.
/// **Progress**: lock-free; but a thread stopped between claiming a cell and finishing with it
/// hides that cell, and the values behind it, until it goes on.
/// **Order**: a push publishes the value and all before it to the pop that returns it; a pop
/// publishes that the cell is free.
/// **Linearizable?** Yes for calls that succeed, as a FIFO queue. A failure means "empty" ("full")
/// or that the oldest push (pop of a lap ago) is not finished; its thread is at work meanwhile.
/// **Capacity**: rounded up to a power of two, at least 2; memory is taken once, at construction.
template <typename T, template <typename> class Atom = std::atomic>
class MpmcQueue {
 public:
  using value_type = T;

  explicit MpmcQueue(std::size_t capacity) : ring_(capacity) {}
  MpmcQueue(const MpmcQueue&) = delete;
  MpmcQueue& operator=(const MpmcQueue&) = delete;
  ~MpmcQueue() {
    while (try_pop()) {
    }
  }

  /// False when full or closed; `value` is then untouched.
  template <typename U>
  [[nodiscard]] bool try_push(U&& value) noexcept {
    return ring_.try_push(std::forward<U>(value));
  }
  /// Moves in the first values that fit, in consecutive cells; how many. One claim for all of them.
  [[nodiscard]] std::size_t try_push_batch(std::span<T> values) noexcept {
    return ring_.try_push_batch(values);
  }

  /// The oldest value; nothing when empty.
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    // order: relaxed, no pairing: claims a position; the cell's turn orders the rest
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
      const auto ahead = ring_.pop_turn(head);
      if (ahead < 0) return std::nullopt;
      if (ahead > 0) {
        head = head_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: as above
        // order: relaxed, no pairing: as above
      } else if (head_.compare_exchange_weak(head, head + 1, std::memory_order_relaxed)) {
        return std::optional<T>(ring_.take(head));
      }
    }
  }
  /// Moves out the oldest consecutive values, at most `out.size()`; how many. One claim for all of
  /// them.
  [[nodiscard]] std::size_t try_pop_batch(std::span<T> out) noexcept {
    if (out.empty()) return 0;
    // order: relaxed, no pairing: claims positions; the cells' turns order the rest
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
      const auto ahead = ring_.pop_turn(head);
      if (ahead < 0) return 0;
      if (ahead > 0) {
        head = head_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: as above
        continue;
      }
      std::size_t count = 1;
      while (count < out.size() && count < ring_.capacity() && ring_.pop_turn(head + count) == 0) {
        ++count;
      }
      // order: relaxed, no pairing: as above
      if (!head_.compare_exchange_weak(head, head + count, std::memory_order_relaxed)) continue;
      for (std::size_t i = 0; i < count; ++i) out[i] = ring_.take(head + i);
      return count;
    }
  }

  /// Refuses pushes from now on; true for the one call that closed it. Every push that succeeded,
  /// before or at the same time, comes out: closing and claiming a cell are steps on one word.
  bool close() noexcept { return ring_.close(); }
  [[nodiscard]] bool closed() const noexcept { return ring_.closed(); }
  /// Closed, and nothing will ever come out again.
  [[nodiscard]] bool drained() const noexcept { return closed() && empty(); }

  [[nodiscard]] std::size_t size() const noexcept {
    // order: relaxed, no pairing: a length, nothing is read through it
    return ring_.size(head_.load(std::memory_order_relaxed));
  }
  /// No value is inside and none is being pushed (a cell that is claimed counts).
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.capacity(); }

  [[nodiscard]] QueueStatistics statistics() const noexcept {
    // order: relaxed, no pairing: counters
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    return {capacity(), ring_.size(head), head + ring_.size(head), head};
  }

 private:
  detail::TurnRing<T, Atom> ring_;
  alignas(kCacheLine) Atom<std::uint64_t> head_{0};  ///< next position to pop; by consumers
  [[maybe_unused]] char pad_[kCacheLine - sizeof(Atom<std::uint64_t>) % kCacheLine]{};
};

}  // namespace cogway
