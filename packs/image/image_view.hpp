// SPDX-License-Identifier: Apache-2.0
#pragma once
// Pixels in memory as the kernels see them: rows of packed pixels, the rows at any distance. Made
// from a cogway_view by checks that name what is wrong; pixels that are not packed are gathered
// first.

#include <cstdint>

#include "call.hpp"
#include "cogway/kernel_abi.h"

namespace cogway_image {

struct ImageView {
  const std::uint8_t* data = nullptr;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;
  std::int64_t element_bytes = 1;
  std::int64_t row_stride = 0;  ///< bytes; negative in a view upside down
  bool has_channel_axis = false;

  [[nodiscard]] std::int64_t pixel_bytes() const noexcept { return channels * element_bytes; }
  [[nodiscard]] std::int64_t row_bytes() const noexcept { return width * pixel_bytes(); }
  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept {
    return data + y * row_stride;
  }
};

inline constexpr cogway_dtype kUint8{COGWAY_UINT, 8, 1};
inline constexpr cogway_dtype kFloat32{COGWAY_FLOAT, 32, 1};

[[nodiscard]] constexpr bool same(cogway_dtype a, cogway_dtype b) noexcept {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

/// Most channels that a kernel on pixels takes.
inline constexpr std::int64_t kMaxChannels = 4;

/// Checks the first input as an image [height, width] or [height, width, channels]: whole bytes per
/// element (u8 when only_uint8), 1 to 4 channels, no empty axis. Reads no pixel: fit for
/// describe().
std::int32_t check_image(const Call& call, bool only_uint8, ImageView* image);

/// check_image, then packs the pixels of each row into scratch memory where the strides need it.
std::int32_t open_image(const Call& call, bool only_uint8, ImageView* image);

/// The first input as encoded bytes: u8[n], contiguous.
std::int32_t open_bytes(const Call& call, const std::uint8_t** data, std::size_t* bytes);

/// Refuses an output that is not the C-contiguous block of bytes that describe() asked for.
std::int32_t check_output(const Call& call, std::uint64_t bytes);

/// Fills spec as [height, width] or, when channels is not 0, [height, width, channels].
void describe_image(cogway_output_spec* spec, cogway_dtype dtype, std::int64_t height,
                    std::int64_t width, std::int64_t channels);

/// Fills spec as at most n bytes; run() says how many.
void describe_bytes(cogway_output_spec* spec, std::int64_t n);

}  // namespace cogway_image
