// SPDX-License-Identifier: Apache-2.0
#pragma once
// The core's own pack, registered through the same ABI as everybody's: core.noop, core.spin,
// core.copy, file.read.

#include "cogway/kernel_abi.h"

namespace cogway {

[[nodiscard]] const cogway_pack& builtin_pack() noexcept;

/// In file_read.cpp.
[[nodiscard]] const cogway_kernel& file_read_kernel() noexcept;

}  // namespace cogway
