// SPDX-License-Identifier: Apache-2.0
#include "sample_params.hpp"

namespace cogway_image {
namespace {

constexpr double kDefaultScale[] = {0.08, 1.0};
constexpr double kDefaultRatio[] = {3.0 / 4.0, 4.0 / 3.0};
constexpr const char* kCrops[] = {"random", "center", "none", nullptr};
constexpr const char* kInterpolations[] = {"bilinear", "nearest", nullptr};
constexpr const char* kDtypes[] = {"float32", "uint8", nullptr};
constexpr const char* kLayouts[] = {"chw", "hwc", nullptr};
constexpr const char* kColors[] = {"rgb", "gray", nullptr};

enum Index : std::uint32_t {
  kSize,
  kCrop,
  kScale,
  kRatio,
  kCenterFraction,
  kFlip,
  kInterpolation,
  kAntialias,
  kMean,
  kStd,
  kDtype,
  kLayout,
  kColor,
  kSeed,
  kEpoch,
  kIndex,
  kOrient,
  kScaledDecode,
  kAllowTruncated,
  kMaxPixels
};

std::int32_t read_crop(const Call& call, SampleParams* p) {
  p->crop = static_cast<CropKind>(call.integer(kCrop));
  const double* const scale = call.value(kScale).as.floats;
  const double* const ratio = call.value(kRatio).as.floats;
  p->law = {scale[0], scale[1], ratio[0], ratio[1]};
  // Written so that a NaN fails, too.
  if (!(p->law.scale_low > 0.0 && p->law.scale_low <= p->law.scale_high)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "scale must be (low, high), not (%g, %g)", scale[0],
                     scale[1]);
  }
  if (!(p->law.ratio_low > 0.0 && p->law.ratio_low <= p->law.ratio_high)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "ratio must be (low, high), not (%g, %g)", ratio[0],
                     ratio[1]);
  }
  p->centre_fraction = call.real(kCenterFraction);
  p->flip = call.real(kFlip);
  if (!(p->centre_fraction > 0.0)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "center_fraction must be in (0, 1]");
  }
  return COGWAY_OK;
}

std::int32_t read_normalisation(const Call& call, SampleParams* p) {
  const cogway_value& mean = call.value(kMean);
  const cogway_value& deviation = call.value(kStd);
  const auto channels = static_cast<std::uint32_t>(p->channels());
  if (!p->floats && (mean.type != 0 || deviation.type != 0)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "mean and std need dtype=\"float32\"");
  }
  for (const cogway_value* value : {&mean, &deviation}) {
    if (value->type != 0 && value->count != 1 && value->count != channels) {
      return call.fail(COGWAY_INVALID_ARGUMENT, "%s must have 1 or %u elements, not %u",
                       value == &mean ? "mean" : "std", channels, value->count);
    }
  }
  for (std::uint32_t c = 0; c < channels; ++c) {
    const double m = mean.type == 0 ? 0.0 : mean.as.floats[mean.count == 1 ? 0 : c];
    const double s = deviation.type == 0 ? 1.0 : deviation.as.floats[deviation.count == 1 ? 0 : c];
    p->scale[c] = static_cast<float>(1.0 / (255.0 * s));
    p->bias[c] = static_cast<float>(-m / s);
  }
  return COGWAY_OK;
}

}  // namespace

const cogway_param_spec kSampleParams[kSampleParamCount] = {
    ints_param("size", "(height, width) of the sample; one number for a square", 1, 2, 1, kMaxSide,
               COGWAY_PARAM_REQUIRED),
    choice_param("crop", "the part of the image: a random one, the central one, or all of it",
                 kCrops, 0),
    floats_param("scale", "random crop: least and greatest share of the image's area", 2, 2, 1e-6,
                 1.0, kDefaultScale, 2),
    floats_param("ratio", "random crop: least and greatest width / height", 2, 2, 0.01, 100.0,
                 kDefaultRatio, 2),
    float_param("center_fraction",
                "center crop: its share of the side of the largest part of the sample's ratio",
                1e-3, 1.0, 1.0),
    float_param("flip", "probability of a horizontal flip", 0.0, 1.0, 0.0),
    choice_param("interpolation", "how pixels are resized", kInterpolations, 0),
    bool_param("antialias", "bilinear: filter as wide as an output pixel, as Pillow does", true),
    floats_param("mean", "subtracted from levels of 0 to 1; one number or one a channel", 1, 3, 0,
                 0),
    floats_param("std", "what they are then divided by; one number or one a channel", 1, 3, 1e-9,
                 1e9),
    choice_param("dtype", "element type of the sample", kDtypes, 0),
    choice_param("layout", "order of the axes", kLayouts, 0),
    choice_param("color", "channels of the sample", kColors, 0),
    int_param("seed", "the run's random seed", 0, 0, 0),
    int_param("epoch", "the pass over the data", 0, 4294967295.0, 0),
    int_param("index", "the sample's number in the data", 0, 0, 0),
    bool_param("orient", "turn the image upright by its EXIF orientation", true),
    bool_param("scaled_decode",
               "decode at 1/2, 1/4 or 1/8 of the size where that is still large enough", true),
    bool_param("allow_truncated", "keep what a damaged or truncated file gives", false),
    int_param("max_pixels", "refuse larger images", 1, 0xFFFF * 65535.0, kDefaultMaxPixels),
};

std::int32_t read_sample_params(const Call& call, SampleParams* p) {
  const cogway_value& size = call.value(kSize);
  p->height = size.as.ints[0];
  p->width = size.as.ints[size.count == 2 ? 1 : 0];
  const bool nearest = call.integer(kInterpolation) == 1;
  p->filter = nearest                 ? Filter::nearest
              : call.flag(kAntialias) ? Filter::antialiased
                                      : Filter::bilinear;
  p->floats = call.integer(kDtype) == 0;
  p->planar = call.integer(kLayout) == 0;
  p->grayscale = call.integer(kColor) == 1;
  p->seed = call.integer(kSeed);
  p->epoch = call.integer(kEpoch);
  p->index = call.integer(kIndex);
  p->orient = call.flag(kOrient);
  p->scaled_decode = call.flag(kScaledDecode);
  p->allow_truncated = call.flag(kAllowTruncated);
  p->max_pixels = call.integer(kMaxPixels);
  if (const std::int32_t status = read_crop(call, p); status != COGWAY_OK) return status;
  return read_normalisation(call, p);
}

}  // namespace cogway_image
