// SPDX-License-Identifier: Apache-2.0
#pragma once
// The half that MpmcQueue and MpscQueue share: cells with turns, and the producers' side. How
// positions are popped is the queue's own matter.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/detail/cell.hpp"
#include "cogway/queue/ring_capacity.hpp"

namespace cogway::detail {

/// A cell at position p (modulo capacity) awaits the push of turn p, then the pop of turn p + 1,
/// then the push of turn p + capacity. The top bit of tail_ says "closed": a claim compares the
/// whole word, so no push can begin after it.
///
/// **Threads**: producers' calls from any thread; take() by who claimed the position.
/// **Ownership**: its cells; the queue empties it first. **Progress**: lock-free. **Order**: as
/// MpmcQueue.
template <typename T, template <typename> class Atom>
class TurnRing {
 public:
  explicit TurnRing(std::size_t capacity)
      : mask_(ring_capacity(capacity, 2) - 1), slots_(std::make_unique<Slot[]>(mask_ + 1)) {
    for (std::size_t i = 0; i <= mask_; ++i) {
      // order: relaxed, no pairing: the constructor's caller hands the queue to other threads
      slots_[i].turn.store(i, std::memory_order_relaxed);
    }
  }

  template <typename U>
  bool try_push(U&& value) noexcept {
    // order: relaxed, no pairing: claims a position; the cell's turn orders the rest
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    for (;;) {
      if ((tail & kClosed) != 0) return false;
      const std::int64_t ahead = push_turn(tail);
      if (ahead < 0) return false;
      if (ahead > 0) {
        tail = tail_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: as above
        // order: relaxed, no pairing: as above
      } else if (tail_.compare_exchange_weak(tail, tail + 1, std::memory_order_relaxed)) {
        put(tail, std::forward<U>(value));
        return true;
      }
    }
  }

  std::size_t try_push_batch(std::span<T> values) noexcept {
    if (values.empty()) return 0;
    // order: relaxed, no pairing: claims positions; the cells' turns order the rest
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    for (;;) {
      if ((tail & kClosed) != 0) return 0;
      const std::int64_t ahead = push_turn(tail);
      if (ahead < 0) return 0;
      if (ahead > 0) {
        tail = tail_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: as above
        continue;
      }
      // A free cell stays free until tail_ moves past it, so what is counted here holds if the
      // compare-exchange does.
      std::size_t count = 1;
      while (count < values.size() && count <= mask_ && push_turn(tail + count) == 0) ++count;
      // order: relaxed, no pairing: as above
      if (!tail_.compare_exchange_weak(tail, tail + count, std::memory_order_relaxed)) continue;
      for (std::size_t i = 0; i < count; ++i) put(tail + i, std::move(values[i]));
      return count;
    }
  }

  /// How far the cell of `position` is beyond awaiting its pop: 0 = now, negative = not pushed yet.
  [[nodiscard]] std::int64_t pop_turn(std::uint64_t position) const noexcept {
    // order: acquire, pairs with put() release; the cell holds its value
    return static_cast<std::int64_t>(slot(position).turn.load(std::memory_order_acquire) -
                                     (position + 1));
  }
  /// The value at a claimed position whose pop_turn() is 0.
  [[nodiscard]] T take(std::uint64_t position) noexcept {
    Slot& from = slot(position);
    T value(from.cell.take());
    // order: release, pairs with push_turn() acquire; the cell is free
    from.turn.store(position + mask_ + 1, std::memory_order_release);
    return value;
  }

  bool close() noexcept {
    // order: release, pairs with closed() acquire; publishes what the closer did before
    return (tail_.fetch_or(kClosed, std::memory_order_release) & kClosed) == 0;
  }
  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release; publishes what the closer did before
    return (tail_.load(std::memory_order_acquire) & kClosed) != 0;
  }
  /// Positions claimed and not popped, given the next position to pop; never less than zero,
  /// although a tail older than `head` may be read. Once closed() was seen, the tail is final.
  [[nodiscard]] std::size_t size(std::uint64_t head) const noexcept {
    // order: relaxed, no pairing: a length, nothing is read through it
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed) & ~kClosed;
    return tail > head ? static_cast<std::size_t>(tail - head) : 0;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

 private:
  struct Slot {
    Atom<std::uint64_t> turn{0};  ///< by whoever has the cell; read by all
    Cell<T> cell;
  };
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;

  Slot& slot(std::uint64_t position) const noexcept { return slots_[position & mask_]; }
  std::int64_t push_turn(std::uint64_t position) const noexcept {
    // order: acquire, pairs with take() release; the cell is empty
    return static_cast<std::int64_t>(slot(position).turn.load(std::memory_order_acquire) -
                                     position);
  }
  template <typename U>
  void put(std::uint64_t position, U&& value) noexcept {
    Slot& to = slot(position);
    to.cell.put(std::forward<U>(value));
    // order: release, pairs with pop_turn() acquire; publishes the value
    to.turn.store(position + 1, std::memory_order_release);
  }

  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  alignas(kCacheLine) Atom<std::uint64_t> tail_{
      0};  ///< next position to push | closed; by producers
};

}  // namespace cogway::detail
