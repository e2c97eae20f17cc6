// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the bytes of a buffer are to be read: dtype, shape and strides in bytes. A value, validated
// when made: a Layout that a function of this header returned cannot overflow or address bytes
// outside [0, span) of what it describes. Not an owner of memory.

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "cogway/base/status.hpp"
#include "cogway/bus/dtype.hpp"

namespace cogway {

inline constexpr std::uint32_t kMaxDims = 8;

struct Layout {
  DType dtype;
  std::uint32_t ndim = 1;
  std::array<std::int64_t, kMaxDims> shape{};
  std::array<std::int64_t, kMaxDims> strides{};

  /// C-contiguous, of at most kMaxDims dimensions. Refuses negative sizes, unsupported dtypes and
  /// sizes beyond 2^62 bytes: invalid_argument.
  static Status contiguous(DType dtype, std::span<const std::int64_t> shape, Layout* out);
  /// Any strides. Reports the lowest and one-past-the-highest byte addressed, from the first
  /// element.
  static Status strided(DType dtype, std::span<const std::int64_t> shape,
                        std::span<const std::int64_t> strides, Layout* out, std::int64_t* lowest,
                        std::int64_t* end);
  /// One dimension of n bytes. Never fails for n < 2^62.
  [[nodiscard]] static Layout bytes(std::uint64_t n) noexcept;

  /// Elements; 1 for a scalar (ndim 0), 0 if any dimension is.
  [[nodiscard]] std::uint64_t size() const noexcept;
  /// size() × itemsize: the bytes of a C-contiguous copy.
  [[nodiscard]] std::uint64_t nbytes() const noexcept { return size() * dtype.itemsize(); }
  [[nodiscard]] bool is_c_contiguous() const noexcept;
  [[nodiscard]] bool is_f_contiguous() const noexcept;
  [[nodiscard]] std::span<const std::int64_t> dims() const noexcept { return {shape.data(), ndim}; }

  /// "float32[3, 224, 224]", for messages.
  [[nodiscard]] std::string describe() const;

  /// Same dtype, shape and (where a dimension has more than one element) strides.
  friend bool operator==(const Layout& a, const Layout& b) noexcept;
};

}  // namespace cogway
