// SPDX-License-Identifier: Apache-2.0
// image.decode: a JPEG's pixels, or those of a box of it, at full size or at 1/2, 1/4, 1/8.
#include <algorithm>
#include <cinttypes>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "jpeg_decoder.hpp"
#include "kernels.hpp"
#include "orientation.hpp"
#include "params.hpp"

namespace cogway_image {
namespace {

constexpr std::int64_t kStripRows = 16;

constexpr const char* kColors[] = {"rgb", "gray", nullptr};

enum Index : std::uint32_t { kColor, kScale, kSize, kCrop, kOrient, kAllowTruncated, kMaxPixels };

const cogway_param_spec kParams[] = {
    choice_param("color", "channels of the result; gray has no channel axis", kColors, 0),
    int_param("scale", "decode at 1/scale of the size: 1, 2, 4 or 8", 1, 8, 1),
    ints_param("size",
               "(height, width): decode at the smallest scale whose result is no smaller than this",
               2, 2, 1, kMaxSide),
    ints_param("crop", "(top, left, height, width): the part to decode, in pixels at full size", 4,
               4, 0, kMaxSide),
    bool_param("orient", "turn the image upright by its EXIF orientation", true),
    bool_param("allow_truncated", "keep what a damaged or truncated file gives", false),
    int_param("max_pixels", "refuse larger images", 1, 0xFFFF * 65535.0, kDefaultMaxPixels),
};

/// What a call comes to, by parameters and header.
struct Plan {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  JpegHeader header;
  Orientation orientation;
  int denominator = 1;
  Region stored;            ///< at full size, as stored
  std::int64_t height = 0;  ///< of the result
  std::int64_t width = 0;
  std::int64_t channels = 3;
};

/// A box of the stored image in pixels of the scaled one: whatever it touches.
Region scaled(const Region& r, int d) {
  const std::int64_t y = r.y / d;
  const std::int64_t x = r.x / d;
  return {y, x, scaled_length(r.y + r.height, d) - y, scaled_length(r.x + r.width, d) - x};
}

std::int32_t read_crop(const Call& call, std::int64_t height, std::int64_t width, Region* crop) {
  *crop = {0, 0, height, width};
  if (!call.given(kCrop)) return COGWAY_OK;
  const std::int64_t* const box = call.value(kCrop).as.ints;
  *crop = {box[0], box[1], box[2], box[3]};
  if (crop->height < 1 || crop->width < 1 || crop->y + crop->height > height ||
      crop->x + crop->width > width) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "crop (top %" PRId64 ", left %" PRId64 ", height %" PRId64 ", width %" PRId64
                     ") does not lie in the image of %" PRId64 "x%" PRId64 " (height x width)",
                     box[0], box[1], box[2], box[3], height, width);
  }
  return COGWAY_OK;
}

std::int32_t choose_scale(const Call& call, Plan* plan) {
  plan->denominator = static_cast<int>(call.integer(kScale));
  if (plan->denominator != 1 && plan->denominator != 2 && plan->denominator != 4 &&
      plan->denominator != 8) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "scale must be 1, 2, 4 or 8, not %d",
                     plan->denominator);
  }
  if (!call.given(kSize)) return COGWAY_OK;
  if (plan->denominator != 1) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "scale and size exclude each other");
  }
  const std::int64_t* const size = call.value(kSize).as.ints;
  const std::int64_t height = plan->orientation.transpose ? size[1] : size[0];
  const std::int64_t width = plan->orientation.transpose ? size[0] : size[1];
  for (const int d : {8, 4, 2}) {
    const Region r = scaled(plan->stored, d);
    if (r.height >= height && r.width >= width) {
      plan->denominator = d;
      break;
    }
  }
  return COGWAY_OK;
}

