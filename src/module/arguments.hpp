// SPDX-License-Identifier: Apache-2.0
#pragma once
// Binding the arguments of METH_FASTCALL | METH_KEYWORDS functions to names, with Python's own
// errors. Not for calls that take arbitrary keywords (c_spawn has its own).

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "cogway/python/py_ref.hpp"

namespace cogway {

/// What a function takes: `names[0, positional)` also by position, the rest by keyword only; the
/// first `required` must be given.
struct Signature {
  const char* function;
  std::span<const char* const> names;
  std::size_t positional;
  std::size_t required;
};

/// Stores borrowed references in `values` (one for each name, nullptr when not given). False with a
/// TypeError that names the function and the argument.
[[nodiscard]] bool bind_arguments(const Signature& signature, PyObject* const* arguments,
                                  Py_ssize_t count, PyObject* keywords, PyObject** values);

// Conversions of one argument; each raises naming function and argument. nullptr leaves the
// default.
struct Argument {
  const char* function;
  const char* name;
};
[[nodiscard]] bool to_bool(Argument argument, PyObject* value, bool& result);
[[nodiscard]] bool to_int64(Argument argument, PyObject* value, std::int64_t minimum,
                            std::int64_t maximum, std::int64_t& result);
/// Seconds; None or nullptr leave `result` as it is.
[[nodiscard]] bool to_seconds(Argument argument, PyObject* value, double& result);

/// The items of an iterable as they are now, for PySequence_Fast_GET_SIZE and _GET_ITEM: a tuple,
/// or a list that nobody else knows. Converting an item may run Python code, and that may change
/// the list it came in. Empty with a TypeError of that message when there are no items to be had.
[[nodiscard]] PyRef snapshot_of(PyObject* iterable, const char* message);

}  // namespace cogway
