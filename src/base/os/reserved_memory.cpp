// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/reserved_memory.hpp"

#include <sys/mman.h>

#include <string>

#include "cogway/base/os/error.hpp"
#include "cogway/base/os/shared_memory.hpp"

namespace cogway::os {

ReservedMemory::ReservedMemory(std::size_t bytes) : size_(round_to_pages(bytes)) {
  void* address =
      ::mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) throw_errno("reservation of " + std::to_string(size_) + " addresses");
  data_ = static_cast<std::byte*>(address);
}

ReservedMemory& ReservedMemory::operator=(ReservedMemory&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

ReservedMemory::~ReservedMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

bool ReservedMemory::commit(std::size_t offset, std::size_t bytes) const noexcept {
  if (offset > size_ || bytes > size_ - offset) return false;
  const std::size_t first = offset / page_size() * page_size();
  const std::size_t last = round_to_pages(offset + bytes);
  return ::mprotect(data_ + first, last - first, PROT_READ | PROT_WRITE) == 0;
}

}  // namespace cogway::os
