// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of 64 blocks may be free. A hint decides nothing (the block's HolderWord does), so one that
// is lost with a killed process can be set again, and one too many does no harm.

#include <atomic>
#include <bit>
#include <cstdint>

namespace cogway {

/// **Threads**: any, of any process. **Ownership**: none: a hint taken is a block to try.
/// **Progress**: lock-free.
/// **Order**: what came before set() is seen by the take() that returns the hint. set() is
/// sequentially consistent with whoever announces that it waits and then looks.
template <template <typename> class Atom = std::atomic>
class HintWord {
 public:
  static constexpr std::uint32_t kBlocks = 64;
  static constexpr std::uint32_t kNone = kBlocks;

  void set(std::uint32_t block) noexcept { word_.fetch_or(bit(block)); }

  /// Takes the lowest hint; kNone: there is none.
  [[nodiscard]] std::uint32_t take() noexcept {
    std::uint64_t word = word_.load();
    while (word != 0) {
      const auto block = static_cast<std::uint32_t>(std::countr_zero(word));
      // order: acquire, pairs with set(); who has taken a hint must see that the block was left, or
      // the block would be free without a hint from then on
      const std::uint64_t before = word_.fetch_and(~bit(block), std::memory_order_acquire);
      if ((before & bit(block)) != 0) return block;
      word = before;
    }
    return kNone;
  }
  void clear(std::uint32_t block) noexcept {
    // order: relaxed, no pairing: the caller holds the block, and sets a hint when it leaves
    word_.fetch_and(~bit(block), std::memory_order_relaxed);
  }
  [[nodiscard]] bool empty() const noexcept {
    // order: relaxed, a snapshot
    return word_.load(std::memory_order_relaxed) == 0;
  }

 private:
  static constexpr std::uint64_t bit(std::uint32_t block) noexcept {
    return std::uint64_t{1} << block;
  }
  Atom<std::uint64_t> word_{0};
};

}  // namespace cogway
