// SPDX-License-Identifier: Apache-2.0
#pragma once
// The beginning of the control segment: what the bus is, who takes part, and one entry per size
// class. Offsets and numbers only; the buffer headers follow, class by class.

#include <array>
#include <atomic>
#include <cstdint>

#include "bus/byte_budget.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/bus/buffer_references.hpp"
#include "cogway/bus/size_class.hpp"
#include "cogway/queue/index_stack.hpp"

namespace cogway::detail {

inline constexpr std::uint64_t kControlMagic = 0x3153554259574743;  // "CGWYBUS1"
inline constexpr std::uint32_t kControlVersion = 1;

/// One process that takes part.
struct alignas(kCacheLine) Participant {
  std::atomic<std::uint32_t> present{0};   ///< 1 while the entry is taken
  std::int32_t pid = 0;                    ///< written before present
  std::uint64_t fork_epoch = 0;            ///< its fork epoch when it joined
  std::atomic<std::uint64_t> reserved{0};  ///< bytes of its reservations
};

/// One size class. The lists and counters are written by every lease and release of the class.
struct alignas(kCacheLine) SizeClass {
  IndexStack<> warm;                     ///< free blocks whose memory is resident
  IndexStack<> cold;                     ///< free blocks whose memory was given back
  std::atomic<std::uint64_t> hits{0};    ///< leases served from warm
  std::atomic<std::uint64_t> misses{0};  ///< leases that faulted memory in
  std::atomic<std::uint32_t> carved{0};  ///< blocks that exist; grows under the pool's lock
  std::uint32_t blocks = 0;              ///< blocks that may exist
  std::uint64_t data_offset = 0;         ///< of block 0 in the data segment
  std::uint64_t first = 0;               ///< of block 0 among all links, headers and records
};
static_assert(sizeof(SizeClass) == kCacheLine);

/// **Threads**: atomics by any; the rest is written before anyone else sees it.
/// **Ownership**: the control segment's. **Progress**, **Order**: plain data; see each user.
struct ControlHeader {
  std::uint64_t magic = kControlMagic;
  std::uint32_t version = kControlVersion;
  std::uint32_t page_size = 0;
  std::uint64_t capacity = 0;
  std::uint64_t links_offset = 0;    ///< of the free lists' first link in this segment
  std::uint64_t headers_offset = 0;  ///< of the first buffer header in this segment
  std::uint64_t data_bytes = 0;      ///< size of the data segment

  alignas(kCacheLine) ByteBudget<> bytes;  ///< leased and reserved
  alignas(kCacheLine) std::atomic<std::uint32_t> freed{
      0};  ///< futex word of those who wait for bytes
  alignas(kCacheLine) std::atomic<std::uint64_t> resident{0};  ///< bytes of payload memory touched
  std::atomic<std::uint64_t> reclaimed{0};                     ///< bytes given back so far
  std::array<Participant, ParticipantSet<>::kMaxParticipants> participants;
  std::array<SizeClass, kSizeClasses> classes;
};

}  // namespace cogway::detail
