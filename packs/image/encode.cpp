// SPDX-License-Identifier: Apache-2.0
// image.encode: pixels to a JPEG.
#include <cinttypes>

#include "cogway/kernel_abi.h"
#include "encode_params.hpp"
#include "image_view.hpp"
#include "kernels.hpp"

namespace cogway_image {
namespace {

const cogway_param_spec kParams[] = {quality_param(90), subsampling_param(), progressive_param(),
                                     optimize_param()};

std::int32_t check(const Call& call, const ImageView& image) {
  if (image.channels != 1 && image.channels != 3) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image must have 1 channel (gray) or 3 (RGB) for JPEG, not %d",
                     static_cast<int>(image.channels));
  }
  if (image.height > JPEG_MAX_DIMENSION || image.width > JPEG_MAX_DIMENSION) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image of %" PRId64 "x%" PRId64 " is larger than a JPEG may be (%ld a side)",
                     image.height, image.width, long{JPEG_MAX_DIMENSION});
  }
  return COGWAY_OK;
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = check_image(call, true, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = check(call, image); status != COGWAY_OK) return status;
  describe_bytes(outputs, jpeg_bound(image.height, image.width, image.channels));
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = open_image(call, true, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = check(call, image); status != COGWAY_OK) return status;
  const EncoderRows rows{image.data, image.row_stride, image.height, image.width, image.channels};
  std::size_t written = 0;
  if (const std::int32_t status = JpegEncoder::of_thread().encode(
          call, rows, read_encode_options(call, 0), static_cast<std::uint8_t*>(call.output(0).data),
          static_cast<std::size_t>(call.output(0).nbytes), &written);
      status != COGWAY_OK) {
    return status;
  }
  const auto shape = static_cast<std::int64_t>(written);
  return call.set_output_shape(0, &shape, 1);
}

}  // namespace

const cogway_kernel kEncodeKernel = kernel(
    "image.encode", "Encode uint8 pixels as a JPEG.",
    "pixels: u8[height, width], u8[height, width, 1 or 3] -> jpeg: u8[n]", kParams, describe, run);

}  // namespace cogway_image
