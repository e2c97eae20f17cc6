// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/memory_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cogway/base/os/error.hpp"
#include "cogway/base/os/shared_memory.hpp"

namespace cogway::os {
namespace {

constexpr mode_t kOwnerOnly = 0600;

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

FileFacts file_facts(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) throw_errno("fstat of a memory file");
  FileFacts facts;
  facts.device = status.st_dev;
  facts.inode = status.st_ino;
  facts.bytes = static_cast<std::uint64_t>(status.st_size);
  facts.links = status.st_nlink;
  facts.owner = status.st_uid;
  facts.mode = status.st_mode & 07777U;
  facts.regular = S_ISREG(status.st_mode);
  return facts;
}

std::uint32_t effective_user() noexcept { return ::geteuid(); }

bool is_memory_folder(const std::string& folder) noexcept {
  struct statfs status{};
  return ::statfs(folder.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC;
}

FileDescriptor create_nameless_file(const std::string& folder, std::size_t bytes) {
  const std::string what =
      "a memory file of " + std::to_string(bytes) + " bytes in '" + folder + "'";
  FileDescriptor fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly));
  if (!fd) throw_errno("creation of " + what);
  if (::fchmod(fd.get(), kOwnerOnly) != 0) throw_errno("fchmod of " + what);
  if (::ftruncate(fd.get(), static_cast<off_t>(round_to_pages(bytes))) != 0) throw_errno(what);
  return fd;
}

bool link_file(int fd, const std::string& path) {
  if (::linkat(AT_FDCWD, path_of(fd).c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    return true;
  }
  if (errno != EEXIST) throw_errno("linking of '" + path + "'");
  return false;
}

FileDescriptor open_memory_file(const std::string& path, int* error) noexcept {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  *error = fd ? 0 : errno;
  return fd;
}

FileDescriptor open_again(int fd) {
  FileDescriptor again(::open(path_of(fd).c_str(), O_RDWR | O_CLOEXEC));
  if (!again) throw_errno("opening of a memory file again");
  return again;
}

bool unlink_file(const std::string& path) noexcept { return ::unlink(path.c_str()) == 0; }

std::vector<std::string> file_names(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name.starts_with(prefix)) names.push_back(name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace cogway::os
