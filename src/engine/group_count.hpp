// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a group's tasks count down to its end, over the two words that lie in the group.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/base/assert.hpp"

namespace cogway {

/// **Threads**: any. **Ownership**: none: the words are the group's, which may be gone as soon as
/// somebody else was last. **Progress**: wait-free.
/// **Order**: the last one sees what all did before they finished.
template <template <typename> class Atom = std::atomic>
class GroupCount {
 public:
  GroupCount(Atom<std::int64_t>& remaining, Atom<std::size_t>& failures) noexcept
      : remaining_(remaining), failures_(failures) {}

  /// True: these were the last, and the caller completes the group.
  [[nodiscard]] bool finish(std::size_t count, std::size_t failed) noexcept {
    // order: relaxed, published by the count below
    if (failed != 0) failures_.fetch_add(failed, std::memory_order_relaxed);
    const auto taken = static_cast<std::int64_t>(count);
    // order: acq_rel, release publishes these tasks' results to the one that counts to zero, which
    // publishes all by closing the list
    const std::int64_t before = remaining_.fetch_sub(taken, std::memory_order_acq_rel);
    COGWAY_DEBUG_ASSERT(before >= taken, "more tasks finished than were added");
    return before == taken;
  }

 private:
  Atom<std::int64_t>& remaining_;  ///< tasks that have not ended, and one until sealed
  Atom<std::size_t>& failures_;
};

}  // namespace cogway
