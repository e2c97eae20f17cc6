// SPDX-License-Identifier: Apache-2.0
#pragma once
// Loops over pixels that stay where they are, compiled for each instruction set and chosen at run
// time.

#include <cstddef>
#include <cstdint>

namespace cogway_image {

/// out[i] = (77 R + 150 G + 29 B + 128) >> 8 of n packed pixels of `channels` (3 or 4) bytes.
/// past_cache: stores go to memory without reading first what they overwrite; right for results
/// that no cache could keep anyway, wrong for those that are read again soon.
void to_gray(const std::uint8_t* pixels, std::size_t channels, std::uint8_t* out, std::size_t n,
             bool past_cache) noexcept;

/// out[i] = in[i] * scale + bias.
void scale_bytes(const std::uint8_t* in, float scale, float bias, float* out,
                 std::size_t n) noexcept;
void scale_floats(const float* in, float scale, float bias, float* out, std::size_t n) noexcept;

/// The same for n packed pixels of 3 channels, each with a scale and bias of its own, to packed
/// pixels at planes[0] or to one plane a channel.
void scale_rgb_bytes(const std::uint8_t* in, const float* scale, const float* bias, bool planar,
                     float* const* planes, std::size_t n) noexcept;
void scale_rgb_floats(const float* in, const float* scale, const float* bias, bool planar,
                      float* const* planes, std::size_t n) noexcept;

}  // namespace cogway_image
