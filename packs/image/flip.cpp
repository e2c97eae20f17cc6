// SPDX-License-Identifier: Apache-2.0
// image.flip: mirrors an image, always or with a probability.
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

constexpr const char* kAxes[] = {"horizontal", "vertical", "both", nullptr};
enum Index : std::uint32_t { kAxis, kProbability, kSeed, kEpoch, kIndex };
const cogway_param_spec kParams[] = {
    choice_param("axis", "horizontal: left and right change places; vertical: top and bottom",
                 kAxes, 0),
    float_param("probability", "of a flip; below 1 it is drawn for (seed, epoch, index)", 0.0, 1.0,
                1.0),
    int_param("seed", "the run's random seed", 0, 0, 0),
    int_param("epoch", "the pass over the data", 0, 4294967295.0, 0),
    int_param("index", "the sample's number in the data", 0, 0, 0)};

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = check_image(call, false, &image); status != COGWAY_OK) {
    return status;
  }
  describe_image(outputs, call.input(0).dtype, image.height, image.width,
                 image.has_channel_axis ? image.channels : 0);
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  ImageView image;
  if (const std::int32_t status = open_image(call, false, &image); status != COGWAY_OK) {
    return status;
  }
  const auto bytes = static_cast<std::uint64_t>(image.height * image.row_bytes());
  if (const std::int32_t status = check_output(call, bytes); status != COGWAY_OK) return status;
  Random random(call.integer(kSeed), call.integer(kEpoch), call.integer(kIndex),
                RandomOperation::flip);
  const bool flipped = random.uniform() < call.real(kProbability);
  const std::int64_t axis = call.integer(kAxis);
  const Orientation turn{false, flipped && axis != 0, flipped && axis != 1};
  auto* const out = static_cast<std::uint8_t*>(call.output(0).data);
  return for_strips(call, image.height, 2 * image.row_bytes(),
                    [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
                      place_rows(turn, image.row(begin), image.row_stride, begin, end - begin,
                                 image.height, image.width, image.pixel_bytes(), out);
                      return COGWAY_OK;
                    });
}

}  // namespace

const cogway_kernel kFlipKernel = kernel(
    "image.flip", "Mirror an image.",
    "pixels: any[height, width(, channels)] -> the same shape and dtype", kParams, describe, run);

}  // namespace cogway_image
