// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "cogway/base/os/error.hpp"

namespace cogway::os {
namespace {
constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
}  // namespace

std::size_t page_size() noexcept {
  static const std::size_t size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t round_to_pages(std::size_t bytes) noexcept {
  const std::size_t page = page_size();
  return (bytes + page - 1) / page * page;
}

SharedMemory::SharedMemory(const std::string& name, std::size_t bytes)
    : fd_(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)),
      size_(round_to_pages(bytes)) {
  if (!fd_) throw_errno("memfd_create of '" + name + "'");
  if (bytes == 0 || size_ < bytes) {
    throw std::invalid_argument("shared memory '" + name +
                                "': size must be between 1 byte and the "
                                "address space, not " +
                                std::to_string(bytes));
  }
  const std::string what = "shared memory '" + name + "' of " + std::to_string(size_) + " bytes";
  if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) throw_errno(what);
  if (::fcntl(fd_.get(), F_ADD_SEALS, kSizeSeals) != 0) throw_errno("sealing of " + what);
}

SharedMemory SharedMemory::adopt(FileDescriptor fd) {
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSizeSeals) != kSizeSeals) {
    throw std::invalid_argument("descriptor " + std::to_string(fd.get()) +
                                " is not a memfd sealed against shrinking and growing");
  }
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) throw_errno("fstat of shared memory");
  return {std::move(fd), static_cast<std::size_t>(status.st_size)};
}

SharedMemory SharedMemory::of_file(FileDescriptor fd) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) throw_errno("fstat of a memory file");
  return {std::move(fd), static_cast<std::size_t>(status.st_size)};
}

bool SharedMemory::allocate_pages(std::size_t offset, std::size_t bytes) const noexcept {
  int result = 0;
  do {
    result = ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                         static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

void SharedMemory::seal_future_writes() {
  if (::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE) != 0) {
    throw_errno("sealing of shared memory against further writers");
  }
}

void SharedMemory::release_pages(std::size_t offset, std::size_t bytes) {
  const std::size_t page = page_size();
  const std::size_t first = (offset + page - 1) / page * page;
  const std::size_t last = (offset + bytes) / page * page;
  if (last <= first) return;
  if (::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(first),
                  static_cast<off_t>(last - first)) != 0) {
    throw_errno("release of " + std::to_string(last - first) + " bytes of shared memory");
  }
}

Mapping::Mapping(const SharedMemory& memory, Access access, std::size_t offset, std::size_t bytes)
    : size_(bytes != 0 ? bytes : memory.size() - offset) {
  if (offset > memory.size() || size_ > memory.size() - offset || offset % page_size() != 0) {
    throw std::out_of_range("mapping of " + std::to_string(bytes) + " bytes at offset " +
                            std::to_string(offset) + " of shared memory of " +
                            std::to_string(memory.size()) + " bytes");
  }
  const int protection = access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
  void* address =
      ::mmap(nullptr, size_, protection, MAP_SHARED, memory.fd(), static_cast<off_t>(offset));
  if (address == MAP_FAILED) throw_errno("mmap of " + std::to_string(size_) + " bytes");
  data_ = static_cast<std::byte*>(address);
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void Mapping::prefault(std::size_t offset, std::size_t bytes) const {
  if (offset > size_ || bytes > size_ - offset) {
    throw std::out_of_range("prefault beyond the end of a mapping");
  }
  const std::size_t page = page_size();
  const std::size_t first = offset / page * page;
  const std::size_t length = offset + bytes - first;
  if (length == 0) return;
  int result = 0;
  do {
    result = ::madvise(data_ + first, length, MADV_POPULATE_WRITE);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return;
  if (errno != EINVAL) throw_errno("prefault of " + std::to_string(length) + " bytes");
  // Kernels before 5.14: touch each page with an atomic add of nothing, which keeps what others
  // write.
  for (std::size_t at = first; at < offset + bytes; at += page) {
    auto* cell = reinterpret_cast<unsigned char*>(data_ + at);
    __atomic_fetch_add(cell, static_cast<unsigned char>(0), __ATOMIC_SEQ_CST);
  }
}

bool Mapping::advise_huge_pages(std::size_t offset, std::size_t bytes) const noexcept {
  if (data_ == nullptr || offset > size_ || bytes > size_ - offset) return false;
  return ::madvise(data_ + offset, bytes, MADV_HUGEPAGE) == 0;
}

bool Mapping::forbid(std::size_t offset, std::size_t bytes) const noexcept {
  if (data_ == nullptr || offset > size_ || bytes > size_ - offset) return false;
  return ::mprotect(data_ + offset, bytes, PROT_NONE) == 0;
}

bool Mapping::exclude_from_core_dumps() const noexcept {
  return data_ != nullptr && ::madvise(data_, size_, MADV_DONTDUMP) == 0;
}

}  // namespace cogway::os
