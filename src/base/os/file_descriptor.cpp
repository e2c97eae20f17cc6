// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "cogway/base/os/error.hpp"

namespace cogway::os {

void FileDescriptor::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old < 0) return;
  const int saved = errno;
  ::close(old);  // never retried: on Linux the descriptor is gone even after EINTR
  errno = saved;
}

FileDescriptor FileDescriptor::duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw_errno("duplicate of file descriptor " + std::to_string(fd_));
  return FileDescriptor(copy);
}

}  // namespace cogway::os
