// SPDX-License-Identifier: Apache-2.0
#include "flow/batch_assembler.hpp"

#include <algorithm>

namespace cogway::detail {

OpenBatch* BatchAssembler::batch_for(std::uint64_t position) const noexcept {
  for (OpenBatch* batch : open_) {
    if (ordered_ ? batch->number == position / size_ : batch->taken < size_) return batch;
  }
  return nullptr;
}

OpenBatch* BatchAssembler::open(std::uint64_t position) {
  if (spare_.empty()) {
    owned_.push_back(std::make_unique<OpenBatch>());
    spare_.reserve(owned_.size());
    open_.reserve(owned_.size());
    spare_.push_back(owned_.back().get());
  }
  OpenBatch* batch = spare_.back();
  spare_.pop_back();
  batch->number = ordered_ ? position / size_ : next_number_++;
  batch->taken = batch->settled = batch->filled = 0;
  batch->charge = 0;
  batch->slots.assign(size_, BatchSlot{});
  open_.push_back(batch);
  return batch;
}

std::uint32_t BatchAssembler::take(OpenBatch& batch, const Member& member) noexcept {
  std::uint32_t slot = 0;
  if (ordered_) {
    slot = static_cast<std::uint32_t>(member.position % size_);
  } else {
    while (batch.slots[slot].state != SlotState::free) ++slot;
  }
  batch.slots[slot] = BatchSlot{SlotState::taken, member, nullptr};
  ++batch.taken;
  return slot;
}

void BatchAssembler::fill(OpenBatch& batch, std::uint32_t slot, Item* item) noexcept {
  batch.slots[slot].state = SlotState::filled;
  batch.slots[slot].item = item;
  ++batch.filled;
  ++batch.settled;
}

void BatchAssembler::give_up(OpenBatch& batch, std::uint32_t slot) noexcept {
  if (ordered_) {
    batch.slots[slot].state = SlotState::hole;
    ++batch.settled;
  } else {
    batch.slots[slot].state = SlotState::free;
    --batch.taken;
  }
}

bool BatchAssembler::complete(const OpenBatch& batch, bool source_ended) const noexcept {
  return batch.settled == (source_ended ? batch.taken : size_);
}

void BatchAssembler::close(OpenBatch* batch) noexcept {
  open_.erase(std::find(open_.begin(), open_.end(), batch));
  spare_.push_back(batch);
}

}  // namespace cogway::detail
