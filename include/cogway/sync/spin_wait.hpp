// SPDX-License-Identifier: Apache-2.0
#pragma once
// Backing off between two attempts of a lock-free operation that somebody else's progress made
// fail. Not for waiting until something happens: that is EventCount, which sleeps.

#include <atomic>

#include "cogway/sync/parking.hpp"

namespace cogway {

/// Pauses that double up to 64 turns, then yields: a thread that keeps losing stops heating the
/// line that the winners need, and on an oversubscribed machine lets the one it waits for run.
///
/// **Threads**: one; make one per attempt, on the stack.
/// **Ownership**: holds nothing.
/// **Progress**: wait-free; once() may enter the kernel to yield, never to sleep.
/// **Order**: none.
template <template <typename> class Atom = std::atomic>
class SpinWait {
 public:
  /// Waits a little, longer each time.
  void once() noexcept {
    if (round_ >= kYieldRound) {
      Parking<Atom>::yield();
      return;
    }
    for (int turn = 0; turn < (1 << round_); ++turn) Parking<Atom>::relax();
    ++round_;
  }
  /// Whether once() has come to yielding: whoever can sleep should do so now.
  [[nodiscard]] bool yields() const noexcept { return round_ >= kYieldRound; }
  void reset() noexcept { round_ = 0; }

 private:
  static constexpr int kYieldRound = 7;
  int round_ = 0;
};

}  // namespace cogway
