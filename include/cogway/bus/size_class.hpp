// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which block sizes the bus has: multiples of 64 up to 512 bytes, then four to each doubling, so
// that at most a quarter of a block lies idle.

#include <bit>
#include <cstdint>

namespace cogway {

inline constexpr std::uint64_t kPayloadAlignment = 64;
inline constexpr std::uint32_t kSizeClasses = 124;  ///< the last one has 256 GiB

/// The smallest class whose blocks hold that many bytes (1 to 2^38).
[[nodiscard]] constexpr std::uint32_t size_class_of(std::uint64_t bytes) noexcept {
  if (bytes <= 512) return bytes == 0 ? 0 : static_cast<std::uint32_t>((bytes - 1) / 64);
  const auto exponent = static_cast<std::uint32_t>(std::bit_width(bytes - 1) - 1);
  const std::uint64_t above = bytes - 1 - (std::uint64_t{1} << exponent);
  return 8 + (exponent - 9) * 4 + static_cast<std::uint32_t>(above >> (exponent - 2));
}

/// Bytes of a block of that class.
[[nodiscard]] constexpr std::uint64_t size_class_bytes(std::uint32_t size_class) noexcept {
  if (size_class < 8) return (std::uint64_t{size_class} + 1) * 64;
  const std::uint32_t exponent = 9 + (size_class - 8) / 4;
  return (std::uint64_t{4} + (size_class - 8) % 4 + 1) << (exponent - 2);
}

/// The fewest bytes of capacity that a buffer in a block of that class holds.
[[nodiscard]] constexpr std::uint64_t size_class_least_charge(std::uint32_t size_class) noexcept {
  return size_class == 0 ? kPayloadAlignment : size_class_bytes(size_class - 1) + kPayloadAlignment;
}

static_assert(size_class_bytes(kSizeClasses - 1) == std::uint64_t{1} << 38);
static_assert(size_class_bytes(7) == 512 && size_class_bytes(8) == 640);
static_assert(size_class_of(512) == 7 && size_class_of(513) == 8 && size_class_of(640) == 8);
static_assert(size_class_of(641) == 9 && size_class_of(1024) == 11 && size_class_of(1025) == 12);

}  // namespace cogway
