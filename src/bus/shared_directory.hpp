// SPDX-License-Identifier: Apache-2.0
#pragma once
// The channels of a shared bus: found by name, made, and removed when nobody has one open and
// nothing is in it. Everything here is rare, and under one robust mutex.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "bus/channel_memory.hpp"
#include "bus/shared_carriage.hpp"
#include "bus/shared_pool.hpp"
#include "bus/shared_segments.hpp"
#include "cogway/bus/channel_options.hpp"
#include "cogway/bus/shared_bus_statistics.hpp"

namespace cogway::detail {

/// A channel as one process has it open.
struct OpenChannel {
  std::uint32_t entry = 0;
  ChannelConfig config;
  ChannelHeader* header = nullptr;
  std::byte* slots = nullptr;
  [[nodiscard]] ChannelRing<> ring() const noexcept {
    return {header->ends, slots, config.shape()};
  }
  [[nodiscard]] ChannelBell<>& bell_of(ChannelEvent event) const noexcept {
    return event == ChannelEvent::message ? header->readable : header->writable;
  }
};

/// **Threads**: any. **Ownership**: borrows all it is made of; an open channel's memory stays until
/// it is let go of.
/// **Progress**: blocking; gives up after a second when a stopped process has the mutex.
/// **Order**: what was done to a channel before release() is seen by the next acquire().
class SharedDirectory {
 public:
  SharedDirectory(SharedSegments& segments, SharedPool& pool, SharedCarriage& carriage,
                  std::uint32_t participant) noexcept
      : segments_(segments), pool_(pool), carriage_(carriage), me_(participant) {}

  /// Finds the channel, or makes it. invalid_argument: it is there, and different;
  /// resource_exhausted: the bus is full, or has 64 channels; unavailable.
  Status acquire(const std::string& name, const ChannelOptions& options, OpenChannel* out);
  /// One acquire() less. The last one of this process lets go of the channel.
  void release(const OpenChannel& channel) noexcept;
  /// After a death: counts what is carried, and removes what nobody needs any more.
  void tidy() noexcept;
  /// What all channels are, without changing them.
  [[nodiscard]] static std::vector<SharedChannelReport> report(const SharedSegments& segments);
  /// Names of the channels.
  [[nodiscard]] std::vector<std::string> names() const;

  /// Takes a dead participant out of all channels; by whoever has its lock. False: a stopped
  /// process has the mutex.
  static bool bury(SharedSegments& segments, std::uint32_t dead) noexcept;

 private:
  Status find_or_make(const std::string& name, const ChannelOptions& options, OpenChannel* out);
  Status make(const std::string& name, const ChannelOptions& options, SharedEntry& entry,
              OpenChannel* out);
  void remove_if_idle(SharedEntry& entry) noexcept;

  SharedSegments& segments_;
  SharedPool& pool_;
  SharedCarriage& carriage_;
  const std::uint32_t me_;
  std::mutex mutex_;                             ///< of what follows; taken before the directory's
  std::map<std::uint32_t, std::uint32_t> open_;  ///< acquires of this process, by entry
};

/// Wakes one that waits at the bell, if somebody does.
void wake_one(ChannelBell<>& bell, LoopCaller& caller) noexcept;
/// Wakes all.
void wake_all(ChannelBell<>& bell, LoopCaller& caller) noexcept;
/// Sleeps as `me` while the bell is at that turn, until the deadline.
void sleep_at(const ChannelBell<>& bell, std::uint32_t turn, std::uint32_t me,
              TimePoint deadline) noexcept;

}  // namespace cogway::detail
