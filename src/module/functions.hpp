// SPDX-License-Identifier: Apache-2.0
#pragma once
// The functions of `_core`, by file.

#include <Python.h>

#include "module/module_state.hpp"

namespace cogway {

class KernelRegistry;

/// Adds every function to the module. 0, or -1 with an exception.
int add_registry_functions(PyObject* module, ModuleState& state);  // registry_functions.cpp
int add_ticket_functions(PyObject* module, ModuleState& state);    // open_ticket.cpp
int add_buffer_functions(PyObject* module, ModuleState& state);    // buffer_pickle.cpp
int add_accept_functions(PyObject* module, ModuleState& state);    // accept.cpp

/// Makes the mailbox wake an attached thread of the main interpreter when something is posted to
/// it.
void wake_for_mailbox(ModuleState& state);  // mailbox_wake.cpp

/// One dict per kernel.
[[nodiscard]] PyObject* kernel_list(const KernelRegistry& registry);  // engine_statistics.cpp

}  // namespace cogway
