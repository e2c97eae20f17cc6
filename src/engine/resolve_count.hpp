// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many are about to decide, from outside, about something that may be destroyed as soon as it
// is decided.

#include <atomic>
#include <cstdint>

namespace cogway {

/// enter(), look whether there is something to decide, decide it, leave(); who destroys makes sure
/// that all has been decided, waits until quiet(), and destroys.
///
/// **Threads**: any. **Ownership**: none; outlives what it guards. **Progress**: wait-free.
/// **Order**: who finds it quiet after all was decided sees what those inside did, and none of them
/// touches what it destroys.
template <template <typename> class Atom = std::atomic>
class ResolveCount {
 public:
  void enter() noexcept { inside_.fetch_add(1); }
  void leave() noexcept { inside_.fetch_sub(1); }
  [[nodiscard]] bool quiet() const noexcept { return inside_.load() == 0; }

 private:
  Atom<std::uint32_t> inside_{0};  ///< by all
};

}  // namespace cogway
