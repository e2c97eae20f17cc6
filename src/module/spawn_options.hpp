// SPDX-License-Identifier: Apache-2.0
#pragma once
// The options that every submission takes, as Python gives them: priority, deadline, worker_class,
// affinity, out and params. Everything else that c_spawn is given by keyword is a kernel's
// parameter.

#include <Python.h>

#include <vector>

#include "cogway/bus/buffer_view.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/engine.hpp"
#include "module/kernel_params.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// Borrowed references, nullptr when not given.
struct GivenOptions {
  PyObject* params = nullptr;
  PyObject* priority = nullptr;
  PyObject* deadline = nullptr;
  PyObject* worker_class = nullptr;
  PyObject* affinity = nullptr;
  PyObject* out = nullptr;
  PyObject* nogil = nullptr;
  PyObject* each = nullptr;               ///< c_map only
  PyObject* return_exceptions = nullptr;  ///< c_map only
};

/// What `nogil=` was given among the keywords of a call; nullptr: it was not.
[[nodiscard]] PyObject* given_nogil(const ModuleState& state, PyObject* const* values,
                                    PyObject* keywords) noexcept;

/// Sorts the keywords of a call into options and parameters. Keywords that are both an option and a
/// parameter of the kernel are refused (law 23). False with TypeError.
[[nodiscard]] bool sort_keywords(ModuleState& state, const Kernel& kernel, bool map,
                                 PyObject* const* values, PyObject* keywords, GivenOptions& given,
                                 KernelParams& params);

/// The options that are not about buffers. `affinity` is storage that `options` points into. False
/// with TypeError or ValueError; `what` is the kernel or function named in it.
[[nodiscard]] bool convert_options(const char* what, const GivenOptions& given, TimePoint now,
                                   SpawnOptions& options, Affinity& affinity);

}  // namespace cogway
