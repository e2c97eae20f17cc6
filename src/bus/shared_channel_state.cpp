// SPDX-License-Identifier: Apache-2.0
// The end of a channel, and what it tells.
#include <bit>
#include <limits>

#include "bus/channel_memory.hpp"
#include "bus/shared_directory.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_step.hpp"
#include "cogway/bus/shared_channel.hpp"

namespace cogway {

void SharedChannel::close() noexcept {
  if (!bus_->belongs_here()) return;
  open_->ring().close();
  detail::shared_step("close.marked");
  detail::wake_all(open_->header->readable, bus_->segments_->caller());
  detail::wake_all(open_->header->writable, bus_->segments_->caller());
}

void SharedChannel::watch(ChannelEvent event) noexcept {
  if (bus_->belongs_here()) open_->bell_of(event).announce_loop(bus_->participant());
}

std::uint32_t SharedChannel::ready(ChannelEvent event) const noexcept {
  constexpr std::uint32_t kAny = std::numeric_limits<std::uint32_t>::max();
  if (closed()) return kAny;
  const std::uint32_t inside = size();
  if (event == ChannelEvent::message) return inside;
  return inside < capacity() ? capacity() - inside : 0;
}

void SharedChannel::end_watch(ChannelEvent event, bool timed_out) noexcept {
  if (!bus_->belongs_here()) return;
  detail::ChannelSide& side =
      event == ChannelEvent::message ? open_->header->receiving : open_->header->sending;
  // order: relaxed both, statistics
  side.waits.fetch_add(1, std::memory_order_relaxed);
  if (timed_out) side.timeouts.fetch_add(1, std::memory_order_relaxed);
  if (ready(event) != 0) detail::wake_one(open_->bell_of(event), bus_->segments_->caller());
}

bool SharedChannel::closed() const noexcept {
  return open_->ring().closed() || bus_->closed() || !bus_->belongs_here();
}

std::uint32_t SharedChannel::capacity() const noexcept { return open_->config.capacity; }
std::uint32_t SharedChannel::message_bytes() const noexcept { return open_->config.message_bytes; }
ChannelPolicy SharedChannel::policy() const noexcept {
  return static_cast<ChannelPolicy>(open_->config.policy);
}
ChannelKind SharedChannel::kind() const noexcept {
  return static_cast<ChannelKind>(open_->config.kind);
}
std::uint32_t SharedChannel::size() const noexcept { return open_->ring().size(); }

ChannelStatistics SharedChannel::statistics() const {
  const detail::ChannelHeader& header = *open_->header;
  const ChannelRing<> ring = open_->ring();
  ChannelStatistics now;
  now.capacity = capacity();
  now.messages = ring.size();
  for (std::uint32_t i = 0; i < open_->config.slots(); ++i) {
    ChannelRing<>::Place place;
    if (ring.look(i, &place)) now.bytes += detail::weight_of(place.size()) * detail::kWeightUnit;
  }
  now.most_bytes = open_->config.bytes;
  const auto& entry = bus_->segments_->control().channels[open_->entry];
  now.openers = static_cast<std::uint32_t>(std::popcount(entry.openers.load()));
  now.sent = header.sending.messages.load();
  now.received = header.receiving.messages.load();
  now.dropped_oldest = header.receiving.dropped.load();
  now.dropped_newest = header.sending.dropped.load();
  now.refused = header.sending.refused.load();
  now.abandoned = header.abandoned.load();
  now.damaged = header.receiving.damaged.load();
  now.send_waits = header.sending.waits.load();
  now.send_timeouts = header.sending.timeouts.load();
  now.receive_waits = header.receiving.waits.load();
  now.receive_timeouts = header.receiving.timeouts.load();
  now.closed = ring.closed();
  return now;
}

}  // namespace cogway
