// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a thread that waits tells its processor. How many processors there are, and which of them
// this thread may use, is an operating-system question: base/os/processors.hpp.

namespace cogway {

/// One turn of a busy wait: lets a sibling hyper-thread run and keeps the pipeline from filling
/// with speculative loads. 10 to 50 ns; never a system call.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");  // `yield` is a no-op on most cores; isb waits a little
#else
#error "cogway supports x86-64 and aarch64"
#endif
}

/// A hint that the line at `address` is about to be written: it is fetched once, to be owned, not
/// first to be read and then again to be owned. Never faults.
inline void prefetch_to_write(const void* address) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace cogway
