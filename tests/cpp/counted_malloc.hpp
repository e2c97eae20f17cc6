// SPDX-License-Identifier: Apache-2.0
#pragma once
// A malloc that counts what any thread of the program asks for while `g_counting` is set. For one
// source of a test program. Sanitizers bring a malloc of their own, so there nothing is counted.

#include <atomic>
#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COGWAY_COUNTS_MALLOC 0
#else
#define COGWAY_COUNTS_MALLOC 1
#endif

namespace {
std::atomic<bool> g_counting{false};
std::atomic<std::int64_t> g_allocations{0};

[[maybe_unused]] void note() {
  if (g_counting.load()) g_allocations.fetch_add(1);
}
}  // namespace

#if COGWAY_COUNTS_MALLOC
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* block, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
__attribute__((visibility("default"))) void* malloc(std::size_t bytes) {
  note();
  return __libc_malloc(bytes);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t bytes) {
  note();
  return __libc_calloc(count, bytes);
}
__attribute__((visibility("default"))) void* realloc(void* block, std::size_t bytes) {
  note();
  return __libc_realloc(block, bytes);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment,
                                                           std::size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}
}
#endif
