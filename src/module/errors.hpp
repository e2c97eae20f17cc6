// SPDX-License-Identifier: Apache-2.0
#pragma once
// From native outcomes to Python exceptions: one place that knows which Cause is which class.

#include <Python.h>

#include <string_view>

#include "cogway/base/status.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// The exception for a failed task or a refused call: `name` is the kernel's or the callable's.
/// Cause::cancelled has no class of its own here (see raise_cancelled). Empty with an exception
/// when it cannot be made.
[[nodiscard]] PyRef make_exception(ModuleState& state, Cause cause, StatusCode code,
                                   std::string_view name, std::string_view message);
/// Raises it.
void raise_cause(ModuleState& state, Cause cause, StatusCode code, std::string_view name,
                 std::string_view message);
/// Raises a failed Status of a call that is not a task's: invalid_argument → ValueError, exhausted
/// → BusExhausted, not_found → FileNotFoundError or LookupError by the caller's choice of wording,
/// …
void raise_status(ModuleState& state, const Status& status);
/// Raises the Python equivalent of the C++ exception being handled; call it in a catch block.
void raise_current_cpp_exception();

}  // namespace cogway
