// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which part of an image a sample is made of. The random law is torchvision's RandomResizedCrop.

#include <cstdint>

#include "jpeg_decoder.hpp"
#include "random.hpp"

namespace cogway_image {

struct CropLaw {
  double scale_low = 0.08;  ///< share of the image's area
  double scale_high = 1.0;
  double ratio_low = 3.0 / 4.0;  ///< width over height, drawn evenly on a logarithmic scale
  double ratio_high = 4.0 / 3.0;
};

/// Up to ten tries of (area, ratio), then a place for the first that fits; else the largest centred
/// part with a ratio within bounds.
Region random_crop(Random& random, const CropLaw& law, std::int64_t height, std::int64_t width);

/// The centred part of fraction of the largest one with the ratio of out_height : out_width.
Region centre_crop(double fraction, std::int64_t out_height, std::int64_t out_width,
                   std::int64_t height, std::int64_t width);

}  // namespace cogway_image
