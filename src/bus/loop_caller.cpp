// SPDX-License-Identifier: Apache-2.0
#include "bus/loop_caller.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace cogway::detail {
namespace {

using Path = std::array<char, 64>;

bool write_one(int fd) noexcept {
  const char byte = 0;
  for (;;) {
    if (::write(fd, &byte, 1) == 1) return true;
    if (errno == EAGAIN) return true;  // full: it is readable
    if (errno != EINTR) return false;
  }
}

// What the entry says was written by another process: nothing is opened but that very pipe. For
// writing and reading, so that a write to a process that has died raises no SIGPIPE.
os::FileDescriptor open_pipe(const SharedParticipant& entry) noexcept {
  const std::uint32_t number = entry.line.load();
  const std::uint64_t inode = entry.line_inode.load();
  if (number == 0) return {};
  Path path{};
  std::snprintf(path.data(), path.size(), "/proc/%u/fd/%u", entry.pid.load(), number - 1);
  const os::FileDescriptor found(::open(path.data(), O_PATH | O_CLOEXEC));
  struct stat facts{};
  if (!found || ::fstat(found.get(), &facts) != 0 || !S_ISFIFO(facts.st_mode) ||
      facts.st_ino != inode) {
    return {};
  }
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", found.get());
  return os::FileDescriptor(::open(path.data(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

int LoopCaller::descriptor(std::uint32_t me) noexcept {
  const std::lock_guard lock(mutex_);
  if (read_end_) return read_end_.get();
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
  os::FileDescriptor read_end(ends[0]);
  os::FileDescriptor write_end(ends[1]);
  struct stat facts{};
  if (::fstat(ends[0], &facts) != 0) return -1;
  SharedParticipant& entry = control_.participants[me];
  entry.line_inode.store(facts.st_ino);
  entry.line.store(static_cast<std::uint32_t>(ends[0]) + 1);
  read_end_ = std::move(read_end);
  write_end_ = std::move(write_end);
  return read_end_.get();
}

bool LoopCaller::reach(std::uint32_t who, Line& line) noexcept {
  const SharedParticipant& entry = control_.participants[who];
  const std::uint64_t incarnation = entry.incarnation.load();
  if (line.end && line.incarnation == incarnation) return true;
  line = {open_pipe(entry), incarnation};
  return static_cast<bool>(line.end);
}

bool LoopCaller::call(std::uint32_t who) noexcept {
  if (who >= kSharedParticipants) return false;  // a bit that nobody can have set
  const std::lock_guard lock(mutex_);
  Line& line = lines_[who];
  return reach(who, line) && write_one(line.end.get());
}

void LoopCaller::call_self() noexcept {
  const std::lock_guard lock(mutex_);
  if (write_end_) write_one(write_end_.get());
}

void LoopCaller::clear() noexcept {
  int fd = -1;
  {
    const std::lock_guard lock(mutex_);
    fd = read_end_.get();
  }
  std::array<char, 256> bytes;
  while (fd >= 0) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < static_cast<ssize_t>(bytes.size())) return;
  }
}

}  // namespace cogway::detail
