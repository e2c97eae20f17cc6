// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/status.hpp"

namespace cogway {

std::string_view status_code_name(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::ok:
      return "ok";
    case StatusCode::cancelled:
      return "cancelled";
    case StatusCode::invalid_argument:
      return "invalid_argument";
    case StatusCode::deadline_exceeded:
      return "deadline_exceeded";
    case StatusCode::not_found:
      return "not_found";
    case StatusCode::already_exists:
      return "already_exists";
    case StatusCode::resource_exhausted:
      return "resource_exhausted";
    case StatusCode::failed_precondition:
      return "failed_precondition";
    case StatusCode::data_loss:
      return "data_loss";
    case StatusCode::unimplemented:
      return "unimplemented";
    case StatusCode::unavailable:
      return "unavailable";
    case StatusCode::internal:
      return "internal";
  }
  return "unknown";
}

}  // namespace cogway
