// SPDX-License-Identifier: Apache-2.0
#pragma once
// Typed views of what a kernel is given: strided, of a fixed number of dimensions, checked before
// the kernel sees them. Not owners: they end with the call.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "cogway/kernel/status.hpp"
#include "cogway/kernel_abi.h"

#pragma GCC visibility push(hidden)
namespace cogway::kernel {

template <std::size_t N>
using Shape = std::array<std::int64_t, N>;

namespace detail {

template <typename T>
constexpr cogway_dtype dtype_of() noexcept {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "a view is of integers, floats or bool");
  const int code = std::is_same_v<T, bool>       ? COGWAY_BOOL
                   : std::is_floating_point_v<T> ? COGWAY_FLOAT
                   : std::is_signed_v<T>         ? COGWAY_INT
                                                 : COGWAY_UINT;
  return {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(sizeof(T) * 8), 1};
}

inline std::string name_of(const cogway_dtype& dtype, std::size_t ndim) {
  const char* kind = dtype.code == COGWAY_BOOL     ? "bool"
                     : dtype.code == COGWAY_FLOAT  ? "float"
                     : dtype.code == COGWAY_BFLOAT ? "bfloat"
                     : dtype.code == COGWAY_INT    ? "int"
                                                   : "uint";
  std::string name = kind;
  if (dtype.code != COGWAY_BOOL) name += std::to_string(dtype.bits);
  return name + " of " + std::to_string(ndim) + " dimension" + (ndim == 1 ? "" : "s");
}

}  // namespace detail

/// Elements of type T in N dimensions. An input is a View<const T, N>, an output a View<T, N>.
///
/// **Threads**: as a pointer. **Ownership**: none. **Progress**: wait-free. **Order**: none.
template <typename T, std::size_t N>
class View {
 public:
  static_assert(N <= COGWAY_MAX_NDIM);
  using Element = T;
  static constexpr std::size_t kDims = N;
  using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;

  /// The caller has checked it with matches().
  explicit View(const cogway_view& view) noexcept : data_(static_cast<Byte*>(view.data)) {
    for (std::size_t d = 0; d < N; ++d) {
      shape_[d] = view.shape[d];
      strides_[d] = view.strides[d];
    }
  }
  View(Byte* data, const Shape<N>& shape, const Shape<N>& strides) noexcept
      : data_(data), shape_(shape), strides_(strides) {}

  [[nodiscard]] static bool matches(const cogway_view& view) noexcept {
    constexpr cogway_dtype wanted = detail::dtype_of<std::remove_const_t<T>>();
    return view.ndim == N && view.dtype.code == wanted.code && view.dtype.bits == wanted.bits &&
           view.dtype.lanes == 1;
  }

  [[nodiscard]] const Shape<N>& shape() const noexcept { return shape_; }
  [[nodiscard]] std::int64_t extent(std::size_t d) const noexcept { return shape_[d]; }
  /// In bytes; may be negative, or 0.
  [[nodiscard]] std::int64_t stride(std::size_t d) const noexcept { return strides_[d]; }
  [[nodiscard]] std::int64_t size() const noexcept {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape_) product *= extent;
    return product;
  }
  [[nodiscard]] T* data() const noexcept { return reinterpret_cast<T*>(data_); }

  /// The element at these indices, which are not checked.
  template <typename... Index>
    requires(sizeof...(Index) == N)
  [[nodiscard]] T& operator()(Index... index) const noexcept {
    const Shape<N> at{static_cast<std::int64_t>(index)...};
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < N; ++d) offset += at[d] * strides_[d];
    return *reinterpret_cast<T*>(data_ + offset);
  }
  /// The element of a flat view, or the row of another.
  [[nodiscard]] decltype(auto) operator[](std::int64_t i) const noexcept
    requires(N >= 1)
  {
    if constexpr (N == 1) {
      return (*this)(i);
    } else {
      Shape<N - 1> shape;
      Shape<N - 1> strides;
      for (std::size_t d = 1; d < N; ++d) {
        shape[d - 1] = shape_[d];
        strides[d - 1] = strides_[d];
      }
      return View<T, N - 1>(data_ + i * strides_[0], shape, strides);
    }
  }

  /// Whether the elements lie one after the other, in C order. Outputs always do.
  [[nodiscard]] bool contiguous() const noexcept {
    std::int64_t expected = sizeof(T);
    for (std::size_t d = N; d-- > 0;) {
      if (shape_[d] > 1 && strides_[d] != expected) return false;
      expected *= shape_[d];
    }
    return true;
  }
  /// All elements, where they lie so; else an Error.
  [[nodiscard]] std::span<T> span() const {
    if (!contiguous()) throw Error(Code::invalid_argument, "takes C-contiguous memory only");
    return {data(), static_cast<std::size_t>(size())};
  }

 private:
  Byte* data_;
  Shape<N> shape_{};
  Shape<N> strides_{};
};

template <typename T, std::size_t N>
using In = View<const T, N>;
template <typename T, std::size_t N>
using Out = View<T, N>;

}  // namespace cogway::kernel
#pragma GCC visibility pop
