// SPDX-License-Identifier: Apache-2.0
// image.grayscale: luma of RGB pixels.
#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "kernels.hpp"
#include "params.hpp"
#include "pixels.hpp"
#include "strips.hpp"

namespace cogway_image {
namespace {

/// A result of this size, with three or four times as much read for it, has left the processor's
/// own caches before it is complete.
constexpr std::int64_t kPastCacheBytes = std::int64_t{4} << 20;

enum Index : std::uint32_t { kKeepAxis };
const cogway_param_spec kParams[] = {
    bool_param("keep_axis", "give [height, width, 1] instead of [height, width]", false)};

std::int32_t check(const Call& call, const ImageView& image) {
  if (image.channels == 3 || image.channels == 4) return COGWAY_OK;
  return call.fail(COGWAY_INVALID_ARGUMENT,
                   "image must have 3 channels (RGB) or 4 (RGB and one that is ignored), not %d",
                   static_cast<int>(image.channels));
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = check_image(call, true, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = check(call, image); status != COGWAY_OK) return status;
  describe_image(outputs, kUint8, image.height, image.width, call.flag(kKeepAxis) ? 1 : 0);
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = open_image(call, true, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = check(call, image); status != COGWAY_OK) return status;
  const std::int64_t width = image.width;
  if (const std::int32_t status =
          check_output(call, static_cast<std::uint64_t>(image.height * width));
      status != COGWAY_OK) {
    return status;
  }
  auto* const out = static_cast<std::uint8_t*>(call.output(0).data);
  const auto channels = static_cast<std::size_t>(image.channels);
  const bool past_cache = image.height * width >= kPastCacheBytes;
  const bool joined = image.row_stride == image.row_bytes();
  return for_strips(call, image.height, width * (image.channels + 1),
                    [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
                      // Rows that follow one another are one long row.
                      const std::int64_t rows = joined ? end - begin : 1;
                      for (std::int64_t y = begin; y < end; y += rows) {
                        to_gray(image.row(y), channels, out + y * width,
                                static_cast<std::size_t>(rows * width), past_cache);
                      }
                      return COGWAY_OK;
                    });
}

}  // namespace

const cogway_kernel kGrayscaleKernel =
    kernel("image.grayscale", "Weigh red, green and blue into luma (0.299, 0.587, 0.114).",
           "pixels: u8[height, width, 3 or 4] -> u8[height, width]", kParams, describe, run);

}  // namespace cogway_image
