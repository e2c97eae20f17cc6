// SPDX-License-Identifier: Apache-2.0
// image.normalize: levels to float32, (value * scale - mean) / std for each channel, in either
// layout.
#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "kernels.hpp"
#include "params.hpp"
#include "pixels.hpp"
#include "strips.hpp"

namespace cogway_image {
namespace {

constexpr std::int64_t kMostChannels = 64;

constexpr const char* kLayouts[] = {"chw", "hwc", nullptr};
enum Index : std::uint32_t { kMean, kStd, kScale, kLayout, kInputLayout };
const cogway_param_spec kParams[] = {
    floats_param("mean", "subtracted after scaling; one number or one a channel", 1, kMostChannels,
                 0, 0),
    floats_param("std", "what is then divided by; one number or one a channel", 1, kMostChannels,
                 1e-9, 1e9),
    float_param("scale", "factor first of all; 0: 1/255 for uint8, 1 for float32", 0, 1e9, 0.0),
    choice_param("layout", "order of the axes of the result", kLayouts, 0),
    choice_param("input_layout", "order of the axes of the input", kLayouts, 1)};

struct Plan {
  std::int64_t height = 0, width = 0, channels = 1;
  std::int64_t y_stride = 0, x_stride = 0, c_stride = 0;  ///< of the input, bytes
  bool floats = false;
  bool planar = true;
  float scale[kMostChannels] = {};
  float bias[kMostChannels] = {};
};

std::int32_t read_shape(const Call& call, Plan* p) {
  const cogway_view& view = call.input(0);
  p->floats = same(view.dtype, kFloat32);
  if (!p->floats && !same(view.dtype, kUint8)) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image must be uint8 or float32, not dtype code %u with %u bits",
                     unsigned{view.dtype.code}, unsigned{view.dtype.bits});
  }
  if (view.ndim != 2 && view.ndim != 3) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "image must have 2 or 3 axes, not %u", view.ndim);
  }
  const bool channels_first = view.ndim == 3 && call.integer(kInputLayout) == 0;
  const unsigned y = channels_first ? 1 : 0;
  p->height = view.shape[y];
  p->width = view.shape[y + 1];
  p->y_stride = view.strides[y];
  p->x_stride = view.strides[y + 1];
  if (view.ndim == 3) {
    p->channels = view.shape[channels_first ? 0 : 2];
    p->c_stride = view.strides[channels_first ? 0 : 2];
  }
  if (p->height < 1 || p->width < 1 || p->channels < 1 || p->channels > kMostChannels) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image of height %" PRId64 ", width %" PRId64 " and %" PRId64
                     " channels: there must be pixels, of 1 to %d channels",
                     p->height, p->width, p->channels, static_cast<int>(kMostChannels));
  }
  return COGWAY_OK;
}

std::int32_t read_plan(const Call& call, Plan* p) {
  if (const std::int32_t status = read_shape(call, p); status != COGWAY_OK) return status;
  p->planar = call.integer(kLayout) == 0;
  const cogway_value& mean = call.value(kMean);
  const cogway_value& deviation = call.value(kStd);
  for (const cogway_value* value : {&mean, &deviation}) {
    if (value->type != 0 && value->count != 1 && value->count != p->channels) {
      return call.fail(COGWAY_INVALID_ARGUMENT, "%s must have 1 or %d elements, not %u",
                       value == &mean ? "mean" : "std", static_cast<int>(p->channels),
                       value->count);
    }
  }
  double scale = call.real(kScale);
  if (scale == 0.0) scale = p->floats ? 1.0 : 1.0 / 255.0;
  for (std::uint32_t c = 0; c < p->channels; ++c) {
    const double m = mean.type == 0 ? 0.0 : mean.as.floats[mean.count == 1 ? 0 : c];
    const double s = deviation.type == 0 ? 1.0 : deviation.as.floats[deviation.count == 1 ? 0 : c];
    p->scale[c] = static_cast<float>(scale / s);
    p->bias[c] = static_cast<float>(-m / s);
  }
  return COGWAY_OK;
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  Plan p;
  if (const std::int32_t status = read_plan(call, &p); status != COGWAY_OK) return status;
  if (p.planar) {
    describe_image(outputs, kFloat32, p.channels, p.height, p.width);
  } else {
    describe_image(outputs, kFloat32, p.height, p.width, p.channels);
  }
  return COGWAY_OK;
}

