// SPDX-License-Identifier: Apache-2.0
#pragma once
// A large range of private addresses, of which memory is committed as a table in it grows: the
// table never moves, and costs nothing until it is used.

#include <cstddef>
#include <utility>

namespace cogway::os {

/// **Threads**: commit() of distinct ranges from any thread. **Ownership**: unmaps at the end of
/// its life. A forked child has its own copy. **Progress**: system calls. **Order**: none.
class ReservedMemory {
 public:
  ReservedMemory() = default;
  /// Reserves addresses for `bytes`, rounded up to pages; throws std::system_error.
  explicit ReservedMemory(std::size_t bytes);
  ReservedMemory(ReservedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ReservedMemory& operator=(ReservedMemory&& other) noexcept;
  ~ReservedMemory();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Makes the pages of [offset, offset + bytes) usable; they read as zero at first. Again for the
  /// same pages: no effect. False when the system refuses more memory.
  [[nodiscard]] bool commit(std::size_t offset, std::size_t bytes) const noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cogway::os
