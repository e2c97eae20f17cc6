// SPDX-License-Identifier: Apache-2.0
#pragma once
// One item that failed, and where.

#include <cstdint>
#include <string>

#include "cogway/base/status.hpp"
#include "cogway/engine/cause.hpp"

namespace cogway {

struct Failure {
  static constexpr std::uint64_t kNoItem = UINT64_MAX;

  std::uint32_t stage = 0;  ///< index in the list of stages; their number: the source
  std::string name;         ///< kernel or stage
  std::uint64_t position = kNoItem;
  std::uint64_t index = kNoItem;
  Cause cause = Cause::kernel;
  Status status;
};

}  // namespace cogway
