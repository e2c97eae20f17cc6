// SPDX-License-Identifier: Apache-2.0
#pragma once
// Calls of somebody's function that can be stopped for good: after stop() none is under way, and
// none will begin. The function and its argument are the owner's.

#include <atomic>
#include <climits>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/sync/parking.hpp"

namespace cogway::detail {

/// stopped ──open()──► open ──stop()──► stopped
///
/// **Threads**: run() by any, also from within a function that it runs; open() and stop() by one at
/// a time, never from within that function.
/// **Ownership**: none; outlives every run().
/// **Progress**: run() wait-free plus the function; stop() waits for those that run.
/// **Order**: a call sees what came before open(); after stop() one sees what all calls did.
template <template <typename> class Atom = std::atomic>
class CallGate {
 public:
  void open() noexcept { word_.fetch_or(kOpen); }
  void stop() noexcept {
    word_.fetch_and(~kOpen);
    for (std::uint32_t word = word_.load(); word != 0; word = word_.load()) {
      Parking<Atom>::park(word_, word, kNever);
    }
  }
  /// Calls `function()` if open.
  template <typename Function>
  void run(Function&& function) noexcept {
    if ((word_.fetch_add(1) & kOpen) != 0) function();
    if (word_.fetch_sub(1) == 1) Parking<Atom>::unpark(word_, INT_MAX);
  }

 private:
  static constexpr std::uint32_t kOpen = 1U << 31;
  Atom<std::uint32_t> word_{0};  ///< kOpen, plus the calls in flight; by all
};

}  // namespace cogway::detail
