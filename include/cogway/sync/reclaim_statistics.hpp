// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a domain of deferred reclamation has done so far.

#include <cstddef>
#include <cstdint>

namespace cogway {

struct ReclaimStatistics {
  std::size_t members = 0;    ///< threads that take part now
  std::size_t records = 0;    ///< the most that did at once
  std::uint64_t retired = 0;  ///< objects, ever
  std::uint64_t destroyed = 0;
  std::uint64_t pending = 0;  ///< retired and not destroyed
  std::size_t holding = 0;    ///< epochs: members with a guard; hazards: objects protected
  std::uint64_t epoch = 0;    ///< epochs: how often all members were seen to have moved on
  std::size_t stalled = 0;    ///< epochs: guards from before the present epoch, which hold it up
};

}  // namespace cogway
