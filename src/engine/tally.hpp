// SPDX-License-Identifier: Apache-2.0
#pragma once
// Counters that everybody moves and few read: one cell per worker, and some for all other threads.

#include <atomic>
#include <cstdint>

#include "cogway/base/cacheline.hpp"

namespace cogway {

enum class Count : std::uint8_t { submitted, ended, ok, failed, cancelled, expired, refused };
inline constexpr std::size_t kCounts = 7;

/// One cache line of counters.
class alignas(kCacheLine) TallyCell {
 public:
  /// By any thread.
  void add(Count what, std::uint64_t by = 1) noexcept {
    counts_[static_cast<std::size_t>(what)].fetch_add(by);
  }
  /// By the one thread that writes this cell: no locked instruction.
  void add_owned(Count what, std::uint64_t by = 1) noexcept {
    auto& count = counts_[static_cast<std::size_t>(what)];
    // order: relaxed load, the caller alone writes; release store, pairs with read()'s load: who
    // sees the count sees what the task did
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t read(Count what) const noexcept {
    return counts_[static_cast<std::size_t>(what)].load();
  }

 private:
  std::atomic<std::uint64_t> counts_[kCounts] = {};
};

/// The cells of threads that are not workers.
class SharedTally {
 public:
  static constexpr std::size_t kCells = 16;
  [[nodiscard]] TallyCell& mine() noexcept { return cells_[slot()]; }
  [[nodiscard]] std::uint64_t read(Count what) const noexcept {
    std::uint64_t sum = 0;
    for (const TallyCell& cell : cells_) sum += cell.read(what);
    return sum;
  }

 private:
  static std::size_t slot() noexcept;
  TallyCell cells_[kCells];
};

}  // namespace cogway
