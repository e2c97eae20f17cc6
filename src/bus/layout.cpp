// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/layout.hpp"

#include <algorithm>

namespace cogway {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 62;

Status check(DType dtype, std::span<const std::int64_t> shape) {
  if (!dtype.supported()) {
    return {StatusCode::invalid_argument,
            "unsupported dtype (code " + std::to_string(static_cast<int>(dtype.code)) + ", " +
                std::to_string(dtype.bits) + " bits, " + std::to_string(dtype.lanes) + " lanes)"};
  }
  if (shape.size() > kMaxDims) {
    return {StatusCode::invalid_argument,
            "a buffer has at most 8 dimensions, not " + std::to_string(shape.size())};
  }
  // Dimensions of 0 do not excuse others that could not be addressed once they are not 0.
  std::int64_t bytes = dtype.itemsize();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0) {
      return {StatusCode::invalid_argument,
              "dimension " + std::to_string(i) + " is negative: " + std::to_string(shape[i])};
    }
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(shape[i], 1), &bytes) ||
        bytes > kMaxBytes) {
      return {StatusCode::invalid_argument, "the shape has more than 2^62 bytes"};
    }
  }
  return {};
}

}  // namespace

Status Layout::contiguous(DType dtype, std::span<const std::int64_t> shape, Layout* out) {
  if (Status status = check(dtype, shape); !status.ok()) return status;
  Layout layout;
  layout.dtype = dtype;
  layout.ndim = static_cast<std::uint32_t>(shape.size());
  std::int64_t stride = dtype.itemsize();
  for (std::uint32_t i = layout.ndim; i-- > 0;) {
    layout.shape[i] = shape[i];
    layout.strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  *out = layout;
  return {};
}

Status Layout::strided(DType dtype, std::span<const std::int64_t> shape,
                       std::span<const std::int64_t> strides, Layout* out, std::int64_t* lowest,
                       std::int64_t* end) {
  if (Status status = check(dtype, shape); !status.ok()) return status;
  if (strides.size() != shape.size()) {
    return {StatusCode::invalid_argument, std::to_string(strides.size()) + " strides for " +
                                              std::to_string(shape.size()) + " dimensions"};
  }
  Layout layout;
  layout.dtype = dtype;
  layout.ndim = static_cast<std::uint32_t>(shape.size());
  *lowest = 0;
  *end = dtype.itemsize();
  bool empty = false;
  for (std::uint32_t i = 0; i < layout.ndim; ++i) {
    layout.shape[i] = shape[i];
    layout.strides[i] = strides[i];
    if (shape[i] == 0) empty = true;
    std::int64_t reach = 0;
    std::int64_t& bound = strides[i] < 0 ? *lowest : *end;
    if (__builtin_mul_overflow(std::max<std::int64_t>(shape[i] - 1, 0), strides[i], &reach) ||
        __builtin_add_overflow(bound, reach, &bound) || bound > kMaxBytes || bound < -kMaxBytes) {
      return {StatusCode::invalid_argument,
              "the stride of dimension " + std::to_string(i) + " reaches beyond 2^62 bytes"};
    }
  }
  if (empty) *lowest = *end = 0;
  *out = layout;
  return {};
}

Layout Layout::bytes(std::uint64_t n) noexcept {
  Layout layout;
  layout.dtype = kUint8;
  layout.ndim = 1;
  layout.shape[0] = static_cast<std::int64_t>(n);
  layout.strides[0] = 1;
  return layout;
}

std::uint64_t Layout::size() const noexcept {
  std::uint64_t elements = 1;
  for (const std::int64_t length : dims()) elements *= static_cast<std::uint64_t>(length);
  return elements;
}

bool Layout::is_c_contiguous() const noexcept {
  if (size() == 0) return true;
  std::int64_t expected = dtype.itemsize();
  for (std::uint32_t i = ndim; i-- > 0;) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

bool Layout::is_f_contiguous() const noexcept {
  if (size() == 0) return true;
  std::int64_t expected = dtype.itemsize();
  for (std::uint32_t i = 0; i < ndim; ++i) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

std::string Layout::describe() const {
  std::string text(dtype.name().empty() ? "unsupported" : dtype.name());
  text += '[';
  for (std::uint32_t i = 0; i < ndim; ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ']';
}

bool operator==(const Layout& a, const Layout& b) noexcept {
  if (a.dtype != b.dtype || a.ndim != b.ndim) return false;
  for (std::uint32_t i = 0; i < a.ndim; ++i) {
    if (a.shape[i] != b.shape[i]) return false;
    if (a.shape[i] > 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

}  // namespace cogway
