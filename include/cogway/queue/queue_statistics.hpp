// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every queue can tell about itself. Taken while others push and pop, the figures belong to
// slightly different moments.

#include <cstddef>
#include <cstdint>

namespace cogway {

struct QueueStatistics {
  std::size_t capacity = 0;
  std::size_t size = 0;
  std::uint64_t pushed = 0;  ///< since the queue was made
  std::uint64_t popped = 0;
};

}  // namespace cogway
