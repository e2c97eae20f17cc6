// SPDX-License-Identifier: Apache-2.0
#include "image_view.hpp"

#include <cinttypes>
#include <cstring>

namespace cogway_image {

std::int32_t check_image(const Call& call, bool only_uint8, ImageView* image) {
  const cogway_view& view = call.input(0);
  if (only_uint8 && !same(view.dtype, kUint8)) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "image must be uint8, not dtype code %u with %u bits",
                     unsigned{view.dtype.code}, unsigned{view.dtype.bits});
  }
  const unsigned bits = unsigned{view.dtype.bits} * view.dtype.lanes;
  if (bits == 0 || bits % 8 != 0 || bits > 64) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "image elements of %u bits are not supported", bits);
  }
  if (view.ndim != 2 && view.ndim != 3) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image must be [height, width] or [height, width, channels], not of %u axes",
                     view.ndim);
  }
  image->height = view.shape[0];
  image->width = view.shape[1];
  image->has_channel_axis = view.ndim == 3;
  image->channels = view.ndim == 3 ? view.shape[2] : 1;
  image->element_bytes = bits / 8;
  image->row_stride = view.strides[0];
  image->data = static_cast<const std::uint8_t*>(view.data);
  if (image->height < 1 || image->width < 1) {
    return call.fail(COGWAY_INVALID_ARGUMENT, "image of %" PRId64 "x%" PRId64 " has no pixels",
                     image->height, image->width);
  }
  if (image->channels < 1 || image->channels > kMaxChannels) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "image must have 1 to 4 channels on its last axis, not %" PRId64,
                     image->channels);
  }
  return COGWAY_OK;
}

std::int32_t open_image(const Call& call, bool only_uint8, ImageView* image) {
  if (const std::int32_t status = check_image(call, only_uint8, image); status != COGWAY_OK) {
    return status;
  }
  const cogway_view& view = call.input(0);
  const std::int64_t element = image->element_bytes;
  const std::int64_t pixel = image->pixel_bytes();
  const std::int64_t channel_stride = view.ndim == 3 ? view.strides[2] : element;
  // A stride along an axis of length one says nothing.
  const bool packed = (image->channels == 1 || channel_stride == element) &&
                      (image->width == 1 || view.strides[1] == pixel);
  if (packed) return COGWAY_OK;
  const std::size_t bytes = static_cast<std::size_t>(image->height * image->row_bytes());
  auto* const copy = call.scratch_of<std::uint8_t>(bytes);
  if (copy == nullptr) return call.out_of_scratch(bytes);
  std::uint8_t* to = copy;
  for (std::int64_t y = 0; y < image->height; ++y) {
    if (call.cancelled()) return call.cancelled_status();
    for (std::int64_t x = 0; x < image->width; ++x) {
      const std::uint8_t* from = image->row(y) + x * view.strides[1];
      for (std::int64_t c = 0; c < image->channels; ++c) {
        std::memcpy(to, from + c * channel_stride, static_cast<std::size_t>(element));
        to += element;
      }
    }
  }
  image->data = copy;
  image->row_stride = image->row_bytes();
  return COGWAY_OK;
}

std::int32_t open_bytes(const Call& call, const std::uint8_t** data, std::size_t* bytes) {
  const cogway_view& view = call.input(0);
  if (!same(view.dtype, kUint8) || view.ndim != 1) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "encoded image must be one-dimensional uint8 (the bytes of a file), not %u "
                     "axes of dtype code %u with %u bits",
                     view.ndim, unsigned{view.dtype.code}, unsigned{view.dtype.bits});
  }
  if (view.shape[0] > 1 && view.strides[0] != 1) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "encoded image must be contiguous, not of stride %" PRId64, view.strides[0]);
  }
  *data = static_cast<const std::uint8_t*>(view.data);
  *bytes = static_cast<std::size_t>(view.shape[0]);
  return COGWAY_OK;
}

std::int32_t check_output(const Call& call, std::uint64_t bytes) {
  const cogway_view& view = call.output(0);
  if (view.nbytes < bytes || view.data == nullptr) {
    return call.fail(COGWAY_INVALID_ARGUMENT,
                     "output has %" PRIu64 " bytes where %" PRIu64 " are needed", view.nbytes,
                     bytes);
  }
  std::int64_t stride = (view.dtype.bits * view.dtype.lanes) / 8;
  for (std::uint32_t axis = view.ndim; axis-- > 0;) {
    if (view.shape[axis] > 1 && view.strides[axis] != stride) {
      return call.fail(COGWAY_INVALID_ARGUMENT, "output must be C-contiguous");
    }
    stride *= view.shape[axis];
  }
  return COGWAY_OK;
}

void describe_image(cogway_output_spec* spec, cogway_dtype dtype, std::int64_t height,
                    std::int64_t width, std::int64_t channels) {
  *spec = {};
  spec->size = sizeof(cogway_output_spec);
  spec->dtype = dtype;
  spec->ndim = channels == 0 ? 2 : 3;
  spec->shape[0] = height;
  spec->shape[1] = width;
  if (channels != 0) spec->shape[2] = channels;
}

void describe_bytes(cogway_output_spec* spec, std::int64_t n) {
  *spec = {};
  spec->size = sizeof(cogway_output_spec);
  spec->dtype = kUint8;
  spec->flags = COGWAY_OUTPUT_BOUND;
  spec->ndim = 1;
  spec->shape[0] = n;
}

}  // namespace cogway_image
