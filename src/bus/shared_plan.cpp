// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_plan.hpp"

#include <algorithm>

#include "bus/shared_control.hpp"
#include "cogway/base/os/shared_memory.hpp"

namespace cogway::detail {
namespace {

constexpr std::uint64_t aligned(std::uint64_t value, std::uint64_t to) {
  return (value + to - 1) / to * to;
}

// The fewest blocks that fill whole pages, so that a group can be given back alone.
std::uint32_t group_of(std::uint64_t block_bytes, std::uint64_t page) noexcept {
  std::uint32_t group = 1;
  while (group < HintWord<>::kBlocks && block_bytes * group % page != 0) group *= 2;
  return group;
}

}  // namespace

SharedPlan::SharedPlan(std::uint64_t bytes) noexcept : capacity(bytes) {
  const std::uint64_t page = os::page_size();
  std::uint64_t maps = 0;
  for (std::uint32_t i = size_class_of(kLeastSharedBlock); i < kSizeClasses; ++i) {
    ClassPlan& plan = classes[i];
    if (size_class_least_charge(i) > capacity) break;
    // The largest class is cut to the capacity: all of it can be one buffer.
    plan.block_bytes = std::min(size_class_bytes(i), capacity / page * page);
    plan.group = group_of(plan.block_bytes, page);
    plan.blocks = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(capacity / plan.group_bytes() * plan.group, 0xffff'ff00));
    plan.data_offset = data_bytes;
    data_bytes = aligned(data_bytes + plan.blocks * plan.block_bytes, page);
    plan.first = blocks;
    blocks += plan.blocks;
    plan.first_map = maps;
    plan.maps = aligned(plan.blocks, HintWord<>::kBlocks) / HintWord<>::kBlocks;
    maps += plan.maps;
  }
  warm_offset = aligned(sizeof(SharedControl), page);
  cold_offset = aligned(warm_offset + maps * sizeof(HintWord<>), page);
  headers_offset = aligned(cold_offset + maps * sizeof(HintWord<>), page);
  control_bytes = aligned(headers_offset + blocks * sizeof(SharedHeader), page);
}

std::uint32_t SharedPlan::class_for(std::uint64_t nbytes) const noexcept {
  if (nbytes > capacity) return kSizeClasses;
  const std::uint32_t found = size_class_of(std::max(nbytes, kLeastSharedBlock));
  return found < kSizeClasses && nbytes <= classes[found].block_bytes && classes[found].blocks != 0
             ? found
             : kSizeClasses;
}

}  // namespace cogway::detail
