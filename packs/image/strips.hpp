// SPDX-License-Identifier: Apache-2.0
#pragma once
// Splits work on rows over the engine's workers where there is enough of it, and looks out for
// cancellation on the way.

#include <algorithm>
#include <cstdint>

#include "call.hpp"

namespace cogway_image {

inline constexpr std::int64_t kParallelBytes = std::int64_t{1}
                                               << 20;  // less is not worth a hand-over
inline constexpr std::int64_t kStripBytes = std::int64_t{256}
                                            << 10;  // between two looks, and at least

/// Calls body(begin, end) for disjoint ranges that make up [0, rows); row_bytes: read and written
/// for each. body returns a status and may run on several threads at a time.
template <typename Body>
std::int32_t for_strips(const Call& call, std::int64_t rows, std::int64_t row_bytes,
                        const Body& body) {
  struct Work {
    const Call& call;
    const Body& body;
    std::int64_t strip;
  };
  const Work work{call, body, std::clamp<std::int64_t>(kStripBytes / (row_bytes + 1), 1, rows)};
  const cogway_range_body run = [](void* argument, std::int64_t begin,
                                   std::int64_t end) -> std::int32_t {
    const auto& w = *static_cast<const Work*>(argument);
    for (std::int64_t y = begin; y < end; y += w.strip) {
      if (w.call.cancelled()) return w.call.cancelled_status();
      const std::int32_t status = w.body(y, std::min(y + w.strip, end));
      if (status != COGWAY_OK) return status;
    }
    return COGWAY_OK;
  };
  // The host takes the argument as void*; nothing is written through it.
  void* const argument = const_cast<Work*>(&work);
  if (rows * row_bytes < kParallelBytes) return run(argument, 0, rows);
  return call.parallel_for(rows, work.strip, run, argument);
}

}  // namespace cogway_image
