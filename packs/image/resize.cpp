// SPDX-License-Identifier: Apache-2.0
// image.resize: pixels at another size, by Pillow's filters.
#include <algorithm>
#include <cinttypes>

#include "cogway/kernel_abi.h"
#include "image_view.hpp"
#include "jpeg_decoder.hpp"
#include "kernels.hpp"
#include "params.hpp"
#include "resizer.hpp"
#include "strips.hpp"

namespace cogway_image {
namespace {

constexpr std::int64_t kMostStrips = 32;  // each has a workspace of its own

constexpr const char* kInterpolations[] = {"bilinear", "nearest", nullptr};
enum Index : std::uint32_t { kSize, kInterpolation, kAntialias, kBox };
const cogway_param_spec kParams[] = {
    ints_param("size", "(height, width) of the result; one number for a square", 1, 2, 1, kMaxSide,
               COGWAY_PARAM_REQUIRED),
    choice_param("interpolation", "how pixels are made", kInterpolations, 0),
    bool_param("antialias", "bilinear: filter as wide as an output pixel, as Pillow does", true),
    ints_param("box",
               "(top, left, height, width): the part to resize; nothing beside it is looked at", 4,
               4, 0, 2147483647.0)};

struct Plan {
  ImageView image;
  Region box;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

std::int32_t read_params(const Call& call, Plan* plan) {
  const cogway_value& size = call.value(kSize);
  plan->height = size.as.ints[0];
  plan->width = size.as.ints[size.count == 2 ? 1 : 0];
  plan->box = {0, 0, plan->image.height, plan->image.width};
  if (!call.given(kBox)) return COGWAY_OK;
  const std::int64_t* const v = call.value(kBox).as.ints;
  plan->box = {v[0], v[1], v[2], v[3]};
  const Region& box = plan->box;
  if (box.height < 1 || box.width < 1 || box.y + box.height > plan->image.height ||
      box.x + box.width > plan->image.width) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "box (top %" PRId64 ", left %" PRId64 ", height %" PRId64 ", width %" PRId64
                     ") does not lie in the image of %" PRId64 "x%" PRId64 " (height x width)",
                     box.y, box.x, box.height, box.width, plan->image.height, plan->image.width);
  }
  return COGWAY_OK;
}

std::int32_t describe(const cogway_call* raw, cogway_output_spec* outputs) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = check_image(call, true, &plan.image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = read_params(call, &plan); status != COGWAY_OK) return status;
  describe_image(outputs, kUint8, plan.height, plan.width,
                 plan.image.has_channel_axis ? plan.image.channels : 0);
  return COGWAY_OK;
}

std::int32_t resize(const Call& call, const Plan& plan) {
  const bool nearest = call.integer(kInterpolation) == 1;
  const ResizeRequest request{plan.box.height,
                              plan.box.width,
                              plan.image.channels,
                              0.0,
                              static_cast<double>(plan.box.height),
                              0.0,
                              static_cast<double>(plan.box.width),
                              nearest                 ? Filter::nearest
                              : call.flag(kAntialias) ? Filter::antialiased
                                                      : Filter::bilinear,
                              false};
  PixelTarget target;
  target.data = call.output(0).data;
  target.height = plan.height;
  target.width = plan.width;
  target.channels = plan.image.channels;
  Resizer resizer;
  if (const std::int32_t status = resizer.prepare(call, request, target); status != COGWAY_OK) {
    return status;
  }
  RowSource source;
  source.base = plan.image.row(plan.box.y) + plan.box.x * plan.image.channels;
  source.stride = plan.image.row_stride;
  const std::int64_t work =
      (plan.box.height * plan.box.width + plan.height * plan.width) * plan.image.channels;
  const std::int64_t strips =
      work < kParallelBytes ? 1 : std::min({kMostStrips, work / kStripBytes, plan.height});
  const std::size_t each = (resizer.workspace_bytes() + 63) / 64 * 64;
  auto* const workspaces = call.scratch_of<std::uint8_t>(each * static_cast<std::size_t>(strips));
  if (workspaces == nullptr) return call.out_of_scratch(each * static_cast<std::size_t>(strips));
  if (strips == 1) return resizer.resize_rows(call, source, 0, plan.height, workspaces);
  struct Work {
    const Call& call;
    const Resizer& resizer;
    const RowSource& source;
    std::int64_t strips;
    std::int64_t height;
    std::size_t each;
    std::uint8_t* workspaces;
  } shared{call, resizer, source, strips, plan.height, each, workspaces};
  return call.parallel_for(
      strips, 1,
      [](void* argument, std::int64_t begin, std::int64_t end) -> std::int32_t {
        const auto& w = *static_cast<const Work*>(argument);
        for (std::int64_t s = begin; s < end; ++s) {
          const std::int32_t status = w.resizer.resize_rows(
              w.call, w.source, s * w.height / w.strips, (s + 1) * w.height / w.strips,
              w.workspaces + w.each * static_cast<std::size_t>(s));
          if (status != COGWAY_OK) return status;
        }
        return COGWAY_OK;
      },
      &shared);
}

std::int32_t run(const cogway_call* raw) {
  const Call call(raw);
  Plan plan;
  if (const std::int32_t status = open_image(call, true, &plan.image); status != COGWAY_OK) {
    return status;
  }
  if (const std::int32_t status = read_params(call, &plan); status != COGWAY_OK) return status;
  const auto bytes = static_cast<std::uint64_t>(plan.height * plan.width * plan.image.channels);
  if (const std::int32_t status = check_output(call, bytes); status != COGWAY_OK) return status;
  return resize(call, plan);
}

}  // namespace

const cogway_kernel kResizeKernel =
    kernel("image.resize", "Resize an image; bilinear is antialiased by default.",
           "pixels: u8[height, width(, channels)] -> u8[size[0], size[1](, channels)]", kParams,
           describe, run);

}  // namespace cogway_image
