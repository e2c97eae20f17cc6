// SPDX-License-Identifier: Apache-2.0
#pragma once
// Telling a process from its forked children. A child inherits memory and descriptors but none of
// the threads; objects that live by threads or by shared counts remember the epoch they were made
// in and are inert in any other.
//
// **Threads**: any. **Ownership**: none. **Progress**: wait-free. **Order**: none; a child begins
// after the count was raised in it.

#include <cstdint>

namespace cogway::os {

/// 1 in the process that loaded cogway; one more in every forked child, counted along the line of
/// descent. Reading it is one load. Clones that bypass fork() handlers (vfork, raw clone) are not
/// seen; those may only exec.
[[nodiscard]] std::uint64_t fork_epoch() noexcept;

/// Has every forked child close that descriptor before fork() returns there: for descriptors whose
/// open file means something to others while it is open. At most 1024 at a time; throws
/// std::runtime_error beyond.
void close_in_children(int fd);
/// Ends that. Before the descriptor is closed.
void keep_in_children(int fd) noexcept;

}  // namespace cogway::os
