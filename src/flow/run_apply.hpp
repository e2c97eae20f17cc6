// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a run changes: under its lock, then its effects without it, then whoever waits for quiet.

#include <memory>
#include <utility>
#include <vector>

#include "flow/run_core.hpp"

namespace cogway::detail {

template <typename Change>
void RunCore::apply(Change&& change) {
  std::unique_ptr<Effects> effects;
  {
    Lock lock(mutex_);
    if (spare_effects_.empty()) {
      effects = std::make_unique<Effects>();
    } else {
      effects = std::move(spare_effects_.back());
      spare_effects_.pop_back();
    }
    change(*effects);
    pump(*effects);
    ++carrying_;
  }
  carry_out(*effects);
  std::vector<TaskRef> quiet;
  {
    Lock lock(mutex_);
    --carrying_;
    spare_effects_.push_back(std::move(effects));
    if (quiet_locked()) quiet.swap(quiet_waits_);
  }
  for (const TaskRef& wait : quiet) wait->finish(StatusCode::ok);
}

}  // namespace cogway::detail
