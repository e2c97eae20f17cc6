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

 private:
  static constexpr std::uint32_t kDue = 4;  ///< wake-ups
  static constexpr std::uint32_t kMost = 8;
  static constexpr std::uint32_t kEnough = 4;  ///< naps in a row
  std::uint32_t in_vain_ = 0;
  std::uint32_t empty_ = 0;
};

}  // namespace cogway
