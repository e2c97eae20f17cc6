// SPDX-License-Identifier: Apache-2.0
#pragma once
// Python objects as inputs of kernels, without copying: Buffer, bytes, anything with the buffer
// protocol, anything with __dlpack__. What is pinned for the call is released through the mailbox.

#include <Python.h>

#include <cstddef>

#include "cogway/engine/call.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// Turns `object` into `*input`. False with a TypeError or ValueError that names kernel, index and
/// what was given. Threads: attached.
[[nodiscard]] bool to_input(ModuleState& state, const Kernel& kernel, std::size_t index,
                            PyObject* object, Input* input);

}  // namespace cogway
