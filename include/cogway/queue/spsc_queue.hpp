// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded ring between one producer and one consumer: the cheapest hand-over there is. Not for
// several of either (MpscQueue, MpmcQueue), and not for waiting (BlockingQueue).

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/detail/cell.hpp"
#include "cogway/queue/queue_statistics.hpp"
#include "cogway/queue/ring_capacity.hpp"

namespace cogway {

/// Each side keeps a copy of the other's index and looks at the original only when the copy says
/// "full" or "empty", so the two lines of indices cross cores once per batch instead of once per
/// item.
///
/// **Threads**: try_push*() by one producer, try_pop*() by one consumer; the rest by anyone.
/// **Ownership**: of the values inside; destroying the queue destroys them.
/// **Progress**: wait-free.
/// **Order**: a push publishes the value and all before it to the pop that returns it; a pop
/// publishes that the cell is free.
/// **Linearizable?** Yes, as a bounded FIFO queue, failures included.
/// **Capacity**: rounded up to a power of two; memory is taken once, at construction.
template <typename T, template <typename> class Atom = std::atomic>
class SpscQueue {
 public:
  using value_type = T;

  explicit SpscQueue(std::size_t capacity)
      : capacity_(ring_capacity(capacity)),
        cells_(std::make_unique<detail::Cell<T>[]>(capacity_)) {}
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;
  ~SpscQueue() {
    while (try_pop()) {
    }
  }

  /// False when full or closed; `value` is then untouched.
  template <typename U>
  [[nodiscard]] bool try_push(U&& value) noexcept {
    // order: relaxed, no pairing: only the producer writes tail_
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (room(tail, 1) == 0) return false;
    cell(tail).put(std::forward<U>(value));
    // order: release, pairs with available() acquire; publishes the cell's value
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Moves in the first values that fit, published at once; how many.
  [[nodiscard]] std::size_t try_push_batch(std::span<T> values) noexcept {
    // order: relaxed, no pairing: only the producer writes tail_
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t count = room(tail, values.size());
    for (std::size_t i = 0; i < count; ++i) cell(tail + i).put(std::move(values[i]));
    // order: release, pairs with available() acquire; publishes the cells' values
    if (count > 0) tail_.store(tail + count, std::memory_order_release);
    return count;
  }

  /// The oldest value; nothing when empty.
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    // order: relaxed, no pairing: only the consumer writes head_
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (available(head, 1) == 0) return std::nullopt;
    std::optional<T> value(cell(head).take());
    // order: release, pairs with room() acquire; publishes that the cell is free
    head_.store(head + 1, std::memory_order_release);
    return value;
  }

  /// Moves out as many of the oldest values as there are, at most `out.size()`; how many.
  [[nodiscard]] std::size_t try_pop_batch(std::span<T> out) noexcept {
    // order: relaxed, no pairing: only the consumer writes head_
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::size_t count = available(head, out.size());
    for (std::size_t i = 0; i < count; ++i) out[i] = cell(head + i).take();
    // order: release, pairs with room() acquire; publishes that the cells are free
    if (count > 0) head_.store(head + count, std::memory_order_release);
    return count;
  }

  /// Refuses pushes from now on; true for the one call that closed it. By the producer nothing is
  /// lost; by another thread, a push under way at that moment may be left inside, for the
  /// destructor.
  bool close() noexcept {
    // order: release, pairs with closed() acquire; publishes the producer's last push
    return !closed_.exchange(true, std::memory_order_release);
  }
  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release; what was pushed before it is seen by try_pop()
    return closed_.load(std::memory_order_acquire);
  }
  /// Closed, and nothing will ever come out again.
  [[nodiscard]] bool drained() const noexcept { return closed() && empty(); }

  [[nodiscard]] std::size_t size() const noexcept {
    // order: acquire, pairs with try_pop() release; the tail it had seen, so that none older is
    // read
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    // order: relaxed, no pairing: a length, nothing is read through it
    return static_cast<std::size_t>(tail_.load(std::memory_order_relaxed) - head);
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  [[nodiscard]] QueueStatistics statistics() const noexcept {
    // order: relaxed, no pairing: counters
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    return {capacity_, size(), head + size(), head};
  }

 private:
  detail::Cell<T>& cell(std::uint64_t position) noexcept {
    return cells_[position & (capacity_ - 1)];
  }

  /// How many of `wanted` cells are free at `tail`. Producer only.
  std::size_t room(std::uint64_t tail, std::size_t wanted) noexcept {
    // order: relaxed, no pairing: a push that overlaps close() may win
    if (closed_.load(std::memory_order_relaxed)) return 0;
    std::size_t free = capacity_ - static_cast<std::size_t>(tail - head_seen_);
    if (free < wanted) {
      // order: acquire, pairs with try_pop() release; the values of freed cells have been moved out
      head_seen_ = head_.load(std::memory_order_acquire);
      free = capacity_ - static_cast<std::size_t>(tail - head_seen_);
    }
    return free < wanted ? free : wanted;
  }

  /// How many of `wanted` cells are full at `head`. Consumer only.
  std::size_t available(std::uint64_t head, std::size_t wanted) noexcept {
    std::size_t full = static_cast<std::size_t>(tail_seen_ - head);
    if (full < wanted) {
      // order: acquire, pairs with try_push() release; the cells hold their values
      tail_seen_ = tail_.load(std::memory_order_acquire);
      full = static_cast<std::size_t>(tail_seen_ - head);
    }
    return full < wanted ? full : wanted;
  }

  const std::size_t capacity_;
  const std::unique_ptr<detail::Cell<T>[]> cells_;
  Atom<bool> closed_{false};                         ///< by anyone, once; read by both
  alignas(kCacheLine) Atom<std::uint64_t> tail_{0};  ///< by the producer; read by the consumer
  std::uint64_t head_seen_ = 0;                      ///< the producer's own
  alignas(kCacheLine) Atom<std::uint64_t> head_{0};  ///< by the consumer; read by the producer
  std::uint64_t tail_seen_ = 0;                      ///< the consumer's own
};

}  // namespace cogway
