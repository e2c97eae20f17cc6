// SPDX-License-Identifier: Apache-2.0
#pragma once
// A snapshot of what a shared bus holds, and who holds it. Counters that others move meanwhile are
// each right by themselves, and together when nothing runs.

#include <cstdint>
#include <string>
#include <vector>

namespace cogway {

/// One process that takes part.
struct SharedBusOwner {
  std::uint32_t participant = 0;
  std::uint32_t pid = 0;
  std::string name;                ///< of the process, as the system shows it
  bool alive = true;               ///< false: died, and is not reclaimed yet
  bool self = false;               ///< this process, through this object
  bool waiting = false;            ///< for room
  std::uint64_t leased_bytes = 0;  ///< in buffers that it writes
  std::uint64_t frozen_bytes = 0;  ///< in immutable ones that it holds, alone or with others
  std::uint64_t transferred_bytes = 0;
  std::uint64_t buffers = 0;
};

/// One named word.
struct SharedWordStatistics {
  std::string name;
  std::string kind;           ///< "int64", "uint64", "float64", "bool" or "mutex"
  std::uint32_t openers = 0;  ///< processes that have it open
  std::uint32_t waiters = 0;  ///< processes with a thread that waits for it
  std::uint64_t waits = 0;    ///< that had to wait
  std::uint64_t timeouts = 0;
  std::uint64_t notifications = 0;  ///< calls of notify() that found somebody waiting
  std::uint32_t abandoned = 0;      ///< owners that ended with the lock
  bool inconsistent = false;        ///< the last of them, and nobody has repaired since
};

/// One channel. Participants are numbers, as SharedBusOwner has them.
struct SharedChannelReport {
  std::string name;
  std::uint32_t capacity = 0;
  std::string policy;  ///< "block", "drop_oldest", "drop_newest" or "fail"
  std::string kind;    ///< "mpmc" or "spsc"
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;  ///< of the messages inside, a buffer all of its block
  bool closed = false;
  std::vector<std::uint32_t> openers;
  std::vector<std::uint32_t> filling;  ///< who holds a slot, and hides what comes after it
};

struct SharedBusStatistics {
  std::uint64_t capacity = 0;        ///< bytes that may have pages
  std::uint64_t resident_bytes = 0;  ///< bytes that have; free blocks among them
  std::uint64_t used_bytes = 0;      ///< leased + frozen + transferred, each block once
  std::uint64_t free_bytes = 0;      ///< capacity - used
  std::uint64_t leased_bytes = 0;
  std::uint64_t frozen_bytes = 0;
  std::uint64_t transferred_bytes = 0;
  std::uint64_t live_buffers = 0;
  std::uint64_t in_transit = 0;         ///< handed over by this process, not yet attached
  std::uint64_t bequeathed_bytes = 0;   ///< held for handles of processes that have left
  std::uint64_t leases = 0;             ///< made in all, by all
  std::uint64_t deaths = 0;             ///< participants that ended without leaving
  std::uint64_t reclaimed_buffers = 0;  ///< that they held
  std::vector<SharedBusOwner> owners;
  std::vector<SharedWordStatistics> words;
  std::vector<SharedChannelReport> channels;
};

}  // namespace cogway
