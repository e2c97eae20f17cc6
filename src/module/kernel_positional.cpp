// SPDX-License-Identifier: Apache-2.0
#include "module/kernel_positional.hpp"

#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/python/py_ref.hpp"

namespace cogway {
namespace {

bool refuse_count(const Kernel& kernel, std::size_t given) {
  PyErr_Format(PyExc_TypeError, "%s takes %s by position, %zu given", kernel.name().c_str(),
               kernel.signature().c_str(), given);
  return false;
}

bool refuse_number(const Kernel& kernel, const cogway_param_spec& spec, const char* expected,
                   PyObject* value) {
  if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_TypeError) == 0) return false;
  PyErr_Clear();
  PyErr_Format(PyExc_TypeError, "%s: parameter '%s' must be %s, got %R (%.100s)",
               kernel.name().c_str(), spec.name, expected, value, Py_TYPE(value)->tp_name);
  return false;
}

}  // namespace

bool has_positional_scalars(const Kernel& kernel) noexcept {
  return kernel.foreign() != nullptr && !kernel.params().empty();
}

bool sort_positional(const Kernel& kernel, PyObject* const* objects, std::size_t count,
                     std::span<PyObject*> inputs, std::size_t* n_inputs,
                     std::span<PyObject*> scalars) {
  const auto order = kernel.foreign()->positional();
  *n_inputs = 0;
  if (count == kernel.min_inputs() && count != order.size()) {
    for (std::size_t i = 0; i < count; ++i) inputs[(*n_inputs)++] = objects[i];
    return true;
  }
  if (count > order.size()) return refuse_count(kernel, count);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i].scalar) {
      if (i < count) scalars[order[i].index] = objects[i];
    } else if (i < count) {
      inputs[(*n_inputs)++] = objects[i];
    } else {
      return refuse_count(kernel, count);
    }
  }
  return true;
}

bool set_number(const Kernel& kernel, std::size_t index, PyObject* value, ParamValues& values) {
  const cogway_param_spec& spec = kernel.params()[index];
  ParamArgument::Value converted;
  if (spec.type == COGWAY_PARAM_FLOAT) {
    const double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred() != nullptr) {
      return refuse_number(kernel, spec, "a number", value);
    }
    converted = number;
  } else if (spec.type == COGWAY_PARAM_BOOL && PyBool_Check(value)) {
    converted = value == Py_True;
  } else if (PyIndex_Check(value) != 0) {
    PyRef integer = PyRef::steal(PyNumber_Index(value));
    const long long number = integer ? PyLong_AsLongLong(integer.get()) : -1;
    if (number == -1 && PyErr_Occurred() != nullptr) {
      if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) return false;
      PyErr_Clear();
      PyErr_Format(PyExc_ValueError, "%s: parameter '%s' must fit into 64 bits, got %R",
                   kernel.name().c_str(), spec.name, value);
      return false;
    }
    converted = static_cast<std::int64_t>(number);
  } else {
    return refuse_number(kernel, spec, "an int", value);
  }
  const Status status = values.set(kernel, index, converted);
  if (!status.ok()) PyErr_SetString(PyExc_ValueError, status.message().c_str());
  return status.ok();
}

}  // namespace cogway
