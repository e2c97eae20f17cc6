// SPDX-License-Identifier: Apache-2.0
#pragma once
// A memory manager for libjpeg's objects that takes everything from the call's scratch memory, so
// that decoding and encoding allocate nothing once a worker is warm. Everything lives until the
// call ends: the object must be told to forget its tables before the next (JpegDecoder and
// JpegEncoder do).
//
// Threads: one object, one thread. Ownership: the host owns the memory. Progress: as host->scratch.

#include <cstddef>
#include <cstdint>
// clang-format off: jpeglib.h uses FILE without asking for it.
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include "call.hpp"

namespace cogway_image {

class JpegMemory {
 public:
  /// Replaces the methods of a created object's memory manager by this one's. The object's
  /// client_data must point to this JpegMemory for as long as it lives.
  void install(j_common_ptr object) noexcept;

  /// Begins a call: memory is taken from its scratch memory from now on.
  void begin(const Call* call) noexcept;
  /// Ends it: nothing is held, and an allocation would be refused.
  void end() noexcept;

  [[nodiscard]] bool cancelled() const noexcept { return call_ != nullptr && call_->cancelled(); }

  /// 64-byte aligned; nullptr when the host has none.
  void* take(std::size_t bytes) noexcept;

  /// Head of the coefficient arrays that were asked for and are not there yet.
  jvirt_barray_ptr requested = nullptr;

 private:
  const Call* call_ = nullptr;
  std::uint8_t* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace cogway_image
