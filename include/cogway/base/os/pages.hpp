// SPDX-License-Identifier: Apache-2.0
#pragma once
// Giving memory back to the system without giving up its addresses.
//
// **Threads**: any. **Ownership**: none: the memory is the caller's. **Progress**: a system call.
// **Order**: none.

#include <cstddef>

namespace cogway::os {

/// The whole pages within [begin, begin + bytes) of private memory lose their contents and cost
/// nothing until they are touched again; they read as zero then. What is on a page with something
/// else stays. Never fails: at worst nothing is given back.
void discard_pages(void* begin, std::size_t bytes) noexcept;

}  // namespace cogway::os
