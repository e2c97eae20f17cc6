// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where everything lies in the two files of a shared bus: a function of its capacity alone, so that
// nobody has to believe an offset that it finds in shared memory.

#include <array>
#include <cstdint>

#include "cogway/bus/size_class.hpp"

namespace cogway::detail {

/// Smaller blocks would cost more in tables than in payload.
inline constexpr std::uint64_t kLeastSharedBlock = 256;

/// One size class.
struct ClassPlan {
  std::uint32_t blocks = 0;  ///< that may exist; 0: larger than the capacity
  std::uint32_t group = 1;   ///< blocks that get and lose their pages together
  std::uint64_t block_bytes = 0;
  std::uint64_t data_offset = 0;  ///< of block 0 in the data file
  std::uint64_t first = 0;        ///< of block 0 among all headers
  std::uint64_t first_map = 0;    ///< of its hints among all hint words
  std::uint64_t maps = 0;         ///< hint words
  [[nodiscard]] std::uint32_t group_start(std::uint32_t block) const noexcept {
    return block / group * group;
  }
  [[nodiscard]] std::uint64_t offset_of(std::uint32_t block) const noexcept {
    return data_offset + block * block_bytes;
  }
  [[nodiscard]] std::uint64_t group_bytes() const noexcept { return block_bytes * group; }
};

struct SharedPlan {
  /// Between 1 MiB and 256 GiB.
  explicit SharedPlan(std::uint64_t bytes) noexcept;

  /// The class for that many payload bytes; kSizeClasses: they are more than the capacity.
  [[nodiscard]] std::uint32_t class_for(std::uint64_t nbytes) const noexcept;

  std::uint64_t capacity = 0;
  std::array<ClassPlan, kSizeClasses> classes{};
  std::uint64_t blocks = 0;
  std::uint64_t warm_offset = 0;     ///< in the control file: hints at free blocks with pages
  std::uint64_t cold_offset = 0;     ///< hints at free blocks without
  std::uint64_t headers_offset = 0;  ///< one SharedHeader a block
  std::uint64_t control_bytes = 0;
  std::uint64_t data_bytes = 0;
};

}  // namespace cogway::detail
