// SPDX-License-Identifier: Apache-2.0
// image.sample: a training sample in one pass. The crop is chosen from the header; of the file only
// what lies in it is decoded, at the smallest scale that is still large enough, and finished
// elements are written straight into the output.
#include <algorithm>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "jpeg_resample.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "resizer.hpp"
#include "sample_params.hpp"

namespace cogway_image {
namespace {

/// The crop of an upright image and whether it is mirrored: all that is random in a sample.
struct Choice {
  Region crop;
  bool mirror = false;
};

Choice choose(const SampleParams& p, std::int64_t height, std::int64_t width) {
  Choice choice{{0, 0, height, width}, false};
  if (p.crop == CropKind::random) {
    Random random(p.seed, p.epoch, p.index, RandomOperation::crop);
    choice.crop = random_crop(random, p.law, height, width);
  } else if (p.crop == CropKind::centre) {
    choice.crop = centre_crop(p.centre_fraction, p.height, p.width, height, width);
  }
  Random random(p.seed, p.epoch, p.index, RandomOperation::flip);
  choice.mirror = random.uniform() < p.flip;
  return choice;
}

PixelTarget target_of(const Call& call, const SampleParams& p) {
  PixelTarget target;
  target.data = call.output(0).data;
  target.height = p.height;
  target.width = p.width;
  target.channels = p.channels();
  target.floats = p.floats;
  target.planar = p.planar;
  std::copy(p.scale, p.scale + 4, target.scale);
  std::copy(p.bias, p.bias + 4, target.bias);
  return target;
}

std::int32_t sample_pixels(const Call& call, const SampleParams& p) {
  ImageView image;
  if (const std::int32_t status = open_image(call, true, &image); status != COGWAY_OK) {
    return status;
  }
  const Choice choice = choose(p, image.height, image.width);
  const ResizeRequest request{choice.crop.height,
                              choice.crop.width,
                              image.channels,
                              0.0,
                              static_cast<double>(choice.crop.height),
                              0.0,
                              static_cast<double>(choice.crop.width),
                              p.filter,
                              choice.mirror};
  Resizer resizer;
  const PixelTarget target = target_of(call, p);
  if (const std::int32_t status = resizer.prepare(call, request, target); status != COGWAY_OK) {
    return status;
  }
  RowSource source;
  source.base = image.row(choice.crop.y) + choice.crop.x * image.channels;
  source.stride = image.row_stride;
  void* const workspace = call.scratch(resizer.workspace_bytes());
  if (workspace == nullptr) return call.out_of_scratch(resizer.workspace_bytes());
  return resizer.resize_rows(call, source, 0, p.height, workspace);
}

std::int32_t sample_jpeg(const Call& call, const SampleParams& p) {
  JpegResample request;
  if (const std::int32_t status = open_bytes(call, &request.data, &request.bytes);
      status != COGWAY_OK) {
    return status;
  }
  const JpegHeader& header = request.header;
  if (const std::int32_t status =
          read_jpeg_header(call, request.data, request.bytes, p.max_pixels, &request.header);
      status != COGWAY_OK) {
    return status;
  }
  const Orientation o = p.orient ? Orientation::from_exif(header.orientation) : Orientation{};
  const Choice choice =
      o.transpose ? choose(p, header.width, header.height) : choose(p, header.height, header.width);
  request.part = o.to_stored(choice.crop, header.height, header.width);
  request.filter = p.filter;
  request.grayscale = p.grayscale;
  request.allow_truncated = p.allow_truncated;
  request.scaled_decode_gap = p.scaled_decode ? 1 : 0;
  PixelTarget target = target_of(call, p);
  if (!o.transpose) {
    target.flip_rows = o.flip_y;
    request.mirror = o.flip_x != choice.mirror;
    return resample_jpeg(call, request, target);
  }
  // Stored rows are upright columns: a mirrored sample takes them from the other end.
  std::swap(target.height, target.width);
  target.flip_rows = o.flip_y != choice.mirror;
  request.mirror = o.flip_x;
  const auto sample_bytes = static_cast<std::size_t>(target.bytes());
  target.data = call.scratch(sample_bytes);
  if (target.data == nullptr) return call.out_of_scratch(sample_bytes);
  const std::int32_t status = resample_jpeg(call, request, target);
  if (status == COGWAY_OK) {
    place_target({true, false, false}, target, static_cast<std::uint8_t*>(call.output(0).data));
  }
  return status;
}

bool is_encoded(const Call& call) { return call.input(0).ndim == 1; }

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  SampleParams p;
  if (const std::int32_t status = read_sample_params(call, &p); status != COGWAY_OK) return status;
  if (is_encoded(call)) {
    const std::uint8_t* data = nullptr;
    std::size_t bytes = 0;
    if (const std::int32_t status = open_bytes(call, &data, &bytes); status != COGWAY_OK) {
      return status;
    }
  } else {
    ImageView image;
    if (const std::int32_t status = check_image(call, true, &image); status != COGWAY_OK) {
      return status;
    }
    if (image.channels != p.channels()) {
      return call.fail(COGWAY_INVALID_ARGUMENT,
                       "color=\"%s\" needs an image of %d channels, not %d",
                       p.grayscale ? "gray" : "rgb", static_cast<int>(p.channels()),
                       static_cast<int>(image.channels));
    }
  }
  const cogway_dtype dtype = p.floats ? kFloat32 : kUint8;
  if (p.planar) {
    describe_image(outputs, dtype, p.channels(), p.height, p.width);
  } else {
    describe_image(outputs, dtype, p.height, p.width, p.channels());
  }
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  SampleParams p;
  if (const std::int32_t status = read_sample_params(call, &p); status != COGWAY_OK) return status;
  const auto bytes =
      static_cast<std::uint64_t>(p.height * p.width * p.channels() * (p.floats ? 4 : 1));
  if (const std::int32_t status = check_output(call, bytes); status != COGWAY_OK) return status;
  return is_encoded(call) ? sample_jpeg(call, p) : sample_pixels(call, p);
}

}  // namespace

const cogway_kernel kSampleKernel = kernel(
    "image.sample", "Make a training sample: decode, crop, resize, flip, normalise in one pass.",
    "jpeg: u8[n] or pixels: u8[height, width, channels] -> f32 or u8[channels, height, width] "
    "or [height, width, channels]",
    kSampleParams, describe, run);

}  // namespace cogway_image
