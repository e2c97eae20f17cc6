// SPDX-License-Identifier: Apache-2.0
// image.rotate: turns an image by any angle about its centre, as Pillow's Image.rotate does.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "params.hpp"
#include "random.hpp"
#include "strips.hpp"

namespace cogway_image {
namespace {

constexpr int kPlaceBits = 32;     // fixed point of a place in the input
constexpr int kFractionBits = 11;  // of it, for blending: 8 + 2 * 11 bits and a sign fit 32

constexpr const char* kInterpolations[] = {"bilinear", "nearest", nullptr};
constexpr double kBlack[] = {0.0};
enum Index : std::uint32_t {
  kAngle,
  kJitter,
  kInterpolation,
  kExpand,
  kFill,
  kSeed,
  kEpoch,
  kIndex
};
const cogway_param_spec kParams[] = {
    float_param("angle", "degrees, counterclockwise", -1e6, 1e6, 0.0),
    float_param("jitter", "add a random angle from [-jitter, jitter)", 0.0, 1e6, 0.0),
    choice_param("interpolation", "how pixels are made", kInterpolations, 0),
    bool_param("expand", "make the result large enough for the whole turned image", false),
    floats_param("fill", "level outside of the image; one number or one a channel", 1, 4, 0.0,
                 255.0, kBlack, 1),
    int_param("seed", "the run's random seed", 0, 0, 0),
    int_param("epoch", "the pass over the data", 0, 4294967295.0, 0),
    int_param("index", "the sample's number in the data", 0, 0, 0)};

struct Plan {
  ImageView image;
  std::int64_t height = 0;
  std::int64_t width = 0;
  int quarter_turns = -1;  ///< counterclockwise, when that is all
  double m[6] = {};        ///< input x = m0 x + m1 y + m2, y = m3 x + m4 y + m5
  std::uint8_t fill[kMaxChannels] = {};
};

double rounded(double value) { return std::round(value * 1e15) / 1e15; }

void turn_freely(double degrees, bool expand, Plan* plan) {
  const double t = degrees * (3.14159265358979323846 / 180.0);
  const auto w = static_cast<double>(plan->image.width);
  const auto h = static_cast<double>(plan->image.height);
  double* const m = plan->m;
  m[0] = m[4] = rounded(std::cos(t));
  m[1] = rounded(-std::sin(t));
  m[3] = rounded(std::sin(t));
  m[2] = w / 2 - (m[0] * w / 2 + m[1] * h / 2);
  m[5] = h / 2 - (m[3] * w / 2 + m[4] * h / 2);
  plan->height = plan->image.height;
  plan->width = plan->image.width;
  if (!expand) return;
  const double corners[4][2] = {{0, 0}, {w, 0}, {w, h}, {0, h}};
  double low[2] = {1e300, 1e300};
  double high[2] = {-1e300, -1e300};
  for (const auto& corner : corners) {
    for (int axis = 0; axis < 2; ++axis) {
      const double* const row = m + 3 * axis;
      const double v = row[0] * corner[0] + row[1] * corner[1] + row[2];
      low[axis] = std::min(low[axis], v);
      high[axis] = std::max(high[axis], v);
    }
  }
  plan->width = static_cast<std::int64_t>(std::ceil(high[0]) - std::floor(low[0]));
  plan->height = static_cast<std::int64_t>(std::ceil(high[1]) - std::floor(low[1]));
  const double dx = (static_cast<double>(plan->width) - w) / 2;
  const double dy = (static_cast<double>(plan->height) - h) / 2;
  m[2] -= m[0] * dx + m[1] * dy;
  m[5] -= m[3] * dx + m[4] * dy;
}

std::int32_t make_plan(const Call& call, Plan* plan) {
  double degrees = call.real(kAngle);
  if (call.real(kJitter) > 0.0) {
    Random random(call.integer(kSeed), call.integer(kEpoch), call.integer(kIndex),
                  RandomOperation::rotate);
    degrees += random.uniform(-call.real(kJitter), call.real(kJitter));
  }
  degrees = std::fmod(degrees, 360.0);
  if (degrees < 0) degrees += 360.0;
  if (!(degrees >= 0.0 && degrees <= 360.0)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "angle must be a number of degrees");
  }
  const cogway_value& fill = call.value(kFill);
  if (fill.count != 1 && fill.count != plan->image.channels) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "fill must have 1 or %d elements, not %u",
                     static_cast<int>(plan->image.channels), fill.count);
  }
  for (std::uint32_t c = 0; c < kMaxChannels; ++c) {
    const double level = fill.as.floats[c < fill.count ? c : 0];
    plan->fill[c] = static_cast<std::uint8_t>(std::lround(level));
  }
  const bool expand = call.flag(kExpand);
  const bool fits = expand || plan->image.height == plan->image.width;
  const double quarters = degrees / 90.0;
  const int turns = static_cast<int>(quarters);
  if (static_cast<double>(turns) == quarters && (turns % 2 == 0 || fits)) {
    plan->quarter_turns = turns % 4;
    plan->height = turns % 2 == 0 ? plan->image.height : plan->image.width;
    plan->width = turns % 2 == 0 ? plan->image.width : plan->image.height;
    return COGWAY_OK;
  }
  turn_freely(degrees, expand, plan);
  return COGWAY_OK;
}

/// A place in the input, in fixed point.
struct Place {
  std::int64_t x;
  std::int64_t y;
};

std::int64_t fixed(double v) { return static_cast<std::int64_t>(std::floor(v * 0x1p32)); }