std::int32_t make_plan(const Call& call, Plan* plan) {
  if (const std::int32_t status = open_bytes(call, &plan->data, &plan->bytes);
      status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status =
          read_jpeg_header(call, plan->data, plan->bytes, call.integer(kMaxPixels), &plan->header);
      status != COGWAY_OK) {
    return status;
  }
  const JpegHeader& header = plan->header;
  if (call.flag(kOrient)) plan->orientation = Orientation::from_exif(header.orientation);
  const bool turned = plan->orientation.transpose;
  Region crop;
  if (const std::int32_t status = read_crop(call, turned ? header.width : header.height,
                                            turned ? header.height : header.width, &crop);
      status != COGWAY_OK) {
    return status;
  }
  plan->stored = plan->orientation.to_stored(crop, header.height, header.width);
  if (const std::int32_t status = choose_scale(call, plan); status != COGWAY_OK) return status;
  const Region region = scaled(plan->stored, plan->denominator);
  plan->height = turned ? region.width : region.height;
  plan->width = turned ? region.height : region.width;
  plan->channels = call.integer(kColor) == 1 ? 1 : 3;
  return COGWAY_OK;
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = make_plan(call, &plan); status != COGWAY_OK) return status;
  describe_image(outputs, kUint8, plan.height, plan.width, plan.channels == 1 ? 0 : plan.channels);
  return COGWAY_OK;
}

struct Closer {
  JpegDecoder& decoder;
  ~Closer() { decoder.close(); }
};

std::int32_t decode(const Call& call, const Plan& plan) {
  JpegDecoder& decoder = JpegDecoder::of_thread();
  const Region region = scaled(plan.stored, plan.denominator);
  const JpegDecoder::Options options{plan.denominator, plan.channels == 1,
                                     call.flag(kAllowTruncated)};
  if (const std::int32_t status =
          decoder.open(call, plan.data, plan.bytes, plan.header, options, region);
      status != COGWAY_OK) {
    return status;
  }
  const Closer closer{decoder};
  auto* const out = static_cast<std::uint8_t*>(call.output(0).data);
  const std::int64_t out_row = region.width * plan.channels;
  // Rows that are already what the output holds are decoded where they belong.
  const bool direct = plan.orientation.identity() && decoder.row_bytes() == out_row;
  std::uint8_t* strip = out;
  if (!direct) {
    const auto bytes = static_cast<std::size_t>(kStripRows * decoder.row_bytes());
    strip = call.scratch_of<std::uint8_t>(bytes);
    if (strip == nullptr) return call.out_of_scratch(bytes);
  }
  for (std::int64_t y = 0; y < region.height; y += kStripRows) {
    const std::int64_t rows = std::min(kStripRows, region.height - y);
    std::uint8_t* targets[kStripRows];
    for (std::int64_t i = 0; i < rows; ++i) {
      targets[i] = strip + (direct ? y + i : i) * decoder.row_bytes();
    }
    if (const std::int32_t status = decoder.read_rows(targets, rows); status != COGWAY_OK) {
      return status;
    }
    if (!direct) {
      place_rows(plan.orientation, strip + decoder.offset(), decoder.row_bytes(), y, rows,
                 region.height, region.width, plan.channels, out);
    }
  }
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = make_plan(call, &plan); status != COGWAY_OK) return status;
  const cogway_view& out = call.output(0);
  if (out.ndim < 2 || out.shape[0] != plan.height || out.shape[1] != plan.width) {
    return call.fail(COGWAY_FAILED_PRECONDITION, "JPEG changed between the call and its execution");
  }
  const auto bytes = static_cast<std::uint64_t>(plan.height * plan.width * plan.channels);
  if (const std::int32_t status = check_output(call, bytes); status != COGWAY_OK) return status;
  return decode(call, plan);
}

}  // namespace

const cogway_kernel kDecodeKernel =
    kernel("image.decode", "Decode a JPEG into uint8 pixels.",
           "jpeg: u8[n] -> u8[height, width, 3], or u8[height, width] for color=\"gray\"", kParams,
           describe, run);

}  // namespace cogway_image
