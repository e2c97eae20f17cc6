// SPDX-License-Identifier: Apache-2.0
#pragma once
// Anonymous memory that other processes can be handed (a memfd), and ranges of it mapped into this
// one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::os {

enum class Access : std::uint8_t { read, read_write };

/// The size of a page of this system.
[[nodiscard]] std::size_t page_size() noexcept;

/// `bytes` rounded up to whole pages.
[[nodiscard]] std::size_t round_to_pages(std::size_t bytes) noexcept;

/// A memfd of fixed size.
///
/// **Threads**: const calls from any thread. **Ownership**: owns the descriptor; the memory lives
/// while a descriptor or a mapping of it does, in any process. **Progress**: system calls.
/// **Order**: none.
class SharedMemory {
 public:
  SharedMemory() = default;
  /// `bytes` (rounded up to pages) of zeroes, shown under `name` in /proc/<pid>/maps; throws
  /// std::system_error. Sealed against shrinking and growing, so that a mapping can never fault
  /// with SIGBUS because somebody truncated it.
  SharedMemory(const std::string& name, std::size_t bytes);
  /// Adopts a descriptor handed over by another process. Throws std::invalid_argument when it is
  /// not a memfd sealed against shrinking: such memory could vanish under its readers.
  [[nodiscard]] static SharedMemory adopt(FileDescriptor fd);
  /// Takes over an open file on tmpfs as it is (see memory_file.hpp); throws std::system_error. Who
  /// may write it may truncate it, and then its readers fault.
  [[nodiscard]] static SharedMemory of_file(FileDescriptor fd);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Forbids every further writable mapping, in this and other processes (existing ones stay).
  void seal_future_writes();
  /// Allocates the pages of [offset, offset + bytes), so that touching them cannot fail; their
  /// content stays. False: the system has not so much memory, or the file system is full.
  [[nodiscard]] bool allocate_pages(std::size_t offset, std::size_t bytes) const noexcept;
  /// Gives whole pages of [offset, offset + bytes) back to the system; they read as zero
  /// afterwards.
  void release_pages(std::size_t offset, std::size_t bytes);

 private:
  SharedMemory(FileDescriptor fd, std::size_t size) noexcept : fd_(std::move(fd)), size_(size) {}
  FileDescriptor fd_;
  std::size_t size_ = 0;
};

/// A range of shared memory at an address of this process.
///
/// **Threads**: const calls from any thread; what lies in the memory has its own rules.
/// **Ownership**: unmaps at the end of its life: nothing may point into it then. **Progress**:
/// system calls. **Order**: none.
class Mapping {
 public:
  Mapping() = default;
  /// Maps [offset, offset + bytes) of `memory`; offset must lie on a page. Throws
  /// std::system_error, std::out_of_range. A forked child inherits the mapping.
  Mapping(const SharedMemory& memory, Access access, std::size_t offset = 0, std::size_t bytes = 0);
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Makes every page of [offset, offset + bytes) present and writable now, instead of at first
  /// touch. The mapping must be read_write. Contents stay.
  void prefault(std::size_t offset, std::size_t bytes) const;
  /// Asks for huge pages where the system offers them for shared memory; false where it does not.
  bool advise_huge_pages() const noexcept { return advise_huge_pages(0, size_); }
  /// The same for [offset, offset + bytes); offset must lie on a page.
  bool advise_huge_pages(std::size_t offset, std::size_t bytes) const noexcept;
  /// Makes the pages of [offset, offset + bytes) inaccessible for this process, for good; false
  /// where the system refuses (too many separate mappings). Both must lie on pages.
  bool forbid(std::size_t offset, std::size_t bytes) const noexcept;
  /// Keeps the mapping out of core dumps. Writing one reads every page of shared memory, and so
  /// would bring each page of a sparse mapping into being.
  bool exclude_from_core_dumps() const noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cogway::os
