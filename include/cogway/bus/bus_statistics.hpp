// SPDX-License-Identifier: Apache-2.0
#pragma once
// A snapshot of what a bus holds. Counters that other threads move meanwhile are each right by
// themselves, and together when nothing runs.

#include <cstdint>

namespace cogway {

struct BusStatistics {
  std::uint64_t capacity = 0;        ///< bytes that leases and reservations may hold together
  std::uint64_t used_bytes = 0;      ///< leased + frozen + transferred + reserved
  std::uint64_t free_bytes = 0;      ///< capacity - used
  std::uint64_t reserved_bytes = 0;  ///< set aside, not yet leased
  std::uint64_t leased_bytes = 0;
  std::uint64_t frozen_bytes = 0;
  std::uint64_t transferred_bytes = 0;
  std::uint64_t resident_bytes = 0;  ///< payload memory touched and not given back to the system
  std::uint64_t peak_used_bytes = 0;
  std::uint64_t leased_buffers = 0;
  std::uint64_t frozen_buffers = 0;
  std::uint64_t transferred_buffers = 0;
  std::uint64_t live_buffers = 0;     ///< the three above
  std::uint64_t leases = 0;           ///< made in all
  std::uint64_t pool_hits = 0;        ///< leases served by a warm block
  std::uint64_t pool_misses = 0;      ///< leases that had to fault memory in
  std::uint64_t refused = 0;          ///< try_lease or try_reserve found the bus full
  std::uint64_t reclaimed_bytes = 0;  ///< given back to the system to make room for other sizes
  std::uint64_t waiting = 0;          ///< announced waiters for bytes now
  std::uint64_t waits = 0;            ///< leases that had to wait
  std::uint64_t wait_timeouts = 0;
  std::uint64_t keys = 0;  ///< keyed slots in use
};

}  // namespace cogway
