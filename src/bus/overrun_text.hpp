// SPDX-License-Identifier: Apache-2.0
#pragma once
// How damaged redzones become a finding, for buffers and for a kernel's scratch alike.

#include <string>

#include "bus/redzone.hpp"
#include "cogway/bus/debug_report.hpp"

namespace cogway::detail {

/// Moves the damage of one side (past the end first) into kind, offset and nbytes, and makes that
/// side whole. False: both are.
bool take_damage(const Redzones& zones, Finding* found) noexcept;

/// "kernel 'k' wrote 4 bytes past the end of output 0: buffer 17 (…), the first at offset 8000", or
/// without a kernel: "4 bytes were written past the end of buffer 17 (…), …; seen when …".
[[nodiscard]] std::string overrun_text(const Finding& found, const char* kernel,
                                       const std::string& what, const char* when);

}  // namespace cogway::detail
