// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the checker knows about memory. Three models:
//
//   sequential    every load sees the newest store; only races of plain data depend on memory
//   orders store_buffer  stores weaker than seq_cst may linger in a queue of their thread (x86,
//   TSO) views         loads may see any store not yet overtaken (C++20's orders, but no load
//   buffering, and
//                 modification order is the order of execution)
//
// In all three, happens-before is computed from the memory orders that the code asks for, and plain
// data touched without it is reported.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace cogway::model {

inline constexpr std::size_t kMostThreads = 6;  ///< the test's main flow counts as one

enum class Memory : std::uint8_t { sequential, store_buffer, views };

/// What a thread has seen: per location the oldest store it may still read, per thread how far it
/// knows.
struct View {
  std::vector<std::uint32_t> floors;
  std::array<std::uint32_t, kMostThreads> clock{};

  void join(const View& other) {
    if (floors.size() < other.floors.size()) floors.resize(other.floors.size());
    for (std::size_t i = 0; i < other.floors.size(); ++i) {
      floors[i] = std::max(floors[i], other.floors[i]);
    }
    for (std::size_t i = 0; i < clock.size(); ++i) clock[i] = std::max(clock[i], other.clock[i]);
  }
  std::uint32_t& floor(std::size_t location) {
    if (floors.size() <= location) floors.resize(location + 1);
    return floors[location];
  }
};

/// A store and what it publishes.
struct Store {
  std::uint64_t value = 0;
  std::optional<View> message;  ///< of a release, or of the releases whose sequence it continues
};

/// A store in a thread's buffer.
struct Pending {
  std::size_t location = 0;
  Store store;
};

struct Location {
  std::deque<Store> history;
  std::uint32_t dropped = 0;   ///< stores forgotten at the front
  std::uint32_t sc_floor = 0;  ///< newest store that a seq_cst operation has written or read

  [[nodiscard]] std::uint32_t newest() const {
    return dropped + static_cast<std::uint32_t>(history.size()) - 1;
  }
  [[nodiscard]] const Store& at(std::uint32_t index) const { return history[index - dropped]; }
  void append(Store store) {
    history.push_back(std::move(store));
    if (history.size() > kRemembered) {
      history.pop_front();
      ++dropped;
    }
  }
  static constexpr std::size_t kRemembered = 8;
};

/// Who touched a piece of plain data last.
struct PlainState {
  int writer = -1;
  std::uint32_t written_at = 0;
  std::array<std::uint32_t, kMostThreads> read_at{};
};

[[nodiscard]] constexpr bool acquires(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
[[nodiscard]] constexpr bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}
[[nodiscard]] constexpr const char* order_name(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    default:
      return "seq_cst";
  }
}

}  // namespace cogway::model
