// SPDX-License-Identifier: Apache-2.0
#pragma once
// Naming this process to others.
//
// **Threads**: any. **Ownership**: none. **Progress**: wait-free. **Order**: none.

#include <cstdint>

namespace cogway::os {

/// The number of this process in its own namespace.
[[nodiscard]] std::int32_t process_id() noexcept;

}  // namespace cogway::os
