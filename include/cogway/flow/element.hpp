// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the consumer gets: a batch, or an item where nothing batches.

#include <cstdint>
#include <vector>

#include "cogway/bus/buffer.hpp"

namespace cogway {

/// One item's identity.
struct Member {
  std::uint64_t position = 0;  ///< in the epoch
  std::uint64_t index = 0;     ///< in the source
};

/// **Threads**: a value. **Ownership**: shares its buffers: a place of the bus is free again when
/// the last reference to them is gone. **Progress**: n/a. **Order**: what all stages wrote is
/// visible.
struct Element {
  std::uint64_t number = 0;     ///< of its batch, or its position
  std::vector<Member> members;  ///< of a batch in order of its places; of an item: itself
  bool batch = false;
  bool foreign = false;            ///< the value is with whoever runs the foreign stages
  std::vector<BufferRef> buffers;  ///< stacked: one per output; item: its outputs
  std::vector<std::vector<BufferRef>> collected;  ///< unstacked batch: per member, its outputs
};

}  // namespace cogway
