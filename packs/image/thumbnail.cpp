// SPDX-License-Identifier: Apache-2.0
// image.thumbnail: a JPEG in, a smaller JPEG out, upright, of the same shape.
#include <algorithm>
#include <cmath>

#include "cogway/kernel_abi.h"
#include "encode_params.hpp"
#include "image_view.hpp"
#include "jpeg_resample.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "params.hpp"

namespace cogway_image {
namespace {

// Decoded at no less than twice the size of the result: the filter that follows then hides what a
// scaled transform loses. Pillow's thumbnail() leaves as much.
constexpr std::int64_t kGap = 2;

enum Index : std::uint32_t { kSize, kQuality, kOrient = kQuality + 4, kAllowTruncated, kMaxPixels };
const cogway_param_spec kParams[] = {
    ints_param("size", "(height, width) that the result must fit in; one number for a square", 1, 2,
               1, kMaxSide, COGWAY_PARAM_REQUIRED),
    quality_param(85),
    subsampling_param(),
    progressive_param(),
    optimize_param(),
    bool_param("orient", "turn the image upright by its EXIF orientation", true),
    bool_param("allow_truncated", "keep what a damaged or truncated file gives", false),
    int_param("max_pixels", "refuse larger images", 1, 0xFFFF * 65535.0, kDefaultMaxPixels),
};

struct Size {
  std::int64_t height;
  std::int64_t width;
};

Size box_of(const Call& call) {
  const cogway_value& size = call.value(kSize);
  return {size.as.ints[0], size.as.ints[size.count == 2 ? 1 : 0]};
}

/// The whole number next to value whose ratio, as distance(n) says, is closer; at least 1.
template <typename Distance>
std::int64_t closer(double value, const Distance& distance) {
  const double low = std::floor(value);
  const double high = std::ceil(value);
  const double best = distance(high) < distance(low) ? high : low;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(best));
}

/// The largest size of the image's shape that fits the box; never larger than the image.
Size fit(const Size& image, const Size& box) {
  if (box.height >= image.height && box.width >= image.width) return image;
  const double ratio = static_cast<double>(image.width) / static_cast<double>(image.height);
  const auto h = static_cast<double>(box.height);
  const auto w = static_cast<double>(box.width);
  if (w / h >= ratio) {
    return {box.height, closer(h * ratio, [&](double n) { return std::abs(ratio - n / h); })};
  }
  const auto distance = [&](double n) { return n == 0.0 ? 0.0 : std::abs(ratio - w / n); };
  return {closer(w / ratio, distance), box.width};
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  if (const std::int32_t status = open_bytes(call, &data, &bytes); status != COGWAY_OK) {
    return status;
  }
  const Size box = box_of(call);
  describe_bytes(outputs, jpeg_bound(box.height, box.width, 3));
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  JpegResample request;
  if (const std::int32_t status = open_bytes(call, &request.data, &request.bytes);
      status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = read_jpeg_header(call, request.data, request.bytes,
                                                   call.integer(kMaxPixels), &request.header);
      status != COGWAY_OK) {
    return status;
  }
  const JpegHeader& header = request.header;
  const Orientation o =
      call.flag(kOrient) ? Orientation::from_exif(header.orientation) : Orientation{};
  Size upright{header.height, header.width};
  if (o.transpose) std::swap(upright.height, upright.width);
  const Size size = fit(upright, box_of(call));
  request.part = {0, 0, header.height, header.width};
  request.grayscale = header.components == 1;
  request.allow_truncated = call.flag(kAllowTruncated);
  request.scaled_decode_gap = kGap;

  PixelTarget target;
  target.height = o.transpose ? size.width : size.height;
  target.width = o.transpose ? size.height : size.width;
  target.channels = request.grayscale ? 1 : 3;
  const auto pixel_bytes = static_cast<std::size_t>(target.bytes());
  target.data = call.scratch(pixel_bytes);
  if (target.data == nullptr) return call.out_of_scratch(pixel_bytes);
  if (const std::int32_t status = resample_jpeg(call, request, target); status != COGWAY_OK) {
    return status;
  }
  auto* pixels = static_cast<std::uint8_t*>(target.data);
  if (!o.identity()) {
    pixels = call.scratch_of<std::uint8_t>(pixel_bytes);
    if (pixels == nullptr) return call.out_of_scratch(pixel_bytes);
    place_target(o, target, pixels);
  }
  const EncoderRows rows{pixels, size.width * target.channels, size.height, size.width,
                         target.channels};
  std::size_t written = 0;
  if (const std::int32_t status = JpegEncoder::of_thread().encode(
          call, rows, read_encode_options(call, kQuality),
          static_cast<std::uint8_t*>(call.output(0).data),
          static_cast<std::size_t>(call.output(0).nbytes), &written);
      status != COGWAY_OK) {
    return status;
  }
  const auto shape = static_cast<std::int64_t>(written);
  return call.set_output_shape(0, &shape, 1);
}

}  // namespace

const cogway_kernel kThumbnailKernel =
    kernel("image.thumbnail", "Shrink a JPEG into a box, keeping its shape, and encode it again.",
           "jpeg: u8[n] -> jpeg: u8[m]", kParams, describe, run);

}  // namespace cogway_image