bool inside(const ImageView& image, const Place& at) {
  return at.x >= 0 && at.y >= 0 && (at.x >> kPlaceBits) < image.width &&
         (at.y >> kPlaceBits) < image.height;
}

template <int kChannels>
void nearest_pixel(const ImageView& image, const Place& at, std::uint8_t* out) {
  const std::uint8_t* const from = image.row(at.y >> kPlaceBits) + (at.x >> kPlaceBits) * kChannels;
  std::memcpy(out, from, kChannels);
}

template <int kChannels>
void blended_pixel(const ImageView& image, const Place& at, std::uint8_t* out) {
  constexpr std::int64_t kHalf = std::int64_t{1} << (kPlaceBits - 1);
  constexpr std::int32_t kOne = 1 << kFractionBits;
  const std::int64_t x = at.x - kHalf;
  const std::int64_t y = at.y - kHalf;
  const std::int64_t column = x >> kPlaceBits;
  const std::int64_t line = y >> kPlaceBits;
  const auto fx = static_cast<std::int32_t>((x >> (kPlaceBits - kFractionBits)) & (kOne - 1));
  const auto fy = static_cast<std::int32_t>((y >> (kPlaceBits - kFractionBits)) & (kOne - 1));
  const std::int64_t left = std::max<std::int64_t>(column, 0) * kChannels;
  const std::int64_t right = std::min(column + 1, image.width - 1) * kChannels;
  const std::uint8_t* const above = image.row(std::max<std::int64_t>(line, 0));
  const std::uint8_t* const below = image.row(std::min(line + 1, image.height - 1));
  for (int c = 0; c < kChannels; ++c) {
    const std::int32_t a = above[left + c] * (kOne - fx) + above[right + c] * fx;
    const std::int32_t b = below[left + c] * (kOne - fx) + below[right + c] * fx;
    const std::int32_t v = a * (kOne - fy) + b * fy;
    out[c] = static_cast<std::uint8_t>((v + (1 << (2 * kFractionBits - 1))) >> (2 * kFractionBits));
  }
}

template <int kChannels>
void turn_rows(const Plan& plan, bool nearest, std::int64_t begin, std::int64_t end,
               std::uint8_t* out) {
  const std::int64_t step_x = fixed(plan.m[0]);
  const std::int64_t step_y = fixed(plan.m[3]);
  for (std::int64_t y = begin; y < end; ++y) {
    const double centre = static_cast<double>(y) + 0.5;
    Place at{fixed(plan.m[0] * 0.5 + plan.m[1] * centre + plan.m[2]),
             fixed(plan.m[3] * 0.5 + plan.m[4] * centre + plan.m[5])};
    std::uint8_t* to = out + y * plan.width * kChannels;
    for (std::int64_t x = 0; x < plan.width; ++x, to += kChannels) {
      if (!inside(plan.image, at)) {
        std::memcpy(to, plan.fill, kChannels);
      } else if (nearest) {
        nearest_pixel<kChannels>(plan.image, at, to);
      } else {
        blended_pixel<kChannels>(plan.image, at, to);
      }
      at.x += step_x;
      at.y += step_y;
    }
  }
}

void turn_rows(const Plan& plan, bool nearest, std::int64_t begin, std::int64_t end,
               std::uint8_t* out) {
  switch (plan.image.channels) {
    case 1:
      return turn_rows<1>(plan, nearest, begin, end, out);
    case 2:
      return turn_rows<2>(plan, nearest, begin, end, out);
    case 3:
      return turn_rows<3>(plan, nearest, begin, end, out);
    default:
      return turn_rows<4>(plan, nearest, begin, end, out);
  }
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = check_image(call, true, &plan.image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = make_plan(call, &plan); status != COGWAY_OK) return status;
  describe_image(outputs, kUint8, plan.height, plan.width,
                 plan.image.has_channel_axis ? plan.image.channels : 0);
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = open_image(call, true, &plan.image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = make_plan(call, &plan); status != COGWAY_OK) return status;
  const std::int64_t row = plan.width * plan.image.channels;
  if (const std::int32_t status = check_output(call, static_cast<std::uint64_t>(plan.height * row));
      status != COGWAY_OK) {
    return status;
  }
  auto* const out = static_cast<std::uint8_t*>(call.output(0).data);
  const ImageView& image = plan.image;
  if (plan.quarter_turns >= 0) {
    // Counterclockwise by 90, 180, 270 degrees: EXIF orientations 8, 3 and 6.
    constexpr std::int32_t kOrientations[] = {1, 8, 3, 6};
    const Orientation turn = Orientation::from_exif(kOrientations[plan.quarter_turns]);
    return for_strips(call, image.height, 2 * image.row_bytes(),
                      [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
                        place_rows(turn, image.row(begin), image.row_stride, begin, end - begin,
                                   image.height, image.width, image.pixel_bytes(), out);
                        return COGWAY_OK;
                      });
  }
  const bool nearest = call.integer(kInterpolation) == 1;
  return for_strips(call, plan.height, 2 * row,
                    [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
                      turn_rows(plan, nearest, begin, end, out);
                      return COGWAY_OK;
                    });
}

}  // namespace

const cogway_kernel kRotateKernel =
    kernel("image.rotate", "Turn an image counterclockwise by any angle about its centre.",
           "pixels: u8[height, width(, channels)] -> u8[height', width'(, channels)]", kParams,
           describe, run);

}  // namespace cogway_image
