// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random draws that are a pure function of (seed, epoch, index, operation): Philox4x32-10 (Salmon
// et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). No state is kept anywhere, so a
// sample comes out the same on any worker, in any order, after any restart. Not for secrets.
//
// Law: key = (low, high half of seed); block k of an operation is the counter
// (low half of index, high half of index, epoch, operation << 16 | k); it holds the draws 4k to 4k
// + 3. Changing any of it changes every sample that anyone has recorded: it is part of the
// interface.

#include <array>
#include <cstdint>

namespace cogway_image {

/// Third word of the law: which operation draws.
enum class RandomOperation : std::uint32_t { crop = 1, flip = 2, rotate = 3 };

using PhiloxBlock = std::array<std::uint32_t, 4>;

constexpr PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

class Random {
 public:
  Random(std::int64_t seed, std::int64_t epoch, std::int64_t index,
         RandomOperation operation) noexcept
      : key_{low(seed), high(seed)},
        counter_{low(index), high(index), low(epoch), static_cast<std::uint32_t>(operation) << 16} {
  }

  /// The next draw, in [0, 1), on a grid of 2^-32.
  double uniform() noexcept { return static_cast<double>(next()) * 0x1p-32; }
  /// The next draw, in [low, high).
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  /// The next draw, an integer in [0, n), n at most 2^32; uneven by less than n / 2^32.
  std::int64_t below(std::int64_t n) noexcept {
    return static_cast<std::int64_t>((std::uint64_t{next()} * static_cast<std::uint64_t>(n)) >> 32);
  }

 private:
  static constexpr std::uint32_t low(std::int64_t v) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(v));
  }
  static constexpr std::uint32_t high(std::int64_t v) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(v) >> 32);
  }

  std::uint32_t next() noexcept {
    if (used_ == 4) {
      block_ = philox4x32(counter_, key_);
      ++counter_[3];
      used_ = 0;
    }
    return block_[used_++];
  }

  std::array<std::uint32_t, 2> key_;
  PhiloxBlock counter_;
  PhiloxBlock block_{};
  unsigned used_ = 4;
};

}  // namespace cogway_image
