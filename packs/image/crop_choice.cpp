// SPDX-License-Identifier: Apache-2.0
#include "crop_choice.hpp"

#include <algorithm>
#include <cmath>

namespace cogway_image {
namespace {

/// As Python's round(): halves to even.
std::int64_t rounded(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }

Region centred(std::int64_t crop_height, std::int64_t crop_width, std::int64_t height,
               std::int64_t width) {
  const std::int64_t h = std::clamp<std::int64_t>(crop_height, 1, height);
  const std::int64_t w = std::clamp<std::int64_t>(crop_width, 1, width);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

}  // namespace

Region random_crop(Random& random, const CropLaw& law, std::int64_t height, std::int64_t width) {
  const double area = static_cast<double>(height) * static_cast<double>(width);
  const double log_low = std::log(law.ratio_low);
  const double log_high = std::log(law.ratio_high);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(law.scale_low, law.scale_high);
    const double ratio = std::exp(random.uniform(log_low, log_high));
    const std::int64_t w = rounded(std::sqrt(target * ratio));
    const std::int64_t h = rounded(std::sqrt(target / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const std::int64_t y = random.below(height - h + 1);
    const std::int64_t x = random.below(width - w + 1);
    return {y, x, h, w};
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  if (ratio < law.ratio_low) {
    return centred(rounded(static_cast<double>(width) / law.ratio_low), width, height, width);
  }
  if (ratio > law.ratio_high) {
    return centred(height, rounded(static_cast<double>(height) * law.ratio_high), height, width);
  }
  return {0, 0, height, width};
}

Region centre_crop(double fraction, std::int64_t out_height, std::int64_t out_width,
                   std::int64_t height, std::int64_t width) {
  const double scale = std::min(static_cast<double>(height) / static_cast<double>(out_height),
                                static_cast<double>(width) / static_cast<double>(out_width));
  return centred(rounded(fraction * scale * static_cast<double>(out_height)),
                 rounded(fraction * scale * static_cast<double>(out_width)), height, width);
}

}  // namespace cogway_image
