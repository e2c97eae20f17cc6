// SPDX-License-Identifier: Apache-2.0
#pragma once
// The elements of a strided view, one after the other in C order.

#include <cstddef>
#include <cstring>

#include "cogway/kernel_abi.h"

namespace cogway {
namespace detail {

/// Copies dimension `d` on; the last dimension in one go where it is dense.
inline std::byte* copy_dimension(const cogway_view& view, const std::byte* from, std::byte* to,
                                 std::uint32_t d, std::size_t itemsize) noexcept {
  if (d == view.ndim) {
    std::memcpy(to, from, itemsize);
    return to + itemsize;
  }
  if (d + 1 == view.ndim && view.strides[d] == static_cast<int64_t>(itemsize)) {
    const std::size_t bytes = itemsize * static_cast<std::size_t>(view.shape[d]);
    if (bytes != 0) std::memcpy(to, from, bytes);
    return to + bytes;
  }
  for (int64_t i = 0; i < view.shape[d]; ++i) {
    to = copy_dimension(view, from + i * view.strides[d], to, d + 1, itemsize);
  }
  return to;
}

}  // namespace detail

/// `to` has room for all of them.
inline void copy_strided(const cogway_view& view, std::byte* to) noexcept {
  const std::size_t itemsize = std::size_t{view.dtype.bits} * view.dtype.lanes / 8;
  (void)detail::copy_dimension(view, static_cast<const std::byte*>(view.data), to, 0, itemsize);
}

}  // namespace cogway
