// SPDX-License-Identifier: Apache-2.0
#pragma once
// The parameters of image.sample: their declaration, and a call's values checked against each
// other.

#include <cstdint>

#include "axis.hpp"
#include "call.hpp"
#include "crop_choice.hpp"
#include "params.hpp"

namespace cogway_image {

inline constexpr std::uint32_t kSampleParamCount = 20;
extern const cogway_param_spec kSampleParams[kSampleParamCount];

enum class CropKind : std::int64_t { random = 0, centre = 1, none = 2 };

struct SampleParams {
  std::int64_t height = 0;
  std::int64_t width = 0;
  CropKind crop = CropKind::random;
  CropLaw law;
  double centre_fraction = 1.0;
  double flip = 0.0;
  Filter filter = Filter::antialiased;
  bool floats = true;
  bool planar = true;
  bool grayscale = false;
  float scale[4] = {};  ///< of a level of 0 to 255
  float bias[4] = {};
  std::int64_t seed = 0;
  std::int64_t epoch = 0;
  std::int64_t index = 0;
  bool orient = true;
  bool scaled_decode = true;
  bool allow_truncated = false;
  std::int64_t max_pixels = 0;

  [[nodiscard]] std::int64_t channels() const noexcept { return grayscale ? 1 : 3; }
};

std::int32_t read_sample_params(const Call& call, SampleParams* params);

}  // namespace cogway_image
