// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many bytes of a bus are in use: taken by leases and reservations, given back by whoever frees
// them. Who waits for bytes is FreedHooks' matter.

#include <atomic>
#include <cstdint>

namespace cogway::detail {

/// Placed as it is into shared memory.
///
/// **Threads**: any, of any process that maps it. **Ownership**: none.
/// **Progress**: lock-free.
/// **Order**: a waiter that announced itself and is then refused is seen by the thread whose give()
/// came too late for it: take() and give() are sequentially consistent, as announcing and looking
/// for the announced are.
template <template <typename> class Atom = std::atomic>
class ByteBudget {
 public:
  /// False: fewer are left of `capacity`; nothing is taken.
  [[nodiscard]] bool take(std::uint64_t bytes, std::uint64_t capacity) noexcept {
    std::uint64_t used = used_.load();
    do {
      if (bytes > capacity - used) return false;
      // seq_cst for a failure, whose value may lead to a refusal. model: it takes more threads than
      // are checked to tell
    } while (!used_.compare_exchange_weak(used, used + bytes));
    used += bytes;
    // order: relaxed, a statistic
    std::uint64_t peak = peak_.load(std::memory_order_relaxed);
    // order: relaxed, a statistic
    while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
    }
    return true;
  }
  void give(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes); }

  [[nodiscard]] std::uint64_t used() const noexcept {
    // order: relaxed, a statistic
    return used_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t peak() const noexcept {
    // order: relaxed, a statistic
    return peak_.load(std::memory_order_relaxed);
  }

 private:
  Atom<std::uint64_t> used_{0};  ///< by all
  Atom<std::uint64_t> peak_{0};  ///< highest `used_` seen
};

}  // namespace cogway::detail
