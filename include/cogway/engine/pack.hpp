// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opening of a kernel pack: from a path to a checked cogway_pack. It registers nothing.

#include <string>
#include <string_view>

#include "cogway/base/status.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

/// Resolves `path` to the file it means (absolute, links followed). not_found when there is none.
Status resolve_pack_path(std::string_view path, std::string* resolved);

/// Opens the file and asks it for its pack; checks ABI number, struct sizes and names.
Status open_pack(const std::string& resolved, const cogway_pack** pack);

}  // namespace cogway
