// SPDX-License-Identifier: Apache-2.0
// How a buffer gets from one process to another: a handle is made, sent by any means, and attached.
#include <algorithm>
#include <iterator>
#include <utility>

#include "bus/shared_pool.hpp"
#include "bus/shared_records.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_step.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/bus/shared_bus.hpp"

namespace cogway {
namespace {

detail::SharedHeader& shared_of(const BufferRef& buffer) noexcept {
  auto* header = reinterpret_cast<std::byte*>(buffer.record()->header);
  return *reinterpret_cast<detail::SharedHeader*>(header - offsetof(detail::SharedHeader, buffer));
}

// Another process wrote it: only what a lease could have made is believed.
bool plausible(const Layout& layout, std::uint64_t block_bytes) {
  if (layout.ndim > kMaxDims) return false;
  Layout same;
  return Layout::contiguous(layout.dtype, layout.dims(), &same).ok() && same == layout &&
         layout.nbytes() <= block_bytes;
}

}  // namespace

Status SharedBus::share(const BufferRef& buffer, BufferId* out) {
  if (!buffer || buffer.shared_bus() != this) {
    return {StatusCode::invalid_argument,
            "the buffer is not of this bus: copy it into one that is"};
  }
  if (Status status = buffer.freeze(); !status.ok()) return status;
  *out = buffer.id();
  return {};
}

Status SharedBus::hand_over(const BufferRef& buffer, BufferId* out) {
  if (belongs_here()) drop_arrived();
  if (Status status = share(buffer, out); !status.ok()) return status;
  const std::lock_guard lock(transit_mutex_);
  if (closed()) {
    shared_of(buffer).holders.bequeath();
    return {};
  }
  // Each hand-over waits for an attach of its own.
  std::uint32_t awaited = shared_of(buffer).attaches.load() + 1;
  for (const Transit& entry : transit_) {
    if (entry.buffer == buffer) awaited = std::max(awaited, entry.awaited + 1);
  }
  transit_.push_back({buffer, awaited});
  return {};
}

bool SharedBus::Transit::arrived() const noexcept {
  return static_cast<std::int32_t>(shared_of(buffer).attaches.load() - awaited) >= 0;
}

// Drops references to what the receivers hold by now.
void SharedBus::drop_arrived() noexcept {
  std::deque<Transit> arrived;  // dropped after the lock: freeing may end the bus
  const std::lock_guard lock(transit_mutex_);
  const auto first = std::stable_partition(transit_.begin(), transit_.end(),
                                           [](const Transit& entry) { return !entry.arrived(); });
  std::move(first, transit_.end(), std::back_inserter(arrived));
  transit_.erase(first, transit_.end());
}

// What this process cannot wait for any more waits in the buffer itself.
void SharedBus::bequeath_transit() noexcept {
  std::deque<Transit> left;
  const std::lock_guard lock(transit_mutex_);
  closed_.store(true);
  left.swap(transit_);
  for (const Transit& entry : left) {
    if (!entry.arrived()) shared_of(entry.buffer).holders.bequeath();
  }
}

std::uint64_t SharedBus::disinherit() noexcept { return belongs_here() ? pool_->disinherit() : 0; }

Status SharedBus::attach(BufferId id, BufferRef* out) {
  if (Status status = usable(); !status.ok()) return status;
  BufferRef attached;
  if (Status status = attach_held(id, &attached); !status.ok()) return status;
  detail::SharedHeader& shared = shared_of(attached);
  shared.attaches.fetch_add(1);
  shared.holders.settle();
  detail::shared_step("attach.done");
  *out = std::move(attached);
  return {};
}

// Of whatever holds it meanwhile: a handle on its way, or a slot of a channel.
Status SharedBus::attach_held(BufferId id, BufferRef* out) {
  const detail::SharedPlan& plan = segments_->plan();
  if (id.size_class >= kSizeClasses || id.block >= pool_->carved(id.size_class)) {
    return {StatusCode::invalid_argument, "this is no handle of a buffer of this bus"};
  }
  const detail::ClassPlan& at = plan.classes[id.size_class];
  detail::SharedHeader& shared = segments_->header(at, id.block);
  detail::BufferRecord* record = records_->at(at.first + id.block);
  if (record == nullptr)
    return {StatusCode::resource_exhausted, "no memory left to attach a buffer"};
  Status gone{StatusCode::not_found,
              "the buffer is gone: whoever shared it let go of it, or died, before it was "
              "attached"};
  const std::lock_guard lock(records_->lock_of(record));
  const bool mine = record->joined;
  if (!mine && !shared.holders.try_join(participant_, id.generation)) return gone;
  detail::shared_step("attach.joined");
  BufferHeader& header = shared.buffer;
  // order: relaxed, constant while the block is held, which it is by now
  const bool same = header.generation.load(std::memory_order_relaxed) == id.generation;
  Status refused;
  if (!same) {
    refused = std::move(gone);
  } else if (header.state.state() != BufferState::frozen) {
    refused = {StatusCode::failed_precondition, "the buffer is not frozen: it was not shared"};
  } else if (!plausible(header.layout, at.block_bytes)) {
    refused = {StatusCode::data_loss, "the description of the buffer is damaged"};
  }
  if (!refused.ok()) {
    if (!mine) pool_->leave(id.size_class, id.block);
    return refused;
  }
  if (mine) {
    if (record->count.revive()) retain();  // its last reference is on its way out, and comes back
  } else {
    detail::SharedRecords::name(record, id.size_class, id.block);
    detail::SharedRecords::bind(record, &header, this, fork_epoch_);
    record->payload = segments_->readable(at.offset_of(id.block));
    record->count.start();
    record->joined = true;
    retain();
  }
  *out = BufferRef::adopt(record);
  return {};
}

}  // namespace cogway
