// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded ring from any number of producers to one consumer. For intrusive nodes without a bound,
// and for "was it empty before me", MpscStack.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/detail/turn_ring.hpp"
#include "cogway/queue/queue_statistics.hpp"

namespace cogway {

/// MpmcQueue without the consumers' contest: popping is a load, a move and two stores.
///
/// **Threads**: try_pop*() by one consumer; all other calls from any thread.
/// **Ownership**: of the values inside; destroying the queue destroys them, while nobody uses it.
/// **Progress**: pushes lock-free, pops wait-free; a producer stopped in the middle of a push hides
/// the values behind it until it goes on.
/// **Order**: a push publishes the value and all before it to the pop that returns it.
/// **Linearizable?** As MpmcQueue: successful calls are; a failed one may overlap an unfinished
/// push.
/// **Capacity**: rounded up to a power of two, at least 2; memory is taken once, at construction.
template <typename T, template <typename> class Atom = std::atomic>
class MpscQueue {
 public:
  using value_type = T;

  explicit MpscQueue(std::size_t capacity) : ring_(capacity) {}
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;
  ~MpscQueue() {
    while (try_pop()) {
    }
  }

  /// False when full or closed; `value` is then untouched.
  template <typename U>
  [[nodiscard]] bool try_push(U&& value) noexcept {
    return ring_.try_push(std::forward<U>(value));
  }
  /// Moves in the first values that fit, in consecutive cells; how many.
  [[nodiscard]] std::size_t try_push_batch(std::span<T> values) noexcept {
    return ring_.try_push_batch(values);
  }

  /// The oldest value; nothing when empty.
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    // order: relaxed, no pairing: only the consumer writes head_
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (ring_.pop_turn(head) != 0) return std::nullopt;
    std::optional<T> value(ring_.take(head));
    // order: relaxed, no pairing: others read it as a length only
    head_.store(head + 1, std::memory_order_relaxed);
    return value;
  }
  /// Moves out the oldest values, at most `out.size()`; how many.
  [[nodiscard]] std::size_t try_pop_batch(std::span<T> out) noexcept {
    // order: relaxed, no pairing: only the consumer writes head_
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    std::size_t count = 0;
    while (count < out.size() && ring_.pop_turn(head + count) == 0) {
      out[count] = ring_.take(head + count);
      ++count;
    }
    // order: relaxed, no pairing: others read it as a length only
    if (count > 0) head_.store(head + count, std::memory_order_relaxed);
    return count;
  }

  /// As MpmcQueue::close(): nothing that was pushed is lost.
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
  alignas(kCacheLine) Atom<std::uint64_t> head_{0};  ///< next position to pop; by the consumer
};

}  // namespace cogway
