// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call of a kernel on fuzzed bytes: the last four choose parameters and circumstances, the rest
// is the file. A call may end in any status; it may not touch memory that is not its own, run for
// ever, or succeed without an output.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pack_host.hpp"

extern "C" const cogway_pack* cogway_pack_v1(const cogway_host* host);

namespace fuzz {

struct Choices {
  std::vector<std::uint8_t> file;
  std::uint8_t bytes[4] = {};

  Choices(const std::uint8_t* data, std::size_t size) {
    const std::size_t taken = size < 4 ? size : 4;
    for (std::size_t i = 0; i < taken; ++i) bytes[i] = data[size - taken + i];
    file.assign(data, data + (size - taken));
  }
  [[nodiscard]] int of(int byte, int n) const { return bytes[byte] % n; }
  [[nodiscard]] bool bit(int byte, int bit) const { return (bytes[byte] >> bit & 1) != 0; }
};

inline const pack_host::PackHost& host() {
  static const pack_host::PackHost h(cogway_pack_v1);
  return h;
}

inline pack_host::Conditions conditions(const Choices& choices) {
  pack_host::Conditions c;
  c.scratch_bytes = std::size_t{64} << 20;
  if (choices.bit(3, 7)) c.cancel_after = choices.bytes[3] & 0x3F;
  if (choices.bit(3, 6)) c.scratch_bytes = std::size_t{choices.bytes[2]} << 12;
  return c;
}

inline void run(const char* kernel, const Choices& choices,
                const std::vector<pack_host::Param>& params) {
  const auto n = static_cast<std::int64_t>(choices.file.size());
  const pack_host::Array input{choices.file, {n}, {COGWAY_UINT, 8, 1}};
  const pack_host::Result r = host().call(kernel, input, params, conditions(choices));
  if (r.status != COGWAY_OK && r.message.empty()) __builtin_trap();
  if (r.status < 0 || r.status > COGWAY_INTERNAL) __builtin_trap();
}

inline constexpr int kMaxPixels = 1 << 19;

}  // namespace fuzz
