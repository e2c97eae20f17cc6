// SPDX-License-Identifier: Apache-2.0
// What a shared bus and its files tell.
#include "cogway/bus/shared_bus_statistics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "bus/shared_carriage.hpp"
#include "bus/shared_directory.hpp"
#include "bus/shared_pool.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_words.hpp"
#include "cogway/bus/shared_bus.hpp"

namespace cogway {
namespace {

std::string name_of(const detail::SharedParticipant& entry) {
  std::string name;
  for (const std::atomic<char>& letter : entry.name) {
    const char c = letter.load();
    if (c == '\0') break;
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return name;
}

// `self`: the participant that asks; kSharedParticipants: none.
SharedBusStatistics gather(const detail::SharedSegments& segments, std::uint32_t self) {
  const detail::SharedControl& control = segments.control();
  SharedBusStatistics result;
  result.capacity = segments.plan().capacity;
  result.resident_bytes = control.resident.load();
  result.deaths = control.deaths.load();
  result.reclaimed_buffers = control.reclaimed_buffers.load();
  std::array<SharedBusOwner, detail::kSharedParticipants> owners{};
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    result.leases += control.classes[i].leases.load();
    const detail::ClassPlan& at = segments.plan().classes[i];
    // order: acquire, pairs with SharedPool's release; publishes the headers
    const std::uint32_t carved = control.classes[i].carved.load(std::memory_order_acquire);
    const std::uint32_t exist = std::min(carved, at.blocks);
    for (std::uint32_t block = 0; block < exist; ++block) {
      const detail::SharedHeader& header = segments.header(at, block);
      std::uint64_t holders = header.holders.holders();
      if (!header.holders.held()) continue;
      if (header.holders.bequests() != 0) result.bequeathed_bytes += at.block_bytes;
      std::uint64_t SharedBusStatistics::* total = &SharedBusStatistics::leased_bytes;
      std::uint64_t SharedBusOwner::* part = &SharedBusOwner::leased_bytes;
      switch (header.buffer.state.state()) {
        case BufferState::frozen:
          total = &SharedBusStatistics::frozen_bytes;
          part = &SharedBusOwner::frozen_bytes;
          break;
        case BufferState::transferred:
          total = &SharedBusStatistics::transferred_bytes;
          part = &SharedBusOwner::transferred_bytes;
          break;
        case BufferState::free:  // claimed, its lease about to begin
        case BufferState::leased:
          break;
      }
      result.*total += at.block_bytes;
      ++result.live_buffers;
      for (; holders != 0; holders &= holders - 1) {
        SharedBusOwner& owner = owners[static_cast<std::size_t>(std::countr_zero(holders))];
        owner.*part += at.block_bytes;
        ++owner.buffers;
      }
    }
  }
  result.used_bytes = result.leased_bytes + result.frozen_bytes + result.transferred_bytes;
  result.free_bytes = result.capacity > result.used_bytes ? result.capacity - result.used_bytes : 0;
  const std::uint64_t members = control.members.members();
  for (std::uint32_t i = 0; i < detail::kSharedParticipants; ++i) {
    if ((members >> i & 1) == 0) continue;
    SharedBusOwner owner = owners[i];
    const detail::SharedParticipant& entry = control.participants[i];
    owner.participant = i;
    owner.pid = entry.pid.load();
    owner.name = name_of(entry);
    owner.self = i == self;
    owner.alive = owner.self || segments.locks().held_elsewhere(i);
    owner.waiting = (control.waiters.load() >> i & 1) != 0;
    result.owners.push_back(std::move(owner));
  }
  result.words = detail::SharedWords::statistics(control);
  result.channels = detail::SharedDirectory::report(segments);
  return result;
}

}  // namespace

const std::string& SharedBus::name() const noexcept { return segments_->name(); }
std::uint64_t SharedBus::capacity() const noexcept { return segments_->plan().capacity; }
bool SharedBus::linked() const noexcept { return segments_->linked(); }

SharedBusId SharedBus::id() const noexcept {
  const detail::Preamble& preamble = segments_->control().preamble;
  return {preamble.id[0], preamble.id[1]};
}

std::vector<std::string> SharedBus::channels() const { return directory_->names(); }

std::vector<std::string> SharedBus::names() { return detail::shared_names(); }

SharedBusStatistics SharedBus::statistics() const {
  SharedBusStatistics result = gather(*segments_, participant_);
  if (!belongs_here()) return result;
  const std::lock_guard lock(transit_mutex_);
  result.in_transit = transit_.size();
  return result;
}

Status SharedBus::inspect(const std::string& name, SharedBusStatistics* out) {
  if (Status status = detail::check_shared_name(name); !status.ok()) return status;
  std::unique_ptr<detail::SharedSegments> found;
  if (Status status = detail::SharedSegments::open(name, &found); !status.ok()) return status;
  *out = gather(*found, detail::kSharedParticipants);
  return {};
}

Status SharedBus::remove_dead(const std::string& name) {
  if (Status status = detail::check_shared_name(name); !status.ok()) return status;
  std::unique_ptr<detail::SharedSegments> found;
  if (Status status = detail::SharedSegments::open(name, &found); !status.ok()) return status;
  if (found->retire()) return {};
  return {StatusCode::already_exists, "a process takes part in bus '" + name + "': end it first"};
}

}  // namespace cogway
