// SPDX-License-Identifier: Apache-2.0
#include "orientation.hpp"

#include <cstring>

namespace cogway_image {
namespace {

/// Pixels of a row, backwards.
template <std::int64_t kBytes>
void mirror_row(const std::uint8_t* from, std::int64_t width, std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x) {
    std::memcpy(out + (width - 1 - x) * kBytes, from + x * kBytes, kBytes);
  }
}

/// Row y of the stored image becomes a column of the upright one; column by column of the strip, so
/// that the writes of one upright row lie together.
template <std::int64_t kBytes>
void transpose_rows(const Orientation& o, const std::uint8_t* from, std::int64_t from_stride,
                    std::int64_t y, std::int64_t rows, std::int64_t height, std::int64_t width,
                    std::uint8_t* out) {
  for (std::int64_t x = 0; x < width; ++x) {
    const std::int64_t r = o.flip_x ? width - 1 - x : x;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t c = o.flip_y ? height - 1 - (y + i) : y + i;
      std::memcpy(out + (r * height + c) * kBytes, from + i * from_stride + x * kBytes, kBytes);
    }
  }
}

template <std::int64_t kBytes>
void place(const Orientation& o, const std::uint8_t* from, std::int64_t from_stride, std::int64_t y,
           std::int64_t rows, std::int64_t height, std::int64_t width, std::uint8_t* out) {
  if (o.transpose) {
    transpose_rows<kBytes>(o, from, from_stride, y, rows, height, width, out);
    return;
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t r = o.flip_y ? height - 1 - (y + i) : y + i;
    const std::uint8_t* const row = from + i * from_stride;
    if (o.flip_x) {
      mirror_row<kBytes>(row, width, out + r * width * kBytes);
    } else {
      std::memcpy(out + r * width * kBytes, row, static_cast<std::size_t>(width * kBytes));
    }
  }
}

}  // namespace

void place_rows(const Orientation& orientation, const std::uint8_t* from, std::int64_t from_stride,
                std::int64_t y, std::int64_t rows, std::int64_t height, std::int64_t width,
                std::int64_t pixel_bytes, std::uint8_t* out) noexcept {
  const auto run = [&]<std::int64_t kBytes>() {
    place<kBytes>(orientation, from, from_stride, y, rows, height, width, out);
  };
  switch (pixel_bytes) {
    case 1:
      return run.template operator()<1>();
    case 2:
      return run.template operator()<2>();
    case 3:
      return run.template operator()<3>();
    case 4:
      return run.template operator()<4>();
    case 6:
      return run.template operator()<6>();
    case 8:
      return run.template operator()<8>();
    case 12:
      return run.template operator()<12>();
    case 16:
      return run.template operator()<16>();
    case 24:
      return run.template operator()<24>();
    case 32:
      return run.template operator()<32>();
    default:
      return;
  }
}

}  // namespace cogway_image
