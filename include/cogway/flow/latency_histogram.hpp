// SPDX-License-Identifier: Apache-2.0
#pragma once
// Durations in buckets of an eighth of a power of two: quantiles to within 9 %, in fixed memory,
// with no sorting and no samples kept.

#include <array>
#include <bit>
#include <cstdint>

namespace cogway {

/// **Threads**: one at a time (its owner's lock). **Ownership**: a value. **Progress**: wait-free.
/// **Order**: none.
class LatencyHistogram {
 public:
  void record(std::int64_t ns) noexcept {
    const std::uint64_t value = ns > 0 ? static_cast<std::uint64_t>(ns) : 0;
    ++buckets_[bucket(value)];
    ++count_;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// The upper edge of the bucket in which the quantile (0 to 1) falls; 0 without records.
  [[nodiscard]] std::int64_t quantile(double q) const noexcept {
    if (count_ == 0) return 0;
    auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1));
    for (std::uint32_t i = 0; i < buckets_.size(); ++i) {
      if (rank < buckets_[i]) return upper_edge(i);
      rank -= buckets_[i];
    }
    return upper_edge(static_cast<std::uint32_t>(buckets_.size()) - 1);
  }

 private:
  static constexpr std::uint32_t kSubBits = 3;
  static constexpr std::uint32_t kSub = 1u << kSubBits;
  static constexpr std::uint32_t kBuckets =
      (45 - kSubBits) * kSub;  ///< up to 2^44 ns, about 5 hours

  static std::uint32_t bucket(std::uint64_t value) noexcept {
    if (value < kSub) return static_cast<std::uint32_t>(value);
    const auto width = static_cast<std::uint32_t>(std::bit_width(value));
    const std::uint32_t octave = width - kSubBits;
    const auto sub = static_cast<std::uint32_t>(value >> (octave - 1)) & (kSub - 1);
    const std::uint32_t index = octave * kSub + sub;
    return index < kBuckets ? index : kBuckets - 1;
  }
  static std::int64_t upper_edge(std::uint32_t index) noexcept {
    if (index < kSub) return static_cast<std::int64_t>(index);
    const std::uint32_t octave = index / kSub;
    const std::uint64_t sub = index % kSub;
    return static_cast<std::int64_t>(((kSub + sub + 1) << (octave - 1)) - 1);
  }

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace cogway
