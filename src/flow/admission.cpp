// SPDX-License-Identifier: Apache-2.0
// Law 3 and 6 of pipeline.hpp: nothing leaves the source before there is room for what it becomes.
#include <algorithm>
#include <utility>

#include "bus/debug_arena.hpp"
#include "flow/run_apply.hpp"
#include "flow/run_core.hpp"

namespace cogway::detail {

/// `alone`: refusing would leave nothing that could make room.
bool RunCore::bytes_allow(std::uint64_t more, bool alone) const noexcept {
  const std::uint64_t limit = plan_->options.prefetch_bytes;
  return limit == 0 || alone || bytes_ + more <= limit;
}

void RunCore::add_bytes(std::uint64_t bytes) noexcept {
  bytes_ += bytes;
  bytes_most_ = std::max(bytes_most_, bytes_);
}

/// Whether the item at position admitted_ may leave the source. Opens the batch that it needs.
bool RunCore::has_room() {
  if (state_ != RunState::running || source_ended_ || bus_refused_ || !parked_.empty())
    return false;
  const PipelineOptions& options = plan_->options;
  // Law 4: the first item goes alone, until it has told what a place looks like.
  if (plan_->stacked() && batch_layouts_.empty() && live_items_ != 0) return false;
  if (options.ordered && admitted_ / plan_->group() >= next_out_ + options.prefetch) return false;
  // Until one has come to rest, nobody knows how large they are.
  if (options.prefetch_bytes != 0 && !item_size_known_ && moving_ != 0) return false;
  if (!plan_->batched) {
    if (!options.ordered && live_elements_ >= options.prefetch) return false;
    return bytes_allow(largest_item_, live_elements_ == 0);
  }
  if (assembler_.batch_for(admitted_) != nullptr) {
    return largest_item_ == 0 || bytes_allow(largest_item_, moving_ == 0);
  }
  if (!options.ordered && live_elements_ >= options.prefetch) return false;
  if (!bytes_allow(batch_bytes_ + largest_item_, live_elements_ == 0)) return false;
  return open_batch(admitted_);
}

bool RunCore::open_batch(std::uint64_t position) {
  OpenBatch* batch = assembler_.open(position);
  if (plan_->stacked() && !batch_layouts_.empty() && !lease_buffers(*batch)) {
    assembler_.close(batch);
    ++bus_waits_;
    bus_refused_ = true;
    return false;
  }
  ++live_elements_;
  return true;
}

/// All of a batch's buffers, or none. Announces itself to the bus before it gives up.
bool RunCore::lease_buffers(OpenBatch& batch) {
  Reservation reservation = bus_->try_reserve(batch_bytes_);
  if (!reservation && !bus_waiter_) {
    wait_for_bus();  // and look once more, as FreedHooks asks
    reservation = bus_->try_reserve(batch_bytes_);
  }
  if (!reservation) return false;
  batch.buffers.clear();
  for (const Layout& layout : batch_layouts_) {
    batch.buffers.push_back(bus_->lease(reservation, layout));
    if (DebugArena* arena = bus_->debug_arena()) {
      arena->name(batch.buffers.back(), nullptr, "a pipeline's batch", plan_->place);
    }
  }
  batch.charge = batch_bytes_;
  add_bytes(batch_bytes_);
  return true;
}

Item* RunCore::admit(std::uint64_t index) {
  Item* item = new_item();
  item->member = Member{admitted_++, index};
  item->number = item->member.position;
  ++live_items_;
  ++moving_;
  live_most_ = std::max(live_most_, live_items_);
  item->charge = largest_item_;
  add_bytes(item->charge);
  if (plan_->batched) {
    item->batch = assembler_.batch_for(item->member.position);
    COGWAY_ASSERT(batch_layouts_.empty() || !item->batch->buffers.empty(),
                  "an item was let into a batch of known places that has no buffers");
    item->slot = assembler_.take(*item->batch, item->member);
  } else {
    ++live_elements_;
  }
  return item;
}

void RunCore::admit_listed(Effects& effects) {
  if (!plan_->list) return;
  const SourceList& list = *plan_->list;
  while (!source_ended_) {
    if (admitted_ == list.values.size()) {
      source_ended_ = true;
      return;
    }
    if (!has_room()) return;
    const std::uint64_t index = order_(admitted_);
    Item* item = admit(index);
    if (list.foreign) {
      item->foreign_value = true;
    } else {
      item->operands[0] = Operand::of(list.values[index]);
      item->operand_count = 1;
    }
    enter(item, 0, effects);
  }
}

Status RunCore::try_offer(std::span<Operand> operands, std::uint64_t index, bool* taken,
                          std::uint64_t* position) {
  *taken = false;
  Status status;
  apply([&](Effects& effects) {
    if (state_ != RunState::running || source_ended_) {
      status = Status(StatusCode::failed_precondition, "the run is over");
      return;
    }
    if (!has_room()) return;
    Item* item = admit(index);
    item->operand_count = static_cast<std::uint32_t>(operands.size());
    std::move(operands.begin(), operands.end(), item->operands);
    item->foreign_value = true;
    *taken = true;
    *position = item->member.position;
    enter(item, 0, effects);
  });
  return status;
}

TaskRef RunCore::wait_room() {
  TaskRef wait;
  apply([&](Effects&) {
    wait = new_wait(room_waits_, state_ != RunState::running || source_ended_ || has_room());
  });
  return wait;
}

void RunCore::end_source() {
  apply([&](Effects&) { source_ended_ = true; });
}

void RunCore::fail_source(StatusCode code, std::string message) {
  apply([&](Effects& effects) {
    Failure failure;
    failure.stage = static_cast<std::uint32_t>(plan_->stages.size());
    failure.name = plan_->source_name;
    failure.status = Status(code, std::move(message));
    source_ended_ = true;
    fail(std::move(failure), effects);
  });
}

/// Keeps what the first item found out about places. Sizes that can never fit are refused by the
/// caller.
void RunCore::learn_places(std::span<const Layout> layouts) {
  batch_layouts_.clear();
  batch_bytes_ = 0;
  for (const Layout& place : layouts) {
    std::array<std::int64_t, kMaxDims> shape{};
    shape[0] = plan_->batch.size;
    std::copy_n(place.shape.begin(), place.ndim, shape.begin() + 1);
    Layout layout;
    const Status status =
        Layout::contiguous(place.dtype, {shape.data(), std::size_t{place.ndim} + 1}, &layout);
    COGWAY_ASSERT(status.ok(), "the chain checked that a batch of these places is possible");
    batch_bytes_ += Bus::charge(layout.nbytes());
    batch_layouts_.push_back(layout);
  }
}

/// The first item found the bus full: it goes alone again.
void RunCore::forget_places() noexcept { batch_layouts_.clear(); }

// --- The bus is full ----------------------------------------------------------------------------

void RunCore::wait_for_bus() noexcept {
  if (bus_waiter_) return;
  bus_waiter_ = true;
  bus_->freed_hooks().announce_waiter();
}

/// Whoever freed bytes calls this, also while it holds locks of its own, or this run's: it only
/// sends a task that looks again.
void RunCore::on_bytes_freed(void* run) noexcept {
  auto* core = static_cast<RunCore*>(run);
  if (core->resume_pending_.exchange(true)) return;
  SpawnOptions options;
  options.worker_class = core->plan_->options.worker_class;
  // A weak reference: the last strong one must not be dropped here, inside the bus's hook.
  auto resume = [weak = core->weak_from_this()] {
    const std::shared_ptr<RunCore> self = weak.lock();
    if (self == nullptr) return;
    self->resume_pending_.store(false);
    self->apply([&](Effects& effects) { self->resume_after_bus(effects); });
  };
  if (!core->engine_.spawn(std::move(resume), options).ok()) core->resume_pending_.store(false);
}

void RunCore::resume_after_bus(Effects& effects) {
  bus_refused_ = false;
  // Only what others gave back counts: an item that tries again frees bytes, too, when it fails.
  const std::uint64_t used = bus_->used();
  ItemQueue still_parked;
  while (!parked_.empty()) {
    Item* item = parked_.pop();
    (used < item->bus_used ? segments_[item->segment].queue : still_parked).push(item);
  }
  parked_ = still_parked;
  if (state_ == RunState::running) admit_listed(effects);
  if (bus_waiter_ && !bus_refused_ && parked_.empty()) {
    bus_waiter_ = false;
    bus_->freed_hooks().retire_waiter();
  }
}

/// An item found the bus full in its chain (law 6). It waits until others give bytes back; if some
/// did since, it tries again at once.
void RunCore::park(Item* item, Effects& effects) {
  ++bus_waits_;
  const bool nothing_else = tasks_ == 0 && ready_count_ == 0 && abroad_ == 0;
  if (nothing_else && bus_->used() <= bytes_) {
    Failure failure;
    failure.stage = item->failed_stage;
    failure.name = plan_->stage_name(item->failed_stage);
    failure.position = item->member.position;
    failure.index = item->member.index;
    failure.cause = Cause::bus_exhausted;
    failure.status = Status(StatusCode::resource_exhausted, item->message);
    item_failed(item, std::move(failure), effects);
    return;
  }
  item->place = ItemPlace::queued;
  item->ready_ns = now();
  wait_for_bus();  // before looking, as FreedHooks asks
  const std::uint64_t used = bus_->used();
  if (used < item->bus_used) {
    segments_[item->segment].queue.push(item);
  } else {
    item->bus_used = used;
    parked_.push(item);
  }
}

}  // namespace cogway::detail
