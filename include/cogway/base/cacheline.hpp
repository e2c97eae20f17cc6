// SPDX-License-Identifier: Apache-2.0
#pragma once
// The unit of false sharing. Fixed, not std::hardware_destructive_interference_size: that value
// changes with compiler flags, and layouts in shared memory must not.

#include <cstddef>

namespace cogway {
inline constexpr std::size_t kCacheLine = 64;
}  // namespace cogway
