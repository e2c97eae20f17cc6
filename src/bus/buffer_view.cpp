// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/buffer_view.hpp"

#include <bit>
#include <string>

#include "cogway/kernel_abi.h"

namespace cogway {

static_assert(sizeof(DType) == sizeof(cogway_dtype) && kMaxDims == COGWAY_MAX_NDIM);
static_assert(static_cast<int>(DTypeCode::boolean) == COGWAY_BOOL &&
              static_cast<int>(DTypeCode::brain_float) == COGWAY_BFLOAT &&
              static_cast<int>(DTypeCode::floating) == COGWAY_FLOAT &&
              static_cast<int>(DTypeCode::unsigned_integer) == COGWAY_UINT);

BufferView BufferView::whole(BufferRef buffer) noexcept {
  BufferView view;
  view.layout = buffer.layout();
  view.buffer = std::move(buffer);
  return view;
}

Status BufferView::index(std::int64_t i, BufferView* out) const {
  if (layout.ndim == 0) {
    return {StatusCode::invalid_argument, "a scalar buffer has no items"};
  }
  const std::int64_t length = layout.shape[0];
  const std::int64_t chosen = i < 0 ? i + length : i;
  if (chosen < 0 || chosen >= length) {
    return {StatusCode::invalid_argument, "index " + std::to_string(i) +
                                              " is out of range for a buffer of " +
                                              std::to_string(length) + " items"};
  }
  return select(0, chosen, out);
}

Status BufferView::select(std::uint32_t dimension, std::int64_t i, BufferView* out) const {
  if (dimension >= layout.ndim || i < 0 || i >= layout.shape[dimension]) {
    return {StatusCode::invalid_argument, "index " + std::to_string(i) + " of dimension " +
                                              std::to_string(dimension) + " is out of range for " +
                                              layout.describe()};
  }
  BufferView selected = *this;
  selected.offset += i * layout.strides[dimension];
  for (std::uint32_t d = dimension; d + 1 < layout.ndim; ++d) {
    selected.layout.shape[d] = layout.shape[d + 1];
    selected.layout.strides[d] = layout.strides[d + 1];
  }
  --selected.layout.ndim;
  selected.layout.shape[selected.layout.ndim] = 0;
  selected.layout.strides[selected.layout.ndim] = 0;
  *out = std::move(selected);
  return {};
}

Status BufferView::slice(std::uint32_t dimension, std::int64_t start, std::int64_t count,
                         std::int64_t step, BufferView* out) const {
  const auto refuse = [&] {
    return Status{StatusCode::invalid_argument,
                  "slice of " + std::to_string(count) + " from " + std::to_string(start) +
                      " in steps of " + std::to_string(step) + " is out of range for dimension " +
                      std::to_string(dimension) + " of " + layout.describe()};
  };
  if (dimension >= layout.ndim || count < 0) return refuse();
  const std::int64_t length = layout.shape[dimension];
  std::int64_t stride = layout.strides[dimension];
  if (count == 0) {
    start = 0;
  } else {
    if (start < 0 || start >= length) return refuse();
    if (count > 1) {
      std::int64_t reach = 0;
      std::int64_t last = 0;
      if (step == 0 || __builtin_mul_overflow(count - 1, step, &reach) ||
          __builtin_add_overflow(start, reach, &last) || last < 0 || last >= length) {
        return refuse();
      }
      stride *= step;
    }
  }
  BufferView sliced = *this;
  sliced.offset += start * layout.strides[dimension];
  sliced.layout.shape[dimension] = count;
  sliced.layout.strides[dimension] = stride;
  *out = std::move(sliced);
  return {};
}

void BufferView::to_abi(cogway_view* out) const noexcept {
  *out = cogway_view{};
  out->size = sizeof(cogway_view);
  out->ndim = layout.ndim;
  out->data = mutable_data();
  out->dtype = std::bit_cast<cogway_dtype>(layout.dtype);
  std::uint64_t reach = layout.size() == 0 ? 0 : layout.dtype.itemsize();
  for (std::uint32_t d = 0; d < layout.ndim; ++d) {
    out->shape[d] = layout.shape[d];
    out->strides[d] = layout.strides[d];
    if (reach != 0 && layout.strides[d] > 0) {
      reach += static_cast<std::uint64_t>((layout.shape[d] - 1) * layout.strides[d]);
    }
  }
  out->nbytes = reach;
}

}  // namespace cogway
