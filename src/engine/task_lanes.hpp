// SPDX-License-Identifier: Apache-2.0
#pragma once
// The three lanes of a queue and the rule by which they are served.

#include <array>
#include <cstddef>
#include <cstdint>

#include "cogway/engine/lane.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task.hpp"
#include "task_access.hpp"

namespace cogway {

/// How often each lane was passed over by one taker. Takers age lanes by themselves: no shared
/// write.
struct LaneAges {
  std::array<std::uint32_t, kPriorityCount> passed{};
};

/// **Threads**: any. **Ownership**: a reference per queued task, taken with it. **Progress**: as
/// Lane.
/// **Order**: per lane.
class TaskLanes {
 public:
  TaskLanes(QueueOrder order, std::uint32_t ageing)
      : lanes_{TaskLane(order, kRing), TaskLane(order, kRing), TaskLane(order, kRing)},
        ageing_(ageing) {}

  void push(Task* task) noexcept { lane(*task).push(task); }

  /// Takes up to `room` tasks of one lane: the highest that waits, unless a lower one has been
  /// passed over too often. Never more than a share of what waits, so that other takers find some
  /// too.
  std::size_t take(Task** out, std::size_t room, std::size_t takers, LaneAges& ages) noexcept {
    std::size_t chosen = kPriorityCount;
    bool lower_waits = false;
    for (std::size_t i = 0; i < kPriorityCount; ++i) {
      if (lanes_[i].empty()) continue;
      if (chosen == kPriorityCount) {
        chosen = i;
      } else {
        lower_waits = true;
        if (ageing_ != 0 && ages.passed[i] >= ageing_) chosen = i;
      }
    }
    if (chosen == kPriorityCount) return 0;
    const std::size_t share = lanes_[chosen].size() / (2 * takers) + 1;
    if (share < room) room = share;
    if (lower_waits || chosen == kPriorityCount - 1) room = 1;
    const std::size_t taken = lanes_[chosen].try_take(out, room);
    if (taken == 0) return 0;
    ages.passed[chosen] = 0;
    if (lower_waits) {
      for (std::size_t i = chosen + 1; i < kPriorityCount; ++i) ++ages.passed[i];
    }
    return taken;
  }

  /// A task of the high lane waits: worth a look before continuing with lesser ones.
  [[nodiscard]] bool urgent() const noexcept { return !lanes_[0].empty(); }
  [[nodiscard]] bool empty() const noexcept {
    return lanes_[0].empty() && lanes_[1].empty() && lanes_[2].empty();
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return lanes_[0].size() + lanes_[1].size() + lanes_[2].size();
  }
  [[nodiscard]] std::size_t size(Priority priority) const noexcept {
    return lanes_[static_cast<std::size_t>(priority)].size();
  }

 private:
  using TaskLane = Lane<Task, TaskLink>;
  static constexpr std::size_t kRing = 2048;  ///< beyond it the list: slower, never full
  TaskLane& lane(Task& task) noexcept { return lanes_[static_cast<std::size_t>(task.priority())]; }

  std::array<TaskLane, kPriorityCount> lanes_;
  const std::uint32_t ageing_;
};

}  // namespace cogway
