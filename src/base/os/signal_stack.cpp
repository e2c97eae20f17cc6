// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/signal_stack.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace cogway::os {
namespace {

/// Room for our handler and one like faulthandler's after it, beyond the frame that the processor's
/// registers take (which the system knows: it grows with them).
constexpr std::size_t kHandlers = 64 << 10;

std::size_t frame_bytes() noexcept {
#if defined(_SC_MINSIGSTKSZ)
  if (const long least = ::sysconf(_SC_MINSIGSTKSZ); least > 0) {
    return static_cast<std::size_t>(least);
  }
#endif
  return MINSIGSTKSZ;
}

}  // namespace

SignalStack::SignalStack() noexcept {
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
  const auto page = static_cast<std::size_t>(std::max(::sysconf(_SC_PAGESIZE), 4096L));
  const std::size_t usable = (frame_bytes() + kHandlers + page - 1) / page * page;
  void* const memory = ::mmap(nullptr, page + usable, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  ::mprotect(memory, page, PROT_NONE);  // below it, so that handlers overflow into a fault
  stack_t own{};
  own.ss_sp = static_cast<std::byte*>(memory) + page;
  own.ss_size = usable;
  if (::sigaltstack(&own, nullptr) != 0) {
    ::munmap(memory, page + usable);
    return;
  }
  memory_ = memory;
  bytes_ = page + usable;
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, bytes_);
}

}  // namespace cogway::os
