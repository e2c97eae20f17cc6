// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who has which place in which batch. Bookkeeping only: no buffer is leased or written here, and no
// lock is taken; the run's lock protects it.

#include <cstdint>
#include <memory>
#include <vector>

#include "cogway/bus/buffer.hpp"
#include "cogway/flow/element.hpp"
#include "cogway/kernel_abi.h"

namespace cogway::detail {

struct Item;

enum class SlotState : std::uint8_t { free, taken, filled, hole };

struct BatchSlot {
  SlotState state = SlotState::free;
  Member member;
  Item* item = nullptr;  ///< unstacked: the finished item
};

/// A batch that is being filled.
struct OpenBatch {
  std::uint64_t number = 0;
  std::uint32_t taken = 0;    ///< places given away; ordered: holes among them
  std::uint32_t settled = 0;  ///< filled, and holes
  std::uint32_t filled = 0;
  std::uint64_t charge = 0;  ///< bytes counted for its buffers
  std::vector<BatchSlot> slots;
  std::vector<BufferRef> buffers;  ///< stacked: one per output of the last kernel
};

class BatchAssembler {
 public:
  BatchAssembler(std::uint32_t size, bool ordered) : size_(size), ordered_(ordered) {}

  /// The batch in which an item at `position` has its place; nullptr: open() one first.
  [[nodiscard]] OpenBatch* batch_for(std::uint64_t position) const noexcept;
  OpenBatch* open(std::uint64_t position);
  /// Takes the item's place in `batch`; returns it.
  std::uint32_t take(OpenBatch& batch, const Member& member) noexcept;
  void fill(OpenBatch& batch, std::uint32_t slot, Item* item) noexcept;
  /// The item will not come.
  void give_up(OpenBatch& batch, std::uint32_t slot) noexcept;
  /// Nothing is missing in it, given whether the source has ended.
  [[nodiscard]] bool complete(const OpenBatch& batch, bool source_ended) const noexcept;
  /// Open batches, oldest first.
  [[nodiscard]] const std::vector<OpenBatch*>& open_batches() const noexcept { return open_; }
  /// Forgets a batch; its record (without buffers) is used again.
  void close(OpenBatch* batch) noexcept;

 private:
  std::uint32_t size_;
  bool ordered_;
  std::uint64_t next_number_ = 0;  ///< as completed
  std::vector<OpenBatch*> open_;
  std::vector<OpenBatch*> spare_;
  std::vector<std::unique_ptr<OpenBatch>> owned_;
};

}  // namespace cogway::detail
