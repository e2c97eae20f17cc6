// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an event count can tell about itself.

#include <cstdint>

namespace cogway {

struct EventCountStatistics {
  std::uint64_t parks = 0;  ///< times a thread went to sleep
  std::uint64_t wakes = 0;  ///< sleepers woken by notifications
  std::uint64_t left_to_search =
      0;                        ///< notifications that a searching thread took instead of a sleeper
  std::uint32_t sleepers = 0;   ///< asleep (or about to be) now
  std::uint32_t searchers = 0;  ///< looking now
};

}  // namespace cogway
