// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sole owner of one file descriptor, closed at the end of its life.

#include <utility>

namespace cogway::os {

/// **Threads**: one at a time, as an int. **Ownership**: closes its descriptor unless released.
/// **Progress**: close() may enter the kernel. **Order**: none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~FileDescriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

  /// A second descriptor of the same open file, close-on-exec; throws std::system_error.
  [[nodiscard]] FileDescriptor duplicate() const;

 private:
  int fd_ = -1;
};

}  // namespace cogway::os
