// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keyword arguments as parameters of a kernel, converted by what the kernel declares.

#include <Python.h>

#include <forward_list>
#include <string>
#include <vector>

#include "cogway/engine/kernel.hpp"
#include "cogway/engine/params.hpp"
#include "cogway/python/py_ref.hpp"

namespace cogway {

/// Collects parameters of one call and normalises them.
///
/// **Threads**: one, attached. **Ownership**: borrows the Python objects, which must outlive it;
/// owns the converted lists (a copy does not: the original must outlive it). **Progress**:
/// allocates only when there are parameters. **Order**: none.
class KernelParams {
 public:
  explicit KernelParams(const Kernel& kernel) noexcept : kernel_(kernel) {}
  /// Shares what has been converted so far, and goes on alone: an item of `each=`.
  KernelParams(const KernelParams& other) : kernel_(other.kernel_), arguments_(other.arguments_) {}
  KernelParams& operator=(const KernelParams&) = delete;

  /// One parameter. False with TypeError (wrong Python type, given twice).
  [[nodiscard]] bool add(PyObject* name, PyObject* value);
  /// All of a dict given as `params=`. False with TypeError.
  [[nodiscard]] bool add_all(PyObject* params);
  /// The checked values, defaults filled in. False with ValueError from the engine.
  [[nodiscard]] bool normalize(ParamValues* values);
  /// The same, with `scalars` that were given by position (nullptr: not given).
  [[nodiscard]] bool normalize(std::span<PyObject* const> scalars, ParamValues* values);
  /// The same in steps, for many calls: what was given, then for each call a copy with its scalars.
  [[nodiscard]] bool begin(ParamValues* values);
  [[nodiscard]] bool complete(const ParamValues& begun, std::span<PyObject* const> scalars,
                              ParamValues* values);
  /// Nothing was given, so that the call may take the kernel's defaults as they are.
  [[nodiscard]] bool empty() const noexcept { return arguments_.empty(); }

 private:
  [[nodiscard]] bool convert(std::string_view name, PyObject* value, ParamArgument& argument);
  [[nodiscard]] bool convert_list(const cogway_param_spec& spec, PyObject* value,
                                  ParamArgument& argument);
  bool refuse(std::string_view name, const char* expected, PyObject* value) const;

  const Kernel& kernel_;
  std::vector<ParamArgument> arguments_;
  // Lists, as arguments_ points into what they hold; and they cost nothing while empty.
  std::forward_list<std::vector<std::int64_t>> ints_;
  std::forward_list<std::vector<double>> floats_;
  std::forward_list<std::string> strings_;
  PyRef held_;  ///< what add_all() was given
};

}  // namespace cogway
