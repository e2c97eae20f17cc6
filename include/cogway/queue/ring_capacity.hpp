// SPDX-License-Identifier: Apache-2.0
#pragma once
// The capacity rule of every ring: a power of two, so that a position becomes a cell by one AND.

#include <bit>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace cogway {

/// `requested` rounded up to a power of two, at least `least`. Throws std::invalid_argument for
/// zero and for more than 2^31 (a request of that size is a mistake in units).
[[nodiscard]] inline std::size_t ring_capacity(std::size_t requested, std::size_t least = 1) {
  constexpr std::size_t kMost = std::size_t{1} << 31;
  if (requested == 0 || requested > kMost) {
    throw std::invalid_argument("queue capacity must lie between 1 and 2147483648, not " +
                                std::to_string(requested));
  }
  return std::bit_ceil(requested < least ? least : requested);
}

}  // namespace cogway
