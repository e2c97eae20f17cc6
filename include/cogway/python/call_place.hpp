// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where in Python the running call was made; for reports. Walks frames: not for hot paths.

#include <Python.h>

#include <string>

namespace cogway {

/// "file:line" of the innermost frame outside the package; empty when no Python code runs here.
/// Leaves a raised exception alone. Attached threads.
[[nodiscard]] std::string call_place();

}  // namespace cogway
