// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decodes a random crop of a JPEG and nothing else of it: rows above are skipped, columns beside
// are left out, at the smallest of 1/1, 1/2, 1/4, 1/8 that is still as large as the sample.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loading_floor {

inline constexpr int kSide = 224;

struct Crop {
  std::vector<std::uint8_t> pixels;  ///< rows of stride bytes, three bytes a pixel
  std::size_t stride = 0;
  std::size_t offset = 0;  ///< of the first pixel in a row
  int rows = 0;
  int columns = 0;
  double top = 0, bottom = 0, left = 0, right = 0;  ///< the crop's edges within
  bool flip = false;
};

/// Draws (seed, epoch, index)'s crop and decodes it. Ends the program when the file is no JPEG.
void decode_crop(const std::vector<std::uint8_t>& file, std::int64_t seed, std::int64_t epoch,
                 std::int64_t index, Crop* crop);

/// Antialiased bilinear to kSide x kSide, normalised, three planes of floats.
void resize_into(const Crop& crop, float* out);

}  // namespace loading_floor
