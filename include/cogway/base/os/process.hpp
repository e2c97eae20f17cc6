// SPDX-License-Identifier: Apache-2.0
#pragma once
// Naming this process to others.
//
// **Threads**: any. **Ownership**: none. **Progress**: wait-free. **Order**: none.

#include <cstdint>
#include <string>

namespace cogway::os {

/// The number of this process in its own namespace.
[[nodiscard]] std::int32_t process_id() noexcept;

/// The namespace in which process_id() means this process; 0 and 0 where the system does not tell.
struct PidNamespace {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend constexpr bool operator==(const PidNamespace&, const PidNamespace&) = default;
};
[[nodiscard]] PidNamespace pid_namespace() noexcept;

/// What the system shows as this process's name; at most 15 bytes.
[[nodiscard]] std::string process_name();

/// 64 bits that nobody can guess; throws std::system_error.
[[nodiscard]] std::uint64_t random_bits();

}  // namespace cogway::os
