// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cutting text without cutting a character.

#include <cstddef>
#include <string_view>

namespace cogway {

/// The greatest size ≤ limit at which `text` may end without splitting a UTF-8 sequence.
[[nodiscard]] constexpr std::size_t utf8_prefix(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  std::size_t size = limit;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return size;
}

}  // namespace cogway
