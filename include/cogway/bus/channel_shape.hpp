// SPDX-License-Identifier: Apache-2.0
#pragma once
// How large a channel's ring is, and how its steps come out.

#include <cstdint>

namespace cogway {

/// filling: the oldest message is not whole yet, and hides what comes after it.
enum class ChannelStep : std::uint8_t { yes, full, empty, filling, closed, damaged };

/// Known to each process by itself: nothing of it is read from the ring's memory.
struct ChannelShape {
  std::uint32_t slots = 2;        ///< a power of two
  std::uint32_t stride = 128;     ///< bytes from slot to slot
  std::uint32_t capacity = 2;     ///< messages
  std::uint64_t most_weight = 0;  ///< of the messages inside together; 0: any
  bool one_sender = false;
  std::uint64_t (*weight)(std::uint32_t size) noexcept = nullptr;  ///< by the size in a word
  void (*step)(const char* label) noexcept = nullptr;  ///< told where a test may end a process
};

}  // namespace cogway
