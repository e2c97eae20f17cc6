// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a kernel in C++ fails: by returning a Status, or by throwing. Nothing thrown leaves the pack:
// at the boundary it becomes a status code with a message.

#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "cogway/kernel_abi.h"

#pragma GCC visibility push(hidden)
namespace cogway::kernel {

/// The codes of kernel_abi.h.
enum class Code : std::int32_t {
  ok = COGWAY_OK,
  cancelled = COGWAY_CANCELLED,
  invalid_argument = COGWAY_INVALID_ARGUMENT,
  deadline_exceeded = COGWAY_DEADLINE_EXCEEDED,
  not_found = COGWAY_NOT_FOUND,
  already_exists = COGWAY_ALREADY_EXISTS,
  resource_exhausted = COGWAY_RESOURCE_EXHAUSTED,
  failed_precondition = COGWAY_FAILED_PRECONDITION,
  data_loss = COGWAY_DATA_LOSS,
  unimplemented = COGWAY_UNIMPLEMENTED,
  unavailable = COGWAY_UNAVAILABLE,
  internal = COGWAY_INTERNAL,
};

/// What a kernel returns: ok, or a code with a message for whoever called it.
struct Status {
  Status() = default;
  Status(Code of, std::string text = {}) : code(of), message(std::move(text)) {}  // NOLINT: a code
  [[nodiscard]] bool ok() const noexcept { return code == Code::ok; }

  Code code = Code::ok;
  std::string message;
};

/// The same, thrown. Without a message what the host was told before stays.
///
/// **Threads**: as a value. **Ownership**: its text. **Progress**: allocates. **Order**: none.
class Error : public std::exception {
 public:
  explicit Error(Code code, std::string message = {}) : status_(code, std::move(message)) {}
  [[nodiscard]] const char* what() const noexcept override { return status_.message.c_str(); }
  [[nodiscard]] const Status& status() const noexcept { return status_; }

 private:
  Status status_;
};

namespace detail {

/// The table that the pack was given when it was loaded.
inline const cogway_host* host = nullptr;

inline std::int32_t tell(cogway_context* context, Code code, const char* message) noexcept {
  if (message[0] != '\0') host->fail(context, static_cast<std::int32_t>(code), message);
  return static_cast<std::int32_t>(code);
}

inline std::int32_t finish(cogway_context* context, const Status& status) noexcept {
  return status.ok() ? COGWAY_OK : tell(context, status.code, status.message.c_str());
}

/// The exception in flight as a status code; for a catch-all handler.
inline std::int32_t caught(cogway_context* context) noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return finish(context, error.status());
  } catch (const std::bad_alloc&) {
    return tell(context, Code::resource_exhausted, "no memory");
  } catch (const std::invalid_argument& error) {
    return tell(context, Code::invalid_argument, error.what());
  } catch (const std::out_of_range& error) {
    return tell(context, Code::invalid_argument, error.what());
  } catch (const std::exception& error) {
    return tell(context, Code::internal, error.what());
  } catch (...) {
    return tell(context, Code::internal, "an exception of unknown type");
  }
}

}  // namespace detail
}  // namespace cogway::kernel
#pragma GCC visibility pop
