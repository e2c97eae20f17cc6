// SPDX-License-Identifier: Apache-2.0
#pragma once
// The named words of a shared bus as one participant has them open: found by name, made, removed.

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "bus/shared_control.hpp"
#include "cogway/bus/shared_bus_statistics.hpp"
#include "cogway/bus/shared_word.hpp"

namespace cogway::detail {

/// **Threads**: any. **Ownership**: borrows the control file; an open word stays where it is.
/// **Progress**: acquire() and remove() block, and give up after a second when a stopped process
/// has the mutex; the rest takes a lock of this process for some instructions.
/// **Order**: what was done to a word before release() is seen by the next acquire().
class SharedWords {
 public:
  SharedWords(SharedControl& control, std::uint32_t participant) noexcept
      : control_(control), me_(participant) {}

  /// Finds the word, or makes it. invalid_argument: its name, or it is of another kind;
  /// resource_exhausted: there are 128; unavailable.
  Status acquire(const std::string& name, SharedWordKind kind, std::uint64_t initial,
                 std::uint32_t* index);
  /// One acquire() less; returns how many this process still has.
  std::uint32_t release(std::uint32_t index) noexcept;
  /// not_found; already_exists: somebody has it open; unavailable.
  Status remove(const std::string& name);
  /// A thread of this process begins (+1) or ends (-1) to wait.
  void announce(std::uint32_t index, int change) noexcept;

  [[nodiscard]] SharedWordEntry& entry(std::uint32_t index) const noexcept {
    return control_.words[index];
  }

  /// Takes a dead participant out of all words; by whoever has its lock.
  static void bury(SharedControl& control, std::uint32_t dead) noexcept;
  [[nodiscard]] static std::vector<SharedWordStatistics> statistics(const SharedControl& control);

 private:
  Status find_or_make(const std::string& name, SharedWordKind kind, std::uint64_t initial,
                      std::uint32_t* index);

  struct Use {
    std::uint32_t opens = 0;
    std::uint32_t waiting = 0;
  };
  SharedControl& control_;
  const std::uint32_t me_;
  std::mutex mutex_;                      ///< of what follows; taken before `naming`
  std::array<Use, kSharedWords> uses_{};  ///< of this process
};

}  // namespace cogway::detail
