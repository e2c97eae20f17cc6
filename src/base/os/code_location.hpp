// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which file the code at an address came from, asked in a signal handler.

#include <cstddef>
#include <cstdint>

namespace cogway::os {

struct CodeLocation {
  static constexpr std::size_t kPathBytes = 512;
  char path[kPathBytes];   ///< NUL-terminated; longer paths are cut
  std::uintptr_t address;  ///< as the file's own symbols count it, if it is position-independent
};

/// False: in no file. Async-signal-safe: reads /proc/self/maps with system calls alone.
bool locate_code(std::uintptr_t address, CodeLocation* location) noexcept;

}  // namespace cogway::os
