// SPDX-License-Identifier: Apache-2.0
#pragma once
// Checks of our own invariants. A failed one is a bug of cogway, never bad input from a caller: bad
// input gets an exception or a Status. The process ends at once, with file, line and reason.
//
// COGWAY_ASSERT is compiled in always, so it stands where a check costs nothing that matters.
// COGWAY_DEBUG_ASSERT is compiled in where NDEBUG is not set and under every sanitizer, and may
// stand on hot paths.

namespace cogway::detail {
[[noreturn]] void assert_failed(const char* condition, const char* reason, const char* file,
                                int line) noexcept;
}  // namespace cogway::detail

#define COGWAY_ASSERT(condition, reason) \
  (__builtin_expect(!!(condition), 1)    \
       ? static_cast<void>(0)            \
       : ::cogway::detail::assert_failed(#condition, reason, __FILE__, __LINE__))

#if !defined(NDEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COGWAY_DEBUG_ASSERT(condition, reason) COGWAY_ASSERT(condition, reason)
#else
#define COGWAY_DEBUG_ASSERT(condition, reason) static_cast<void>(sizeof(!!(condition)))
#endif
