// SPDX-License-Identifier: Apache-2.0
#pragma once
// The order classes of a task: which workers may run it, and which lane of their queue it waits in.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cogway/queue/priority_queue.hpp"  // QueueOrder: the order within a lane

namespace cogway {

/// Lane of the queue. A higher lane is served first; ageing (EngineOptions::ageing) keeps the lower
/// ones moving.
enum class Priority : std::uint8_t { high = 0, normal = 1, low = 2 };
inline constexpr std::size_t kPriorityCount = 3;

/// Each class has its own threads and its own queue. Foreground is for work that somebody awaits;
/// background is for loading and batch work and never takes a processor from the foreground.
enum class WorkerClass : std::uint8_t { foreground = 0, background = 1 };
inline constexpr std::size_t kWorkerClassCount = 2;

[[nodiscard]] constexpr std::string_view priority_name(Priority value) noexcept {
  switch (value) {
    case Priority::high:
      return "high";
    case Priority::normal:
      return "normal";
    case Priority::low:
      return "low";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view worker_class_name(WorkerClass value) noexcept {
  return value == WorkerClass::foreground ? "foreground" : "background";
}

}  // namespace cogway
