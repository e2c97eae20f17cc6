// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is left of work whose ticket was dropped: nobody will await it, but a failure must not
// vanish (law 14), and what it holds must be released by an attached thread.

#include <Python.h>

#include <memory>

#include "cogway/engine/task.hpp"
#include "module/module_state.hpp"
#include "module/ticket.hpp"

namespace cogway {

/// Lets go of a task, or of a batch and its gate. When it is not done yet, its failure will be
/// reported once it is.
void leave_orphan(ModuleState& state, TaskRef task, std::shared_ptr<Batch> batch) noexcept;

/// Reports an exception that nobody retrieved: to the running loop's exception handler when there
/// is a loop, else to sys.unraisablehook. Never leaves an exception raised.
void report_unseen(ModuleState& state, PyObject* ticket, PyObject* exception) noexcept;

}  // namespace cogway
