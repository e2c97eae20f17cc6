// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/writable_export.hpp"

namespace cogway {

WritableExport WritableExport::try_take(const BufferRef& buffer) noexcept {
  WritableExport taken;
  if (buffer && buffer.belongs_here() && buffer.record()->header->state.try_export()) {
    taken.buffer_ = buffer;
  }
  return taken;
}

void WritableExport::reset() noexcept {
  if (!buffer_) return;
  if (buffer_.belongs_here()) buffer_.record()->header->state.end_export();
  buffer_.reset();
}

}  // namespace cogway
