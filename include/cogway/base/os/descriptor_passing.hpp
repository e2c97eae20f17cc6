// SPDX-License-Identifier: Apache-2.0
#pragma once
// Handing open files to another process over a Unix socket (SCM_RIGHTS).
//
// **Threads**: any, one at a time for each socket. **Ownership**: the sender's descriptors stay
// its own; received ones are the caller's. **Progress**: blocks as the socket does.
// **Order**: the kernel's: what the sender did before is seen after receiving.

#include <span>
#include <vector>

#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::os {

/// Sends at most 8 descriptors with one byte; throws std::system_error, std::invalid_argument.
void send_descriptors(int socket, std::span<const int> descriptors);
/// What one send_descriptors() of the peer sent, close-on-exec; none when the peer has closed.
/// Throws std::system_error.
[[nodiscard]] std::vector<FileDescriptor> receive_descriptors(int socket);

}  // namespace cogway::os
