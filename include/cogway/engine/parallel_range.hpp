// SPDX-License-Identifier: Apache-2.0
#pragma once
// A range that several threads work off together: one owner that also works, and helpers that may
// or may not turn up. The owner never waits for a helper that has not begun.

#include <atomic>
#include <bit>
#include <cstdint>

#include "cogway/sync/parking.hpp"

namespace cogway {

/// **Threads**: one owner; any number of helpers, each between enter() and leave().
/// **Ownership**: the caller's; helpers that enter() refused may look no further than this object.
/// **Progress**: claim() wait-free; close() waits for helpers that are inside.
/// **Order**: what the helpers did is seen by the owner after close().
template <template <typename> class Atom = std::atomic>
class ParallelRange {
 public:
  ParallelRange() = default;
  ParallelRange(const ParallelRange&) = delete;
  ParallelRange& operator=(const ParallelRange&) = delete;

  /// Before anybody else knows of it. `threads`: how many will work at most.
  void open(std::int64_t n, std::int64_t grain, std::int64_t threads) noexcept {
    n_ = n;
    grain_ = grain;
    shift_ = static_cast<int>(
        std::bit_width(static_cast<std::uint64_t>(threads) * kPiecesPerThread - 1));
    // order: relaxed all three, published with the range
    next_.store(0, std::memory_order_relaxed);
    status_.store(0, std::memory_order_relaxed);  // order: relaxed, as above
    inside_.store(0, std::memory_order_relaxed);  // order: relaxed, as above
  }

  /// A helper begins; false: the owner has closed the range.
  bool enter() noexcept {
    // order: relaxed, a first guess
    std::uint32_t old = inside_.load(std::memory_order_relaxed);
    do {
      if ((old & kClosed) != 0) return false;
      // order: acquire, pairs with open()'s publication; the range is read next
    } while (!inside_.compare_exchange_weak(old, old + 1, std::memory_order_acquire,
                                            std::memory_order_relaxed));
    return true;
  }

  /// The helper is done. The last touch: the owner may reuse the range at once.
  void leave() noexcept {
    // order: release, pairs with close() acquire; publishes the pieces done
    const std::uint32_t old = inside_.fetch_sub(1, std::memory_order_acq_rel);
    if (old == (kClosed | kAwaited | 1)) Parking<Atom>::unpark(inside_, 1);
  }

  /// The next piece [begin, end); false: none is left, or somebody failed.
  bool claim(std::int64_t& begin, std::int64_t& end) noexcept {
    // order: relaxed, only hands out numbers
    if (status_.load(std::memory_order_relaxed) != 0) return false;
    // order: relaxed, as above
    return piece(next_.fetch_add(1, std::memory_order_relaxed), begin, end);
  }

  /// Keeps the first failure; no further piece is handed out.
  void fail(std::int32_t status) noexcept {
    std::int32_t none = 0;
    // order: relaxed, published to the owner by leave()
    status_.compare_exchange_strong(none, status, std::memory_order_relaxed);
  }

  /// The owner's end: keeps new helpers out, waits for those inside; returns the first failure or
  /// 0.
  std::int32_t close() noexcept {
    // order: acq_rel, acquire pairs with leave() release; release shuts enter() out
    std::uint32_t old = inside_.fetch_or(kClosed, std::memory_order_acq_rel) | kClosed;
    for (int turn = 0; turn < kSpins && (old & kCount) != 0; ++turn) {
      Parking<Atom>::relax();
      // order: acquire, pairs with leave() release
      old = inside_.load(std::memory_order_acquire);
    }
    while ((old & kCount) != 0) {
      // order: acquire, pairs with leave() release
      old = inside_.fetch_or(kAwaited, std::memory_order_acquire) | kAwaited;
      if ((old & kCount) == 0) break;
      Parking<Atom>::park(inside_, old, kNever);
      // order: acquire, pairs with leave() release
      old = inside_.load(std::memory_order_acquire);
    }
    // order: relaxed, published by leave()
    return status_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kClosed = 0x80000000;
  static constexpr std::uint32_t kAwaited = 0x40000000;
  static constexpr std::uint32_t kCount = 0x3fffffff;
  /// Some 20 µs: pieces are short as a rule, a wake-up costs as much.
  static constexpr int kSpins = 1000;
  /// In each round, which hands out half of what is left: large pieces first, so that handing them
  /// out costs little; small ones last, so that all threads end at about the same time.
  static constexpr std::uint64_t kPiecesPerThread = 4;

  /// Piece `number` [begin, end); false: beyond the range. Which elements a piece has follows from
  /// its number alone, so claims need no more than a counter.
  bool piece(std::int64_t number, std::int64_t& begin, std::int64_t& end) const noexcept {
    const std::int64_t per_round = std::int64_t{1} << shift_;
    std::int64_t first = 0;
    std::int64_t size = 0;
    for (;;) {
      const std::int64_t half_share = (n_ - first) >> (shift_ + 1);
      size = half_share > grain_ ? half_share : grain_;
      if (number < per_round || size == grain_) break;
      number -= per_round;
      first += size << shift_;
    }
    const std::int64_t left = n_ - first;
    if (number > left / size || (number == left / size && left % size == 0)) return false;
    begin = first + number * size;
    end = size < n_ - begin ? begin + size : n_;
    return true;
  }

  std::int64_t n_ = 0;
  std::int64_t grain_ = 1;
  int shift_ = 0;                  ///< log2 of the pieces of a round
  Atom<std::int64_t> next_{0};     ///< number of the next piece
  Atom<std::int32_t> status_{0};   ///< first failure
  Atom<std::uint32_t> inside_{0};  ///< helpers inside | awaited | closed
};

}  // namespace cogway
