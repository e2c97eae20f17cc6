// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a call gives by position: inputs, and of C functions also scalars, in the order of the
// function's parameters.

#include <Python.h>

#include <cstddef>
#include <span>

#include "cogway/engine/kernel.hpp"
#include "cogway/engine/params.hpp"

namespace cogway {

/// The scalars among `count` objects given by position go to *scalars (as many as the kernel has
/// parameters, nullptr where none is given), the others to *inputs in order.
///
/// Either everything is given in order, the last scalars perhaps left out, or the inputs alone.
/// False with TypeError.
[[nodiscard]] bool sort_positional(const Kernel& kernel, PyObject* const* objects,
                                   std::size_t count, std::span<PyObject*> inputs,
                                   std::size_t* n_inputs, std::span<PyObject*> scalars);

/// Whether scalars of the kernel can be given by position.
[[nodiscard]] bool has_positional_scalars(const Kernel& kernel) noexcept;

/// Sets one parameter that is a number. False with TypeError or ValueError.
[[nodiscard]] bool set_number(const Kernel& kernel, std::size_t index, PyObject* value,
                              ParamValues& values);

}  // namespace cogway
