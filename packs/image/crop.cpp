// SPDX-License-Identifier: Apache-2.0
// image.crop: copies a box out of an image: a given one, the central one or a random one.
#include <cinttypes>
#include <cstring>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "jpeg_decoder.hpp"
#include "kernels.hpp"
#include "params.hpp"
#include "random.hpp"
#include "strips.hpp"

namespace cogway_image {
namespace {

constexpr const char* kPlaces[] = {"center", "random", nullptr};
enum Index : std::uint32_t { kBox, kSize, kPlace, kSeed, kEpoch, kIndex };
const cogway_param_spec kParams[] = {
    ints_param("box", "(top, left, height, width); or give size", 4, 4, 0, 2147483647.0),
    ints_param("size", "(height, width) of a box whose place is found", 2, 2, 1, 2147483647.0),
    choice_param("place", "where a box of the given size lies", kPlaces, 0),
    int_param("seed", "the run's random seed", 0, 0, 0),
    int_param("epoch", "the pass over the data", 0, 4294967295.0, 0),
    int_param("index", "the sample's number in the data", 0, 0, 0)};

std::int32_t choose_box(const Call& call, const ImageView& image, Region* box) {
  if (call.given(kBox) == call.given(kSize)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "give either box or size");
  }
  if (call.given(kBox)) {
    const std::int64_t* const v = call.value(kBox).as.ints;
    *box = {v[0], v[1], v[2], v[3]};
  } else {
    const std::int64_t* const v = call.value(kSize).as.ints;
    *box = {0, 0, v[0], v[1]};
  }
  if (box->height < 1 || box->width < 1 || box->y + box->height > image.height ||
      box->x + box->width > image.width) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "box (top %" PRId64 ", left %" PRId64 ", height %" PRId64 ", width %" PRId64
                     ") does not lie in the image of %" PRId64 "x%" PRId64 " (height x width)",
                     box->y, box->x, box->height, box->width, image.height, image.width);
  }
  if (call.given(kBox)) return COGWAY_OK;
  const std::int64_t spare_y = image.height - box->height;
  const std::int64_t spare_x = image.width - box->width;
  if (call.integer(kPlace) == 0) {
    box->y = spare_y / 2;
    box->x = spare_x / 2;
    return COGWAY_OK;
  }
  Random random(call.integer(kSeed), call.integer(kEpoch), call.integer(kIndex),
                RandomOperation::crop);
  box->y = random.below(spare_y + 1);
  box->x = random.below(spare_x + 1);
  return COGWAY_OK;
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  ImageView image;
  Region box;
  if (const std::int32_t status = check_image(call, false, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = choose_box(call, image, &box); status != COGWAY_OK) {
    return status;
  }
  describe_image(outputs, call.input(0).dtype, box.height, box.width,
                 image.has_channel_axis ? image.channels : 0);
  return COGWAY_OK;
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  ImageView image;
  Region box;
  if (const std::int32_t status = open_image(call, false, &image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = choose_box(call, image, &box); status != COGWAY_OK) {
    return status;
  }
  const std::int64_t row = box.width * image.pixel_bytes();
  if (const std::int32_t status = check_output(call, static_cast<std::uint64_t>(box.height * row));
      status != COGWAY_OK) {
    return status;
  }
  auto* const out = static_cast<std::uint8_t*>(call.output(0).data);
  return for_strips(
      call, box.height, 2 * row, [&](std::int64_t begin, std::int64_t end) -> std::int32_t {
        for (std::int64_t y = begin; y < end; ++y) {
          std::memcpy(out + y * row, image.row(box.y + y) + box.x * image.pixel_bytes(),
                      static_cast<std::size_t>(row));
        }
        return COGWAY_OK;
      });
}

}  // namespace

const cogway_kernel kCropKernel =
    kernel("image.crop", "Copy a box out of an image: given, central or random.",
           "pixels: any[height, width(, channels)] -> any[box height, box width(, channels)]",
           kParams, describe, run);

}  // namespace cogway_image
