// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files on tmpfs that processes find by name and map as shared memory. For memory that is handed
// over by descriptor see shared_memory.hpp.
//
// **Threads**: any. **Ownership**: descriptors are the caller's. **Progress**: system calls.
// **Order**: none.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cogway/base/os/file_descriptor.hpp"

namespace cogway::os {

/// What the system knows about an open file. Device and inode name it among all files.
struct FileFacts {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::uint64_t links = 0;  ///< 0: no name leads to it any more
  std::uint32_t owner = 0;  ///< user
  std::uint32_t mode = 0;   ///< permission bits
  bool regular = false;
  [[nodiscard]] bool same_file(const FileFacts& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

/// Throws std::system_error.
[[nodiscard]] FileFacts file_facts(int fd);
/// The user whose rights this process has.
[[nodiscard]] std::uint32_t effective_user() noexcept;

/// Whether the folder is there and on tmpfs, so that its files are memory.
[[nodiscard]] bool is_memory_folder(const std::string& folder) noexcept;
/// A file of that many zeroes (rounded up to pages), mode 0600, without a name as yet: it goes away
/// with its last descriptor and mapping. Throws std::system_error.
[[nodiscard]] FileDescriptor create_nameless_file(const std::string& folder, std::size_t bytes);
/// Gives a nameless file its name. False: there is one of that name. Throws std::system_error.
[[nodiscard]] bool link_file(int fd, const std::string& path);
/// Opens a file for reading and writing; not through a symbolic link. Empty, with errno in `error`,
/// where that cannot be done.
[[nodiscard]] FileDescriptor open_memory_file(const std::string& path, int* error) noexcept;
/// A descriptor of an open file description of its own for the same file; throws std::system_error.
[[nodiscard]] FileDescriptor open_again(int fd);
/// False: there is none of that name, or it cannot be removed.
bool unlink_file(const std::string& path) noexcept;
/// Names of the files in a folder that begin so; none where it cannot be read.
[[nodiscard]] std::vector<std::string> file_names(const std::string& folder,
                                                  const std::string& prefix);

}  // namespace cogway::os
