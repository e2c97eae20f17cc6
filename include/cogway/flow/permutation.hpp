// SPDX-License-Identifier: Apache-2.0
#pragma once
// The order of an epoch: a bijection of [0, n) chosen by (seed, epoch), computed position by
// position. Nothing is stored and nothing is shuffled, so an epoch of a billion items starts at
// once and can be entered anywhere. Not for cryptography.

#include <bit>
#include <cstdint>

namespace cogway {

/// A balanced Feistel network over the smallest even number of bits that holds n, walked along its
/// cycles until it lands inside.
///
/// **Threads**: a value; const calls from anywhere. **Ownership**: none. **Progress**: wait-free;
/// fewer than four steps on average. **Order**: none.
class Permutation {
 public:
  /// The identity.
  Permutation() = default;
  Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch) noexcept : n_(n) {
    half_bits_ = (static_cast<std::uint32_t>(std::bit_width(n > 1 ? n - 1 : 1)) + 1) / 2;
    mask_ = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t state = mix(seed + 0x9e3779b97f4a7c15) ^ mix(epoch + 0xbf58476d1ce4e5b9);
    for (std::uint64_t& key : keys_) key = state = mix(state + 0x9e3779b97f4a7c15);
  }

  /// The item at `position` (less than n).
  [[nodiscard]] std::uint64_t operator()(std::uint64_t position) const noexcept {
    if (n_ == 0) return position;
    do position = encrypt(position);
    while (position >= n_);
    return position;
  }

 private:
  static constexpr int kRounds = 6;

  static constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  [[nodiscard]] std::uint64_t encrypt(std::uint64_t x) const noexcept {
    std::uint64_t left = x >> half_bits_;
    std::uint64_t right = x & mask_;
    for (const std::uint64_t key : keys_) {
      const std::uint64_t next = left ^ (mix(right ^ key) & mask_);
      left = right;
      right = next;
    }
    return (left << half_bits_) | right;
  }

  std::uint64_t n_ = 0;  ///< 0: the identity
  std::uint64_t mask_ = 0;
  std::uint32_t half_bits_ = 0;
  std::uint64_t keys_[kRounds] = {};
};

}  // namespace cogway
