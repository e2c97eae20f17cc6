// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one source of the package version: CMake and pyproject.toml read this line.

namespace cogway {
inline constexpr const char* kVersionString = "0.1.0";
}  // namespace cogway
