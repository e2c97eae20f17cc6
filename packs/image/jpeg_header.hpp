// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a JPEG file says of itself before any pixel is decoded: its frame and EXIF orientation. Read
// by a bounded walk over the markers that trusts no length in the file; never by libjpeg, so that
// describe() can call it on any thread for any bytes.

#include <cstddef>
#include <cstdint>

#include "call.hpp"

namespace cogway_image {

struct JpegHeader {
  std::int64_t height = 0;  ///< as stored, before orientation
  std::int64_t width = 0;
  std::int32_t components = 0;   ///< 1, 3 or 4
  std::int32_t orientation = 1;  ///< EXIF, 1 to 8
  bool progressive = false;
};

/// Reads the markers up to the frame header. Fails with COGWAY_DATA_LOSS for bytes that are no JPEG
/// (the message says what they look like) or are damaged, COGWAY_UNIMPLEMENTED for JPEG processes
/// that are not supported, COGWAY_RESOURCE_EXHAUSTED above max_pixels.
std::int32_t read_jpeg_header(const Call& call, const std::uint8_t* data, std::size_t bytes,
                              std::int64_t max_pixels, JpegHeader* header);

}  // namespace cogway_image
