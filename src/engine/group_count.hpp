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
  /// What the count stands at while the owner still adds: it notes by itself how many there are,
  /// so that adding one costs no write that the workers see.
  static constexpr std::int64_t kOpen = std::int64_t{1} << 62;

  GroupCount(Atom<std::int64_t>& remaining, Atom<std::size_t>& failures) noexcept
      : remaining_(remaining), failures_(failures) {}

  /// True: these were the last, and the caller completes the group.
  [[nodiscard]] bool finish(std::size_t count, std::size_t failed) noexcept {
    // order: relaxed, published by the count below
    if (failed != 0) failures_.fetch_add(failed, std::memory_order_relaxed);
    return take(static_cast<std::int64_t>(count));
  }
  /// No more than `added` come. True: all of them have ended, and the caller completes the group.
  [[nodiscard]] bool seal(std::size_t added) noexcept {
    return take(kOpen - static_cast<std::int64_t>(added));
  }

 private:
  bool take(std::int64_t taken) noexcept {
    // order: acq_rel, release publishes these tasks' results to the one that counts to zero, which
    // publishes all by closing the list
    const std::int64_t before = remaining_.fetch_sub(taken, std::memory_order_acq_rel);
    COGWAY_DEBUG_ASSERT(before >= taken, "more tasks finished than were added");
    return before == taken;
  }

  Atom<std::int64_t>& remaining_;  ///< kOpen less those that ended; once sealed, those that did not
  Atom<std::size_t>& failures_;
};

}  // namespace cogway
