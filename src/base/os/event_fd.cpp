// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/event_fd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "cogway/base/os/error.hpp"

namespace cogway::os {

EventFd::EventFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!fd_) throw_errno("eventfd");
}

void EventFd::signal() noexcept {
  const std::uint64_t one = 1;
  while (::write(fd_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

std::uint64_t EventFd::drain() noexcept {
  std::uint64_t count = 0;
  for (;;) {
    if (::read(fd_.get(), &count, sizeof(count)) == static_cast<ssize_t>(sizeof(count)))
      return count;
    if (errno != EINTR) return 0;
  }
}

}  // namespace cogway::os
