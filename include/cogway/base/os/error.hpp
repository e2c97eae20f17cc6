// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a failed system call becomes an exception: std::system_error with the call, what it was for,
// and errno's text.
//
// **Threads**: any. **Ownership**: none. **Progress**: as the exception's allocation. **Order**:
// none.

#include <string>
#include <system_error>

namespace cogway::os {

/// Throws std::system_error for `error` (an errno value); `what` names the call and its object,
/// such as "mmap of 4096 bytes of bus segment 'data-0'".
[[noreturn]] void throw_error(int error, const std::string& what);

/// throw_error(errno, what).
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace cogway::os
