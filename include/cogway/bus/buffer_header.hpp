// SPDX-License-Identifier: Apache-2.0
#pragma once
// One block's entry in the control segment. It holds no pointer: other processes map it elsewhere.
// Not for use outside the bus layer: BufferRef is.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/bus/buffer_references.hpp"
#include "cogway/bus/buffer_state.hpp"
#include "cogway/bus/layout.hpp"

namespace cogway {

/// Where a buffer lives: DLPack's codes. 1 is the processor, the only one so far.
struct Device {
  std::int32_t type = 1;
  std::int32_t id = 0;
  friend constexpr bool operator==(const Device&, const Device&) = default;
};

/// **Threads**: atomics by any; the rest by the lessee until the buffer is frozen or transferred.
/// **Ownership**: the control segment's; a block and its header are one, for ever.
/// **Progress**: n/a (plain data). **Order**: freeze() publishes layout and payload.
struct alignas(kCacheLine) BufferHeader {
  ParticipantSet<> participants;             ///< who holds it; the last to leave frees the block
  StateWord<> state;                         ///< state and writable exports
  std::atomic<std::uint32_t> generation{0};  ///< lessee: +1 per lease; a stale handle differs
  std::uint32_t block = 0;                   ///< own number in its size class; written when carved
  std::uint32_t size_class = 0;              ///< index of the class; written when carved
  std::uint64_t poisoned = 0;  ///< debug mode: 1 from the block's end to its lease or reclaim
  std::atomic<std::uint64_t> charge{0};  ///< bytes of capacity held; read by statistics()
  std::uint64_t touched = 0;             ///< bytes from the block's start that may be resident
  Device device;                         ///< written by the lessee
  Layout layout;                         ///< written by the lessee, then by shrink()
};
static_assert(sizeof(BufferHeader) == 3 * kCacheLine, "headers are laid out for other processes");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace cogway
