// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/event_fd.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <system_error>
#include <utility>

#include "cogway/base/os/file_descriptor.hpp"

using namespace cogway::os;

namespace {
bool readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}
}  // namespace

TEST_CASE("an eventfd is readable from a signal until drained") {
  EventFd event;
  CHECK_FALSE(readable(event.fd()));
  CHECK(event.drain() == 0);
  event.signal();
  event.signal();
  CHECK(readable(event.fd()));
  CHECK(event.drain() == 2);
  CHECK_FALSE(readable(event.fd()));
}

TEST_CASE("a file descriptor has one owner and closes once") {
  EventFd event;
  FileDescriptor borrowed(event.fd());
  FileDescriptor first = borrowed.duplicate();
  CHECK(borrowed.release() == event.fd());
  CHECK(first.get() >= 0);
  const int number = first.get();
  FileDescriptor second = std::move(first);
  CHECK_FALSE(static_cast<bool>(first));  // NOLINT: moved from on purpose
  CHECK(second.get() == number);
  second.reset();
  CHECK_FALSE(static_cast<bool>(second));
  FileDescriptor bad(-1);
  CHECK_THROWS_AS((void)bad.duplicate(), std::system_error);
}
