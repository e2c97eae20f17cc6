// SPDX-License-Identifier: Apache-2.0
#pragma once
// The eight EXIF orientations as what they are: a transposition and two mirrorings of the stored
// image. Words: *stored* is as in the file, *upright* as it is to be seen.

#include <cstdint>

#include "jpeg_decoder.hpp"

namespace cogway_image {

/// upright(r, c) = stored(y, x) with (y, x) = transpose ? (c, r) : (r, c), then y counted from the
/// last row if flip_y, x from the last column if flip_x.
struct Orientation {
  bool transpose = false;
  bool flip_y = false;
  bool flip_x = false;

  [[nodiscard]] static constexpr Orientation from_exif(std::int32_t value) noexcept {
    switch (value) {
      case 2:
        return {false, false, true};
      case 3:
        return {false, true, true};
      case 4:
        return {false, true, false};
      case 5:
        return {true, false, false};
      case 6:
        return {true, true, false};
      case 7:
        return {true, true, true};
      case 8:
        return {true, false, true};
      default:
        return {};
    }
  }

  [[nodiscard]] constexpr bool identity() const noexcept {
    return !transpose && !flip_y && !flip_x;
  }

  /// Where a region of the upright image lies in the stored one of height x width.
  [[nodiscard]] constexpr Region to_stored(const Region& upright, std::int64_t height,
                                           std::int64_t width) const noexcept {
    Region stored = upright;
    if (transpose) stored = {upright.x, upright.y, upright.width, upright.height};
    if (flip_y) stored.y = height - stored.y - stored.height;
    if (flip_x) stored.x = width - stored.x - stored.width;
    return stored;
  }
};

/// Writes rows [y, y + rows) of a stored image of height x width to their places in the upright
/// one, which is C-contiguous at out. Row i is at from + i * from_stride.
void place_rows(const Orientation& orientation, const std::uint8_t* from, std::int64_t from_stride,
                std::int64_t y, std::int64_t rows, std::int64_t height, std::int64_t width,
                std::int64_t pixel_bytes, std::uint8_t* out) noexcept;

}  // namespace cogway_image
