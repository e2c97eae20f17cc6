// SPDX-License-Identifier: Apache-2.0
#pragma once
// Payload between two redzones:  begin ── redzone ── payload ── nbytes ── redzone ── end
// The zones hold a pattern that nobody may change; where it has changed, somebody wrote beyond the
// payload.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cogway::detail {

/// On each side at least.
inline constexpr std::uint64_t kRedzoneBytes = 64;
inline constexpr std::byte kRedzonePattern{0xbd};
inline constexpr std::byte kFreshPattern{0xcd};  ///< payload that nobody has written yet
inline constexpr std::byte kFreedPattern{0xdf};  ///< memory that was given back

/// Bytes that differ from a pattern, and where the first one is, from the start of the payload.
struct Damage {
  std::int64_t offset = 0;
  std::uint64_t nbytes = 0;
  [[nodiscard]] explicit operator bool() const noexcept { return nbytes != 0; }
};

struct Redzones {
  std::byte* begin = nullptr;
  std::byte* payload = nullptr;
  std::uint64_t nbytes = 0;
  std::byte* end = nullptr;

  void fill_zones() const noexcept {
    paint(begin, payload, kRedzonePattern);
    paint(payload + nbytes, end, kRedzonePattern);
  }
  void fill_payload() const noexcept { paint(payload, payload + nbytes, kFreshPattern); }
  void fill_freed() const noexcept { paint(begin, end, kFreedPattern); }

  [[nodiscard]] Damage before() const noexcept { return look(begin, payload, kRedzonePattern); }
  [[nodiscard]] Damage after() const noexcept {
    return look(payload + nbytes, end, kRedzonePattern);
  }
  [[nodiscard]] Damage since_freed() const noexcept { return look(begin, end, kFreedPattern); }

 private:
  static void paint(std::byte* from, std::byte* to, std::byte pattern) noexcept {
    std::memset(from, static_cast<int>(pattern), static_cast<std::size_t>(to - from));
  }
  [[nodiscard]] Damage look(const std::byte* from, const std::byte* to,
                            std::byte pattern) const noexcept {
    // Whole as a rule: a comparison with itself, a byte further on, runs at the speed of memcmp.
    if (from == to) return {};
    if (*from == pattern &&
        std::memcmp(from, from + 1, static_cast<std::size_t>(to - from) - 1) == 0)
      return {};
    Damage damage;
    for (const std::byte* at = from; at < to; ++at) {
      if (*at == pattern) continue;
      if (damage.nbytes++ == 0) damage.offset = at - payload;
    }
    return damage;
  }
};

}  // namespace cogway::detail
