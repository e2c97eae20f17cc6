// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a channel of a shared bus is to be like, and what it tells about itself.

#include <cstdint>
#include <optional>
#include <string>

namespace cogway {

/// What a sender does when the channel is full.
enum class ChannelPolicy : std::uint8_t {
  block,        ///< waits for room
  drop_oldest,  ///< takes out the oldest message
  drop_newest,  ///< lets its own message go
  fail,         ///< reports it
};
enum class ChannelKind : std::uint8_t {
  mpmc,  ///< any number of processes and threads send, any number receive
  spsc,  ///< one process sends, one receives: cheaper. The next may once the last has let go
};

/// What an event loop waits for.
enum class ChannelEvent : std::uint8_t { message, room };

/// Who makes the channel chooses; who finds it there may leave all open, or must agree.
struct ChannelOptions {
  static constexpr std::uint32_t kCapacity = 64;
  static constexpr std::uint32_t kMostCapacity = 1U << 16;
  static constexpr std::uint32_t kMessageBytes = 120;
  static constexpr std::uint32_t kMostMessageBytes = 2040;

  std::optional<std::uint32_t> capacity{};       ///< messages; kCapacity
  std::optional<std::uint64_t> bytes{};          ///< of all messages inside together; 0: any
  std::optional<std::uint32_t> message_bytes{};  ///< most of one inline message; kMessageBytes
  std::optional<ChannelPolicy> policy{};         ///< block
  std::optional<ChannelKind> kind{};             ///< mpmc
};

/// A snapshot; each number is right by itself, and counted by all processes together. A process
/// that is killed may leave its last step uncounted.
struct ChannelStatistics {
  std::uint32_t capacity = 0;
  std::uint32_t messages = 0;        ///< inside, those being sent among them
  std::uint64_t bytes = 0;           ///< of the messages inside, as `bytes` bounds them
  std::uint64_t most_bytes = 0;      ///< 0: any
  std::uint32_t openers = 0;         ///< processes that have it open
  std::uint64_t sent = 0;            ///< messages that went in
  std::uint64_t received = 0;        ///< messages that came out
  std::uint64_t dropped_oldest = 0;  ///< taken out for newer ones
  std::uint64_t dropped_newest = 0;  ///< let go, the channel being full
  std::uint64_t refused = 0;         ///< full, reported to the sender
  std::uint64_t abandoned = 0;       ///< their senders died before they were whole
  std::uint64_t damaged = 0;         ///< what no process can have sent
  std::uint64_t send_waits = 0;      ///< waits for room that slept
  std::uint64_t send_timeouts = 0;
  std::uint64_t receive_waits = 0;  ///< waits for a message that slept
  std::uint64_t receive_timeouts = 0;
  bool closed = false;
};

}  // namespace cogway
