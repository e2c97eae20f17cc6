// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call of a kernel, seen from inside the pack: short names for what the host table offers. Not
// a place for image code.
//
// Threads: as the host table. Ownership: none; a Call is two pointers for the time of one call.

#include <cstddef>
#include <cstdint>

#include "cogway/kernel_abi.h"

namespace cogway_image {

/// Set once by cogway_pack_v1 before any kernel runs.
void set_host(const cogway_host* host) noexcept;

class Call {
 public:
  explicit Call(const cogway_call* raw) noexcept : raw_(raw) {}

  [[nodiscard]] const cogway_view& input(std::uint32_t i) const noexcept { return raw_->inputs[i]; }
  [[nodiscard]] const cogway_view& output(std::uint32_t i) const noexcept {
    return raw_->outputs[i];
  }

  [[nodiscard]] bool given(std::uint32_t i) const noexcept { return raw_->params[i].type != 0; }
  [[nodiscard]] const cogway_value& value(std::uint32_t i) const noexcept {
    return raw_->params[i];
  }
  [[nodiscard]] std::int64_t integer(std::uint32_t i) const noexcept {
    return raw_->params[i].as.i;
  }
  [[nodiscard]] bool flag(std::uint32_t i) const noexcept { return raw_->params[i].as.i != 0; }
  [[nodiscard]] double real(std::uint32_t i) const noexcept { return raw_->params[i].as.f; }

  [[nodiscard]] bool cancelled() const noexcept;
  /// 64-byte aligned, until the call returns; nullptr when the host has none.
  [[nodiscard]] void* scratch(std::size_t bytes) const noexcept;
  template <typename T>
  [[nodiscard]] T* scratch_of(std::size_t count) const noexcept {
    return static_cast<T*>(scratch(count * sizeof(T)));
  }
  std::int32_t parallel_for(std::int64_t n, std::int64_t grain, cogway_range_body body,
                            void* argument) const noexcept;
  std::int32_t set_output_shape(std::uint32_t i, const std::int64_t* shape,
                                std::uint32_t ndim) const noexcept;

  /// Sets the message (printf) and returns code.
  [[gnu::format(printf, 3, 4)]] std::int32_t fail(std::int32_t code, const char* format,
                                                  ...) const noexcept;
  [[nodiscard]] std::int32_t out_of_scratch(std::size_t bytes) const noexcept;
  [[nodiscard]] std::int32_t cancelled_status() const noexcept;

 private:
  const cogway_call* raw_;
};

}  // namespace cogway_image
