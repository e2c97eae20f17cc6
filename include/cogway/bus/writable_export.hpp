// SPDX-License-Identifier: Apache-2.0
#pragma once
// The right to write into a buffer for a while: as long as one lives, freeze() and transfer() are
// refused. Whoever lets go of the memory it writes (a task with out=, a memoryview, a DLPack
// consumer) holds one; a writer that freezes its own buffer when done needs none.

#include <utility>

#include "cogway/bus/buffer.hpp"

namespace cogway {

/// **Threads**: distinct objects any; one object by one thread at a time.
/// **Ownership**: holds a reference to the buffer. After fork(), the child's copy is inert.
/// **Progress**: lock-free.
/// **Order**: what was written before the export ends is published by the freeze() it allows.
class WritableExport {
 public:
  WritableExport() = default;
  WritableExport(WritableExport&&) noexcept = default;
  WritableExport& operator=(WritableExport&& other) noexcept {
    WritableExport taken(std::move(other));
    buffer_.swap(taken.buffer_);
    return *this;
  }
  WritableExport(const WritableExport&) = delete;
  WritableExport& operator=(const WritableExport&) = delete;
  ~WritableExport() { reset(); }

  /// Empty when the buffer is frozen, or transferred and already exported, or another process's.
  [[nodiscard]] static WritableExport try_take(const BufferRef& buffer) noexcept;

  void reset() noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(buffer_); }
  [[nodiscard]] const BufferRef& buffer() const noexcept { return buffer_; }

  /// For C structures: gives up, and takes back, the export as a plain pointer.
  [[nodiscard]] detail::BufferRecord* leak() noexcept { return buffer_.leak(); }
  [[nodiscard]] static WritableExport adopt(detail::BufferRecord* record) noexcept {
    WritableExport taken;
    taken.buffer_ = BufferRef::adopt(record);
    return taken;
  }

 private:
  BufferRef buffer_;
};

}  // namespace cogway
