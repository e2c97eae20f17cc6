// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why a call was refused or a task did not end well. A StatusCode says what a kernel would say; the
// cause says which part of the engine said it, so that each maps to one exception.

#include <cstdint>
#include <string>
#include <utility>

#include "cogway/base/status.hpp"

namespace cogway {

enum class Cause : std::uint8_t {
  none = 0,
  invalid,    ///< the call is wrong (parameter, shape, dtype, affinity): refused where it was made
  kernel,     ///< the kernel, or the callable, returned or threw a failure
  cancelled,  ///< cancel() won
  deadline,   ///< the deadline passed first
  bus_exhausted,  ///< the bus has no room (policy fail), or could never have
  queue_full,     ///< EngineOptions::queue_capacity tasks wait already
  engine_closed,  ///< the engine was closed before the task ran
  engine_forked,  ///< the engine belongs to the parent process
  abandoned,      ///< the kernel did not return within the grace period
};

/// "invalid" and so on.
[[nodiscard]] const char* cause_name(Cause cause) noexcept;

/// The outcome of a submission: accepted, or refused with cause and message.
class [[nodiscard]] Admission {
 public:
  Admission() = default;
  Admission(Cause cause, Status status) : cause_(cause), status_(std::move(status)) {}
  [[nodiscard]] bool ok() const noexcept { return cause_ == Cause::none; }
  [[nodiscard]] Cause cause() const noexcept { return cause_; }
  [[nodiscard]] const Status& status() const noexcept { return status_; }
  /// Index in the batch of the call that was refused; 0 for a single call.
  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  void set_index(std::size_t index) noexcept { index_ = index; }

 private:
  Cause cause_ = Cause::none;
  std::size_t index_ = 0;
  Status status_;
};

}  // namespace cogway
