// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/cause.hpp"

namespace cogway {

const char* cause_name(Cause cause) noexcept {
  switch (cause) {
    case Cause::none:
      return "none";
    case Cause::invalid:
      return "invalid";
    case Cause::kernel:
      return "kernel";
    case Cause::cancelled:
      return "cancelled";
    case Cause::deadline:
      return "deadline";
    case Cause::bus_exhausted:
      return "bus_exhausted";
    case Cause::queue_full:
      return "queue_full";
    case Cause::engine_closed:
      return "engine_closed";
    case Cause::engine_forked:
      return "engine_forked";
    case Cause::abandoned:
      return "abandoned";
  }
  return "unknown";
}

}  // namespace cogway
