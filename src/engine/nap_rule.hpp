// SPDX-License-Identifier: Apache-2.0
#pragma once
// When a worker that ran out of work should not wait to be woken. Where tasks are shorter than a
// wake-up, a worker that is awake has taken what a sleeper was woken for before that one arrives,
// and the sleeper has cost the submitter a system call and, on a full machine, its processor. Such
// a sleeper is better out of reach for a moment, as if it ran a short task.

#include <cstdint>

#include "cogway/base/clock.hpp"

namespace cogway {

/// **Threads**: its worker's. **Ownership**: a member of the worker. **Progress**, **Order**: none.
class NapRule {
 public:
  /// Work that lasts less was not worth being woken for.
  static constexpr Nanoseconds kPays = std::chrono::microseconds{25};
  /// What a task may wait for a napping worker while the others run long ones.
  static constexpr Nanoseconds kNap = std::chrono::microseconds{200};

  /// A wake-up after which there was work for `lasted`; none: the wake-up was in vain.
  void worked(Nanoseconds lasted) noexcept {
    empty_ = 0;
    if (lasted < kPays) {
      if (in_vain_ < kMost) ++in_vain_;
    } else if (in_vain_ != 0) {
      --in_vain_;
    }
  }
  /// A nap that ended with nothing to do. After a few the worker waits as others do, and naps again
  /// when that turns out as before.
  void napped_in_vain() noexcept {
    if (++empty_ < kEnough) return;
    empty_ = 0;
    in_vain_ = kDue - 1;
  }
  [[nodiscard]] bool due() const noexcept { return in_vain_ >= kDue; }

  /// It slept for so long before there was work.
  void slept(Nanoseconds lasted) noexcept {
    if (lasted >= kRest) {
      short_sleeps_ = 0;
    } else if (short_sleeps_ < kEnough) {
      ++short_sleeps_;
    }
  }
  /// Sleeps end as soon as they begin, and what the worker is woken for is hardly anything: its
  /// waker runs on the same processor, as a rule, and pays a system call and two switches for each
  /// few tasks. If that one is known to bring more, the worker should let it go on and come after
  /// it. (Not otherwise: behind a stranger a task would wait a time slice.)
  [[nodiscard]] bool restless() const noexcept { return short_sleeps_ >= kEnough && due(); }
  /// It let others run and found nothing afterwards.
  void rested_in_vain() noexcept { short_sleeps_ = 0; }

 private:
  static constexpr Nanoseconds kRest = std::chrono::microseconds{20};
  static constexpr std::uint32_t kDue = 4;  ///< wake-ups
  static constexpr std::uint32_t kMost = 8;
  static constexpr std::uint32_t kEnough = 4;  ///< naps in a row
  std::uint32_t in_vain_ = 0;
  std::uint32_t short_sleeps_ = 0;
  std::uint32_t empty_ = 0;
};

}  // namespace cogway
