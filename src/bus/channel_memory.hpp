// SPDX-License-Identifier: Apache-2.0
#pragma once
// The block that a channel lies in: what was asked for, the ring's ends, who waits, who alone may
// send or receive, numbers, and the slots.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/channel_bell.hpp"
#include "cogway/bus/channel_options.hpp"
#include "cogway/bus/channel_ring.hpp"

namespace cogway::detail {

/// Written before the channel can be found; whoever opens it checks its own copy.
struct ChannelConfig {
  std::uint32_t capacity = 0;
  std::uint32_t message_bytes = 0;
  std::uint64_t bytes = 0;  ///< most weight of the messages inside, in bytes; 0: any
  std::uint32_t policy = 0;
  std::uint32_t kind = 0;
  std::uint64_t checksum = 0;  ///< of all above

  /// invalid_argument: no channel can be so.
  static Status make(const ChannelOptions& options, ChannelConfig* out);
  /// Whether make() can have made it.
  [[nodiscard]] bool whole() const noexcept;
  [[nodiscard]] std::uint32_t slots() const noexcept;
  [[nodiscard]] std::uint32_t stride() const noexcept;
  [[nodiscard]] std::uint64_t total_bytes() const noexcept;
  [[nodiscard]] ChannelRing<>::Shape shape() const noexcept;
};

/// What one side has done; by its processes.
struct alignas(kCacheLine) ChannelSide {
  std::atomic<std::uint32_t> alone{0};  ///< 1 + the one participant that may, of kind spsc
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> waits{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> refused{0};  ///< sending: by policy fail, or without waiting
  std::atomic<std::uint64_t> dropped{0};  ///< sending: newest; receiving: oldest, by a sender
  std::atomic<std::uint64_t> damaged{0};  ///< receiving: no message that can have been sent
};

struct ChannelHeader {
  ChannelConfig config;
  ChannelEnds<> ends;
  ChannelBell<> readable;
  ChannelBell<> writable;
  ChannelSide sending;
  ChannelSide receiving;
  std::atomic<std::uint64_t> abandoned{0};  ///< messages that their senders died over
};
inline constexpr std::uint64_t kSlotsOffset = 1024;
static_assert(sizeof(ChannelHeader) <= kSlotsOffset);

// The size of a message, as a slot's word has it: the bytes of an inline one, or kCarries and the
// size class of the buffer.
inline constexpr std::uint32_t kCarries = 0x800;
/// In units of 16 bytes: of a buffer those of its block, of an inline message its own.
[[nodiscard]] std::uint64_t weight_of(std::uint32_t size) noexcept;
inline constexpr std::uint64_t kWeightUnit = 16;

/// Relaxed, word by word: what another process writes meanwhile is no race, but nonsense that
/// nobody keeps.
void write_message(std::byte* slot, const std::byte* from, std::size_t bytes) noexcept;
void read_message(const std::byte* slot, std::byte* to, std::size_t bytes) noexcept;
void write_handle(std::byte* slot, BufferId id) noexcept;
[[nodiscard]] BufferId read_handle(const std::byte* slot) noexcept;

}  // namespace cogway::detail
