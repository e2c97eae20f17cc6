// SPDX-License-Identifier: Apache-2.0
#pragma once
// A part of a JPEG at another size, in one pass: the decoder's rows go through a small ring into
// the resizer. Nothing is ever as large as the image.

#include <cstddef>
#include <cstdint>

#include "call.hpp"
#include "jpeg_decoder.hpp"
#include "jpeg_header.hpp"
#include "resizer.hpp"

namespace cogway_image {

struct JpegResample {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  JpegHeader header;
  Region part;  ///< at full size, as stored
  Filter filter = Filter::antialiased;
  bool mirror = false;  ///< columns come out backwards
  bool grayscale = false;
  bool allow_truncated = false;
  /// Decode at 1/2, 1/4 or 1/8 where that leaves this many times the target's size; 0: never.
  std::int64_t scaled_decode_gap = 1;
};

/// Makes target, as stored. Takes the thread's JpegDecoder.
std::int32_t resample_jpeg(const Call& call, const JpegResample& request,
                           const PixelTarget& target);

}  // namespace cogway_image