void scale_row(const std::uint8_t* in, float scale, float bias, float* out, std::size_t n) {
  scale_bytes(in, scale, bias, out, n);
}
void scale_row(const float* in, float scale, float bias, float* out, std::size_t n) {
  scale_floats(in, scale, bias, out, n);
}
void scale_rgb_row(const std::uint8_t* in, const Plan& p, float* const* planes, std::size_t n) {
  scale_rgb_bytes(in, p.scale, p.bias, p.planar, planes, n);
}
void scale_rgb_row(const float* in, const Plan& p, float* const* planes, std::size_t n) {
  scale_rgb_floats(in, p.scale, p.bias, p.planar, planes, n);
}

/// Where element (y, 0, c) of the output lies.
float* place(const Plan& p, float* out, std::int64_t y, std::int64_t c) {
  return p.planar ? out + (c * p.height + y) * p.width : out + y * p.width * p.channels + c;
}

/// Elements may lie at any address in a view; the vector loops want theirs aligned.
template <typename T>
bool aligned(const std::uint8_t* row) {
  return reinterpret_cast<std::uintptr_t>(row) % alignof(T) == 0;
}

template <typename T>
void normalise_row(const Plan& p, const std::uint8_t* in, std::int64_t y, float* out) {
  constexpr auto kElement = static_cast<std::int64_t>(sizeof(T));
  const auto* const row = in + y * p.y_stride;
  const auto width = static_cast<std::size_t>(p.width);
  const bool packed_planes = p.x_stride == kElement && (p.planar || p.channels == 1) &&
                             aligned<T>(row) && p.c_stride % kElement == 0;
  if (packed_planes) {
    for (std::int64_t c = 0; c < p.channels; ++c) {
      scale_row(reinterpret_cast<const T*>(row + c * p.c_stride), p.scale[c], p.bias[c],
                place(p, out, y, c), width);
    }
    return;
  }
  if (p.channels == 3 && p.c_stride == kElement && p.x_stride == 3 * kElement && aligned<T>(row)) {
    float* const planes[3] = {place(p, out, y, 0), place(p, out, y, 1), place(p, out, y, 2)};
    scale_rgb_row(reinterpret_cast<const T*>(row), p, planes, width);
    return;
  }
  // Any other order of bytes: through blocks that stay in the nearest cache.
  constexpr std::int64_t kBlock = 256;
  T levels[kBlock];
  float values[kBlock];
  const std::int64_t step = p.planar ? 1 : p.channels;
  for (std::int64_t c = 0; c < p.channels; ++c) {
    float* const to = place(p, out, y, c);
    for (std::int64_t x0 = 0; x0 < p.width; x0 += kBlock) {
      const std::int64_t count = std::min(kBlock, p.width - x0);
      for (std::int64_t x = 0; x < count; ++x) {
        std::memcpy(&levels[x], row + (x0 + x) * p.x_stride + c * p.c_stride, sizeof(T));
      }
      scale_row(levels, p.scale[c], p.bias[c], values, static_cast<std::size_t>(count));
      for (std::int64_t x = 0; x < count; ++x) to[(x0 + x) * step] = values[x];
    }
  }
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  Plan p;
  if (const std::int32_t status = read_plan(call, &p); status != COGWAY_OK) return status;
  const std::int64_t row_elements = p.width * p.channels;
  if (const std::int32_t status =
          check_output(call, static_cast<std::uint64_t>(p.height * row_elements) * sizeof(float));
      status != COGWAY_OK) {
    return status;
  }
  const auto* const in = static_cast<const std::uint8_t*>(call.input(0).data);
  auto* const out = static_cast<float*>(call.output(0).data);
  return for_strips(call, p.height, row_elements * 8,
                    [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
                      for (std::int64_t y = begin; y < end; ++y) {
                        if (p.floats) {
                          normalise_row<float>(p, in, y, out);
                        } else {
                          normalise_row<std::uint8_t>(p, in, y, out);
                        }
                      }
                      return COGWAY_OK;
                    });
}

}  // namespace

const cogway_kernel kNormalizeKernel =
    kernel("image.normalize", "Turn levels into float32: (value * scale - mean) / std.",
           "pixels: u8 or f32[height, width(, channels)] -> f32[channels, height, width] or "
           "[height, width, channels]",
           kParams, describe, run);

}  // namespace cogway_image
