// SPDX-License-Identifier: Apache-2.0
#pragma once
// A counter with a descriptor, for waking an event loop that sleeps in epoll. For waking a thread
// of ours use EventCount, which is cheaper and needs no descriptor.

#include <cstdint>

#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::os {

/// **Threads**: every call from any thread. **Ownership**: owns the descriptor; who registers fd()
/// with a loop removes it there first. **Progress**: one system call, never blocks.
/// **Order**: the kernel orders signal() before the drain() that returns its count; do not rely on
/// it to publish data, publish with an atomic.
class EventFd {
 public:
  /// Non-blocking and close-on-exec; throws std::system_error (out of descriptors).
  EventFd();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Makes fd() readable. Never fails: a saturated counter is readable already.
  void signal() noexcept;
  /// Makes fd() unreadable; how many signals there had been since the last drain.
  std::uint64_t drain() noexcept;

 private:
  FileDescriptor fd_;
};

}  // namespace cogway::os
