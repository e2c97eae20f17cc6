// SPDX-License-Identifier: Apache-2.0
#pragma once
// What PriorityQueue is measured against: lanes that are queues or stacks, the most urgent first.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "queue_specs.hpp"

namespace cogway::testing {

struct UrgencyCall {
  Act act = Act::push;
  std::optional<int> value = {};
  std::size_t lane = 0;        ///< pushed to, or popped from
  bool accepted = true;        ///< of a push
  std::uint32_t may_miss = 0;  ///< bit i: lane i may be taken for empty (full)
};

struct UrgencySpec {
  static constexpr std::size_t kLanes = 2;
  using Call = UrgencyCall;
  std::size_t capacity = 0;  ///< of each lane
  bool lifo = false;
  bool ages = false;  ///< a lane that has waited long may be served out of turn
  std::array<std::deque<int>, kLanes> content{};

  bool apply(const Call& call) {
    std::deque<int>& lane = content[call.lane];
    if (call.act == Act::push) {
      if (!call.accepted) return seems(call, call.lane, lane.size() == capacity);
      if (lane.size() == capacity) return false;
      lane.push_back(*call.value);
      return true;
    }
    const std::size_t passed_over = !call.value ? kLanes : ages ? 0 : call.lane;
    for (std::size_t i = 0; i < passed_over; ++i) {
      if (!seems(call, i, content[i].empty())) return false;
    }
    if (!call.value) return true;
    if (lane.empty() || (lifo ? lane.back() : lane.front()) != *call.value) return false;
    lifo ? lane.pop_back() : lane.pop_front();
    return true;
  }
  [[nodiscard]] std::string key() const {
    std::string key;
    for (const std::deque<int>& lane : content) key += content_key(lane) + ";";
    return key;
  }
  static std::string text(const Call& call) {
    return call_text({call.act, call.value, call.accepted}) + " lane " + std::to_string(call.lane);
  }

 private:
  static bool seems(const Call& call, std::size_t lane, bool is) {
    return is || (call.may_miss >> lane & 1) != 0;
  }
};

/// A pop may miss what is pushed while it looks, and what waits behind that; a push may find cells
/// that are being taken, or are promised to another push, full. No more: urgency is observed among
/// values that were there when the pop began.
inline void allow_misses_of_lanes(History<UrgencyCall>& history) {
  for (auto& operation : history) {
    operation.call.may_miss = 0;
    for (const auto& other : history) {
      const bool moves = other.call.act == Act::push ? other.call.accepted : !!other.call.value;
      if (!moves || !overlap(operation, other)) continue;
      if (operation.call.act == Act::pop && other.call.act == Act::pop) continue;
      operation.call.may_miss |= 1U << other.call.lane;
    }
  }
}

}  // namespace cogway::testing
