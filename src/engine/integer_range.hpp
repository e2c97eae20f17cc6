// SPDX-License-Identifier: Apache-2.0
#pragma once
// The integers that a C type can hold, as far as 64 signed bits go.

#include <cstdint>
#include <limits>

#include "cogway/engine/c_type.hpp"

namespace cogway {

struct IntegerRange {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] static IntegerRange of(const CType& type) noexcept {
    if (type.kind == CKind::boolean) return {0, 1};
    const std::uint32_t bits = type.size() * 8;
    IntegerRange range;
    if (!type.is_signed()) range.least = 0;
    if (bits == 64) return range;
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    return type.is_signed() ? IntegerRange{-half, half - 1} : IntegerRange{0, 2 * half - 1};
  }
  [[nodiscard]] bool has(std::int64_t value) const noexcept {
    return value >= least && value <= greatest;
  }
  [[nodiscard]] bool is_all() const noexcept { return least < 0 && greatest == INT64_MAX; }
};

}  // namespace cogway
