// SPDX-License-Identifier: Apache-2.0
#pragma once
// The element type of a buffer, laid out and coded as DLPack's DLDataType (and so as cogway_dtype
// of kernel_abi.h). A value; not for structured types, which the bus does not have.

#include <cstdint>
#include <optional>
#include <string_view>

namespace cogway {

enum class DTypeCode : std::uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  floating = 2,
  brain_float = 4,
  complex_floating = 5,
  boolean = 6,
};

struct DType {
  DTypeCode code = DTypeCode::unsigned_integer;
  std::uint8_t bits = 8;
  std::uint16_t lanes = 1;

  friend constexpr bool operator==(const DType&, const DType&) = default;

  /// Bytes of one element.
  [[nodiscard]] constexpr std::uint32_t itemsize() const noexcept {
    return static_cast<std::uint32_t>(bits) * lanes / 8;
  }
  /// One of the types that the bus can hold (whole bytes, one lane, a width that its code has).
  [[nodiscard]] bool supported() const noexcept;
  /// "uint8", "float32", "bfloat16" and so on; empty for an unsupported type.
  [[nodiscard]] std::string_view name() const noexcept;
  /// Format character of PEP 3118 ("B", "f", "?"); empty where it has none (bfloat16).
  [[nodiscard]] std::string_view format() const noexcept;
  /// Type string of numpy's array interface ("|u1", "<f4"); empty where it has none (bfloat16).
  [[nodiscard]] std::string_view typestr() const noexcept;

  /// The inverse of name(), with the aliases "bool_", "half", "float", "double", "int", "byte".
  [[nodiscard]] static std::optional<DType> parse(std::string_view name) noexcept;
  /// The inverse of format() for native or standard little-endian sizes, with a leading "@", "=" or
  /// "<" allowed.
  [[nodiscard]] static std::optional<DType> parse_format(std::string_view format) noexcept;
};
static_assert(sizeof(DType) == 4);

inline constexpr DType kBool{DTypeCode::boolean, 8, 1};
inline constexpr DType kInt8{DTypeCode::signed_integer, 8, 1};
inline constexpr DType kInt16{DTypeCode::signed_integer, 16, 1};
inline constexpr DType kInt32{DTypeCode::signed_integer, 32, 1};
inline constexpr DType kInt64{DTypeCode::signed_integer, 64, 1};
inline constexpr DType kUint8{DTypeCode::unsigned_integer, 8, 1};
inline constexpr DType kUint16{DTypeCode::unsigned_integer, 16, 1};
inline constexpr DType kUint32{DTypeCode::unsigned_integer, 32, 1};
inline constexpr DType kUint64{DTypeCode::unsigned_integer, 64, 1};
inline constexpr DType kFloat16{DTypeCode::floating, 16, 1};
inline constexpr DType kFloat32{DTypeCode::floating, 32, 1};
inline constexpr DType kFloat64{DTypeCode::floating, 64, 1};
inline constexpr DType kBfloat16{DTypeCode::brain_float, 16, 1};
inline constexpr DType kComplex64{DTypeCode::complex_floating, 64, 1};
inline constexpr DType kComplex128{DTypeCode::complex_floating, 128, 1};

}  // namespace cogway
