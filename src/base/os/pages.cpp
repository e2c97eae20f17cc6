// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace cogway::os {

void discard_pages(void* begin, std::size_t bytes) noexcept {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  const auto last = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / page * page;
  if (first < last) (void)::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace cogway::os
