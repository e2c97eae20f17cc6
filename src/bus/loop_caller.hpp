// SPDX-License-Identifier: Apache-2.0
#pragma once
// Waking the event loops of another process of the bus: each process has a pipe, of which the
// others open the end by /proc. A participant that cannot be reached so, as /proc is missing or the
// process may not be looked into, is found by its own looking.

#include <array>
#include <cstdint>
#include <mutex>

#include "bus/shared_control.hpp"
#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::detail {

/// **Threads**: any. **Ownership**: its descriptors; borrows the control file's participants.
/// **Progress**: blocking inside the process, and system calls that do not wait.
/// **Order**: what came before call() is seen by who clear()s and finds it.
class LoopCaller {
 public:
  explicit LoopCaller(SharedControl& control) noexcept : control_(control) {}
  LoopCaller(const LoopCaller&) = delete;
  LoopCaller& operator=(const LoopCaller&) = delete;

  /// This process's own end, to be read; -1: there is no descriptor left.
  [[nodiscard]] int descriptor(std::uint32_t me) noexcept;
  /// Makes the participant's descriptor readable. False: it has none, or cannot be reached.
  bool call(std::uint32_t who) noexcept;
  /// The same for this process, if it has one.
  void call_self() noexcept;
  void clear() noexcept;

 private:
  struct Line {
    os::FileDescriptor end;
    std::uint64_t incarnation = 0;
  };
  [[nodiscard]] bool reach(std::uint32_t who, Line& line) noexcept;

  SharedControl& control_;
  std::mutex mutex_;
  std::array<Line, kSharedParticipants> lines_;  ///< under `mutex_`
  os::FileDescriptor read_end_;                  ///< under `mutex_` until made
  os::FileDescriptor write_end_;                 ///< under `mutex_`
};

}  // namespace cogway::detail
