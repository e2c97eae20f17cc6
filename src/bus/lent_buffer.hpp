// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory that the bus does not own, made to look like a buffer: header and record in one private
// allocation.

#include <type_traits>

#include "cogway/bus/buffer.hpp"

namespace cogway::detail {

/// **Threads**, **Progress**, **Order**: as BufferRef. **Ownership**: of the last BufferRef.
struct LentBuffer {
  BufferRecord record;  ///< first, so that of() is a cast
  BufferHeader header;

  static LentBuffer* of(BufferRecord* record) noexcept {
    return reinterpret_cast<LentBuffer*>(record);
  }
};
static_assert(std::is_standard_layout_v<BufferRecord> && offsetof(LentBuffer, record) == 0);

}  // namespace cogway::detail
