// SPDX-License-Identifier: Apache-2.0
#pragma once
// Plain parts of a run's state.

#include <cstdint>

#include "cogway/flow/latency_histogram.hpp"
#include "flow/item.hpp"

namespace cogway::detail {

enum class RunState : std::uint8_t { running, failed, cancelled };

struct SegmentState {
  ItemQueue queue;
  std::uint32_t running = 0;
  std::uint64_t queued_most = 0;
};
struct StageCounters {
  std::uint64_t completed = 0, failed = 0;
  std::int64_t busy_ns = 0, wait_ns = 0;
  LatencyHistogram latency;
};
struct ReadySlot {
  enum : std::uint8_t { empty, full, gone } state = empty;
  Item* item = nullptr;
};

}  // namespace cogway::detail
