// SPDX-License-Identifier: Apache-2.0
#pragma once
// A part of a buffer: an item of a batch, a slice, a transposition. It holds the whole buffer.

#include <cstdint>

#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/layout.hpp"

struct cogway_view;  // kernel_abi.h

namespace cogway {

/// **Threads**: as a BufferRef and a value. **Ownership**: shares the buffer.
/// **Progress**: as BufferRef. **Order**: as BufferRef.
struct BufferView {
  BufferRef buffer;
  std::int64_t offset = 0;  ///< bytes from the buffer's first element to the view's
  Layout layout;

  /// All of it.
  [[nodiscard]] static BufferView whole(BufferRef buffer) noexcept;

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(buffer); }
  [[nodiscard]] const std::byte* data() const noexcept { return buffer.data() + offset; }
  [[nodiscard]] std::byte* mutable_data() const noexcept { return buffer.mutable_data() + offset; }

  /// view[i] of the first dimension; negative i counts from the end. invalid_argument when out of
  /// range or for a scalar.
  Status index(std::int64_t i, BufferView* out) const;
  /// Keeps elements start, start + step … (count of them) of a dimension. step may be negative or,
  /// for count ≤ 1, anything. invalid_argument when an element is out of range.
  Status slice(std::uint32_t dimension, std::int64_t start, std::int64_t count, std::int64_t step,
               BufferView* out) const;
  /// Removes a dimension by choosing one index (not negative) of it.
  Status select(std::uint32_t dimension, std::int64_t i, BufferView* out) const;

  /// Fills the view that a kernel gets. nbytes is what may be touched from data on, for layouts
  /// without negative strides.
  void to_abi(cogway_view* out) const noexcept;
};

}  // namespace cogway
