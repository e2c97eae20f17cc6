// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/byte_locks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "cogway/base/os/fork.hpp"
#include "cogway/base/os/memory_file.hpp"

namespace cogway::os {
namespace {

int ask(int fd, int command, short type, std::uint64_t byte, struct flock* out) noexcept {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(byte);
  range.l_len = 1;
  const int result = ::fcntl(fd, command, &range);
  if (out != nullptr) *out = range;
  return result;
}

}  // namespace

ByteLocks::ByteLocks(int fd) : fd_(open_again(fd)), fork_epoch_(fork_epoch()) {
  close_in_children(fd_.get());
}

ByteLocks::ByteLocks(ByteLocks&& other) noexcept
    : fd_(std::move(other.fd_)), fork_epoch_(other.fork_epoch_) {}

ByteLocks& ByteLocks::operator=(ByteLocks&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(fork_epoch_, other.fork_epoch_);
  return *this;
}

ByteLocks::~ByteLocks() {
  if (!fd_) return;
  if (fork_epoch_ == fork_epoch()) {
    keep_in_children(fd_.get());
  } else {
    (void)fd_.release();  // closed when the child began; the number may be another file's by now
  }
}

bool ByteLocks::try_lock(std::uint64_t byte) const noexcept {
  return fork_epoch_ == fork_epoch() && ask(fd_.get(), F_OFD_SETLK, F_WRLCK, byte, nullptr) == 0;
}

void ByteLocks::unlock(std::uint64_t byte) const noexcept {
  if (fork_epoch_ == fork_epoch()) ask(fd_.get(), F_OFD_SETLK, F_UNLCK, byte, nullptr);
}

bool ByteLocks::held_elsewhere(std::uint64_t byte) const noexcept {
  struct flock found{};
  return fork_epoch_ == fork_epoch() && ask(fd_.get(), F_OFD_GETLK, F_WRLCK, byte, &found) == 0 &&
         found.l_type != F_UNLCK;
}

}  // namespace cogway::os
