// SPDX-License-Identifier: Apache-2.0
#pragma once
// The inner loops of resizing, compiled for each instruction set and chosen at run time. All sums
// are exact integers, so every instruction set gives the same bytes.
//
// Fixed point: a blended row holds levels * 128 in 16 bits; a blended pixel holds
// levels << (7 + axis.bits) in 32 bits, four to a pixel (one if there is one channel), of which the
// first `channels` mean something.

#include <cstddef>
#include <cstdint>

#include "axis.hpp"

namespace cogway_image {

inline constexpr int kRowBits = 7;
/// Elements that a blended row (16 bits) or blended pixels (32 bits) must have beyond their last
/// one.
inline constexpr std::size_t kRowSlack = 64;

[[nodiscard]] constexpr std::size_t blended_lanes(std::int64_t channels) noexcept {
  return channels == 1 ? 1 : 4;
}

/// out[i] = sum over k of rows[k][i] * weights[k], for i in [0, n): taps (even) rows become one.
void blend_rows(const std::uint8_t* const* rows, const std::int16_t* weights, std::int32_t taps,
                int bits, std::int16_t* out, std::size_t n) noexcept;

/// Resizes two blended rows along their length. Rows may be the same, and so may outputs.
void blend_pixels(const std::int16_t* row_a, const std::int16_t* row_b, const Axis& axis,
                  std::int64_t channels, std::int32_t* out_a, std::int32_t* out_b) noexcept;

/// Blended pixels to bytes: packed pixels at planes[0], or channel c at planes[c].
void store_bytes(const std::int32_t* pixels, std::size_t n, std::int64_t channels, int shift,
                 bool planar, std::uint8_t* const* planes) noexcept;

/// Blended pixels to floats: value * scale[c] + bias[c].
void store_floats(const std::int32_t* pixels, std::size_t n, std::int64_t channels,
                  const float* scale, const float* bias, bool planar,
                  float* const* planes) noexcept;

}  // namespace cogway_image
