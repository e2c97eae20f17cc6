// SPDX-License-Identifier: Apache-2.0
#pragma once
// The outcome of an operation that may fail for reasons a caller can act on. Not for bugs: those
// are asserts. The success value carries no allocation; codes equal those of kernel_abi.h.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cogway {

enum class StatusCode : std::int32_t {
  ok = 0,
  cancelled = 1,
  invalid_argument = 2,  ///< the call is wrong: parameter, shape, dtype
  deadline_exceeded = 3,
  not_found = 4,
  already_exists = 5,
  resource_exhausted = 6,   ///< the bus, a queue or a limit is full
  failed_precondition = 7,  ///< right call, wrong state (closed, frozen, leased elsewhere)
  data_loss = 8,            ///< the input bytes are corrupt or truncated
  unimplemented = 9,        ///< well-formed input of a kind that is not supported
  unavailable = 10,         ///< worker or peer lost, engine closing
  internal = 11,
};

/// "invalid_argument" and so on; "unknown" for a value outside the enumeration.
[[nodiscard]] std::string_view status_code_name(StatusCode code) noexcept;

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  [[nodiscard]] bool ok() const noexcept { return code_ == StatusCode::ok; }
  [[nodiscard]] StatusCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  StatusCode code_ = StatusCode::ok;
  std::string message_;
};

}  // namespace cogway
