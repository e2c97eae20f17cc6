// SPDX-License-Identifier: Apache-2.0
#pragma once
// Locks on single bytes of a file that the kernel releases when the process ends, however it ends:
// how processes tell which of them live. Not for exclusion among threads, which share the locks.

#include <cstdint>

#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::os {

/// Open-file-description locks. The descriptor is this object's own, and is closed in every forked
/// child: else a child would keep its dead parent's locks.
///
/// **Threads**: any; all threads of the process hold a lock together.
/// **Ownership**: its end, or the end of the process, releases all its locks. In a forked child it
/// holds nothing and does nothing.
/// **Progress**: one system call, never waits.
/// **Order**: none that the memory model knows of; publish with atomics.
class ByteLocks {
 public:
  ByteLocks() = default;
  /// For the file that `fd` has open; throws std::system_error.
  explicit ByteLocks(int fd);
  ByteLocks(ByteLocks&& other) noexcept;
  ByteLocks& operator=(ByteLocks&& other) noexcept;
  ~ByteLocks();

  /// Takes the lock on one byte (that need not be there). False: another one's has it.
  [[nodiscard]] bool try_lock(std::uint64_t byte) const noexcept;
  void unlock(std::uint64_t byte) const noexcept;
  /// Whether somebody else's holds it; a look that takes nothing.
  [[nodiscard]] bool held_elsewhere(std::uint64_t byte) const noexcept;

 private:
  FileDescriptor fd_;
  std::uint64_t fork_epoch_ = 0;
};

}  // namespace cogway::os
