// SPDX-License-Identifier: Apache-2.0
// The way of an item: from segment to segment, into its batch, to the consumer; and the ways out.
#include <algorithm>
#include <utility>

#include "flow/run_core.hpp"

namespace cogway::detail {

// --- From segment to segment --------------------------------------------------------------------

/// Puts an item before a segment; beyond the last one it is delivered.
void RunCore::enter(Item* item, std::uint32_t segment, Effects& effects) {
  if (!item->whole_batch && plan_->batched && segment == plan_->before_batch) {
    into_batch(item, effects);
    return;
  }
  if (segment == plan_->segments.size()) {
    deliver(item);
    return;
  }
  item->segment = segment;
  item->place = ItemPlace::queued;
  item->ready_ns = now();
  SegmentState& state = segments_[segment];
  state.queue.push(item);
  state.queued_most = std::max(state.queued_most, state.queue.size());
}

/// After a segment: what the item holds now is counted, then it goes on.
void RunCore::leave_segment(Item* item, Effects& effects) {
  std::uint64_t held = 0;
  for (std::uint32_t i = 0; i < item->operand_count; ++i) {
    if (item->operands[i].keep) held += Bus::charge(item->operands[i].keep.nbytes());
  }
  if (!item->whole_batch) {
    largest_item_ = std::max(largest_item_, held);
    item_size_known_ = true;
  }
  bytes_ -= item->charge;
  item->charge = held;
  add_bytes(held);
  enter(item, item->segment + 1, effects);
}

void RunCore::into_batch(Item* item, Effects& effects) {
  OpenBatch* batch = item->batch;
  --moving_;
  if (plan_->stacked()) {
    assembler_.fill(*batch, item->slot, nullptr);
    free_item(item, effects);
  } else {
    item->place = ItemPlace::finished;
    assembler_.fill(*batch, item->slot, item);
  }
  ++stages_[plan_->batch_stage].completed;
  if (assembler_.complete(*batch, source_ended_)) finish_batch(batch, effects);
}

void RunCore::close_complete_batches(Effects& effects) {
  if (!source_ended_ || !plan_->batched) return;
  for (std::size_t i = 0; i < assembler_.open_batches().size();) {
    OpenBatch* batch = assembler_.open_batches()[i];
    if (assembler_.complete(*batch, true)) {
      finish_batch(batch, effects);
    } else {
      ++i;
    }
  }
}

/// Makes the batch an item of its own, or lets it go if it is empty or too short.
void RunCore::finish_batch(OpenBatch* batch, Effects& effects) {
  const bool dropped =
      batch->filled == 0 || (plan_->batch.drop_last && batch->taken < plan_->batch.size);
  Item* item = new_item();
  item->whole_batch = true;
  item->number = batch->number;
  item->charge = batch->charge;
  for (std::uint32_t slot = 0; slot < plan_->batch.size; ++slot) {
    BatchSlot& place = batch->slots[slot];
    if (place.state != SlotState::filled) {
      if (batch->filled != 0) item->holes.push_back(slot);
      continue;
    }
    item->members.push_back(place.member);
    if (place.item == nullptr) continue;
    std::vector<BufferRef>& value = item->collected.emplace_back();
    for (std::uint32_t i = 0; i < place.item->operand_count; ++i) {
      value.push_back(std::move(place.item->operands[i].keep));
    }
    item->charge += std::exchange(place.item->charge, 0);
    item->foreign_value = item->foreign_value || place.item->foreign_value;
    free_item(place.item, effects);
  }
  for (BufferRef& buffer : batch->buffers) {
    item->operands[item->operand_count++] = Operand::of(std::move(buffer));
  }
  batch->buffers.clear();
  assembler_.close(batch);
  if (dropped) {
    drop_item(item, effects);
  } else {
    enter(item, plan_->before_batch, effects);
  }
}

/// An element for the consumer.
void RunCore::deliver(Item* item) {
  item->place = ItemPlace::finished;
  if (!item->whole_batch) --moving_;
  ++ready_count_;
  if (!plan_->options.ordered) {
    ready_.push(item);
    return;
  }
  ReadySlot& slot = ring_[item->number % ring_.size()];
  COGWAY_ASSERT(slot.state == ReadySlot::empty, "two elements of one number");
  slot.state = ReadySlot::full;
  slot.item = item;
}

/// Steps over elements that will not come, so that there is room for later ones.
void RunCore::settle_order() {
  if (!plan_->options.ordered) return;
  for (ReadySlot* slot = &ring_[next_out_ % ring_.size()]; slot->state == ReadySlot::gone;
       slot = &ring_[++next_out_ % ring_.size()]) {
    slot->state = ReadySlot::empty;
  }
}

// --- Items that do not arrive -------------------------------------------------------------------

/// Takes an item out of the run: skipped, or of a batch that is dropped.
void RunCore::drop_item(Item* item, Effects& effects) {
  const bool element = item->whole_batch || !plan_->batched;
  if (item->whole_batch) {
    live_items_ -= item->members.size();
    if (has_foreign_) {
      for (const Member& member : item->members) left_.push_back(member.position);
    }
  } else {
    --live_items_;
    if (item->place != ItemPlace::finished) --moving_;
    if (has_foreign_) left_.push_back(item->member.position);
  }
  if (element) {
    --live_elements_;
    if (plan_->options.ordered && state_ == RunState::running) {
      ring_[item->number % ring_.size()].state = ReadySlot::gone;
    }
  } else {
    OpenBatch* batch = item->batch;
    assembler_.give_up(*batch, item->slot);
    if (state_ == RunState::running && assembler_.complete(*batch, source_ended_)) {
      finish_batch(batch, effects);
    }
  }
  free_item(item, effects);
}

void RunCore::item_failed(Item* item, Failure failure, Effects& effects) {
  const bool skip = plan_->options.skip_errors && state_ == RunState::running &&
                    failure.cause != Cause::engine_closed && failure.cause != Cause::cancelled &&
                    failure.cause != Cause::engine_forked;
  const std::uint64_t count = item->whole_batch ? item->members.size() : 1;
  drop_item(item, effects);
  if (skip && skipped_ + count <= plan_->options.skip_limit) {
    skipped_ += count;
    if (skips_.size() == kKeptSkips) skips_.pop_front();
    skips_.push_back(std::move(failure));
    return;
  }
  fail(std::move(failure), effects);
}

/// Law 7.
void RunCore::fail(Failure failure, Effects& effects) {
  if (failure.cause == Cause::cancelled && state_ != RunState::running) return;
  if (state_ == RunState::cancelled) return;
  failures_.push_back(std::move(failure));
  if (state_ == RunState::running) stop_all(RunState::failed, effects);
}

/// Ends the run: everything that no code works on goes at once.
void RunCore::stop_all(RunState state, Effects& effects) {
  state_ = state;
  if (ended_ns_ == 0) ended_ns_ = now();
  effects.unhook = true;
  for (SegmentState& segment : segments_) {
    while (!segment.queue.empty()) drop_item(segment.queue.pop(), effects);
  }
  while (!parked_.empty()) drop_item(parked_.pop(), effects);
  while (!ready_.empty()) drop_item(ready_.pop(), effects);
  for (ReadySlot& slot : ring_) {
    if (slot.state == ReadySlot::full) drop_item(slot.item, effects);
    slot = ReadySlot{};
  }
  ready_count_ = 0;
  for (OpenBatch* batch : assembler_.open_batches()) {
    for (BatchSlot& slot : batch->slots) {
      if (slot.state != SlotState::filled) continue;
      --live_items_;
      if (has_foreign_) left_.push_back(slot.member.position);
      if (slot.item != nullptr) free_item(slot.item, effects);
      slot = BatchSlot{};
    }
    // The buffers stay until the last chain that writes into them is over: see pump().
  }
  for (Item& item : items_) {
    if (item.place == ItemPlace::submitted && item.task != nullptr) {
      effects.cancel.push_back(TaskRef::share(item.task));
    }
  }
  if (bus_waiter_) {
    bus_waiter_ = false;
    bus_->freed_hooks().retire_waiter();
  }
}

}  // namespace cogway::detail
