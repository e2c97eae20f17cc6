// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waiting at one side of a channel: look for a while, offer the processor, announce, sleep.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "bus/shared_directory.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/sync/parking.hpp"
#include "cogway/sync/spin_budget.hpp"

namespace cogway::detail {

/// One wait. `attempt()` gives `vain` as long as there is nothing; `meanwhile()` looks for the
/// dead, twenty times a second, as a killed process wakes nobody, and is true when the wait is to
/// end.
struct ChannelWait {
  static constexpr Nanoseconds kLook = std::chrono::milliseconds(50);

  ChannelBell<>& bell;
  SpinPlace& place;
  std::uint32_t me;
  StatusCode vain;
  TimePoint deadline;
  bool slept = false;

  template <typename Attempt, typename Meanwhile>
  StatusCode until(const Attempt& attempt, const Meanwhile& meanwhile) {
    StatusCode code = attempt();
    if (code != vain || search(attempt, &code)) return code;
    for (TimePoint looked = monotonic_now();;) {
      bell.announce(me);
      const std::uint32_t turn = bell.turn();
      if (code = attempt(); code != vain) return code;
      const TimePoint now = monotonic_now();
      if (now >= deadline) return StatusCode::deadline_exceeded;
      slept = true;
      sleep_at(bell, turn, me, std::min(deadline, deadline_after(now, kLook)));
      if (code = attempt(); code != vain) return code;
      if (monotonic_now() - looked < kLook) continue;  // woken, and somebody was faster
      if (meanwhile()) return StatusCode::cancelled;
      looked = monotonic_now();
    }
  }

 private:
  template <typename Attempt>
  bool search(const Attempt& attempt, StatusCode* code) {
    SpinSearch look(place, deadline);
    if (look.granted()) {
      while (look.next()) {
        if (*code = attempt(); *code != vain) break;
      }
      look.finish(*code != vain);
      if (*code != vain) return true;
    }
    using Yield = Parking<std::atomic>;
    for (int turn = 0; turn < Yield::kYields && Yield::offer(place); ++turn) {
      if (*code = attempt(); *code != vain) return true;
    }
    return false;
  }
};

}  // namespace cogway::detail
