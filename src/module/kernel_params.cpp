// SPDX-License-Identifier: Apache-2.0
#include "module/kernel_params.hpp"

#include <algorithm>

#include "module/arguments.hpp"
#include "module/kernel_positional.hpp"

namespace cogway {
namespace {

std::string_view utf8(PyObject* text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text, &size);
  return data == nullptr ? std::string_view() : std::string_view(data, static_cast<size_t>(size));
}

/// An int of 64 bits; 1 converted, 0 not an integer, -1 an exception.
int as_int(PyObject* value, std::int64_t& result) {
  if (!PyIndex_Check(value)) return 0;
  PyRef integer = PyRef::steal(PyNumber_Index(value));
  if (!integer) return -1;
  result = PyLong_AsLongLong(integer.get());
  return result == -1 && PyErr_Occurred() != nullptr ? -1 : 1;
}

int as_float(PyObject* value, double& result) {
  result = PyFloat_AsDouble(value);
  if (result != -1.0 || PyErr_Occurred() == nullptr) return 1;
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) return -1;
  PyErr_Clear();
  return 0;
}

}  // namespace

bool KernelParams::refuse(std::string_view name, const char* expected, PyObject* value) const {
  const std::string parameter(name);
  if (PyErr_Occurred() != nullptr) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) return false;
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "%s: parameter '%s' must fit into 64 bits, got %R",
                 kernel_.name().c_str(), parameter.c_str(), value);
    return false;
  }
  PyErr_Format(PyExc_TypeError, "%s: parameter '%s' must be %s, got %R (%.100s)",
               kernel_.name().c_str(), parameter.c_str(), expected, value, Py_TYPE(value)->tp_name);
  return false;
}

bool KernelParams::convert_list(const cogway_param_spec& spec, PyObject* value,
                                ParamArgument& argument) {
  const bool integers = spec.type == COGWAY_PARAM_INTS;
  const char* expected =
      integers ? "an int or a sequence of ints" : "a number or a sequence of numbers";
  PyRef sequence;
  if (PySequence_Check(value) && !PyUnicode_Check(value) && !PyBytes_Check(value)) {
    sequence = snapshot_of(value, expected);
    if (!sequence) return false;
  } else {
    sequence = PyRef::steal(PyTuple_Pack(1, value));
    if (!sequence) return false;
  }
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(sequence.get());
  auto& whole = ints_.emplace_front();
  auto& real = floats_.emplace_front();
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* element = PySequence_Fast_GET_ITEM(sequence.get(), i);
    std::int64_t integer = 0;
    double number = 0;
    const int converted = integers ? as_int(element, integer) : as_float(element, number);
    if (converted <= 0) return refuse(spec.name, expected, value);
    if (integers) {
      whole.push_back(integer);
    } else {
      real.push_back(number);
    }
  }
  if (integers) {
    argument.value = std::span<const std::int64_t>(whole);
  } else {
    argument.value = std::span<const double>(real);
  }
  return true;
}

bool KernelParams::convert(std::string_view name, PyObject* value, ParamArgument& argument) {
  argument.name = name;
  argument.value = std::monostate();
  const auto index = kernel_.param_index(name);
  // An unknown name is refused by the engine, which lists the known ones; None asks for the
  // default.
  if (!index || value == Py_None) return true;
  const cogway_param_spec& spec = kernel_.params()[*index];
  switch (spec.type) {
    case COGWAY_PARAM_BOOL: {
      if (PyBool_Check(value)) {
        argument.value = value == Py_True;
        return true;
      }
      return refuse(name, "a bool", value);
    }
    case COGWAY_PARAM_INT: {
      std::int64_t integer = 0;
      if (as_int(value, integer) <= 0) return refuse(name, "an int", value);
      argument.value = integer;
      return true;
    }
    case COGWAY_PARAM_FLOAT: {
      double number = 0;
      if (as_float(value, number) <= 0) return refuse(name, "a number", value);
      argument.value = number;
      return true;
    }
    case COGWAY_PARAM_CHOICE: {
      std::int64_t integer = 0;
      if (PyUnicode_Check(value)) {
        argument.value = utf8(value);
        return PyErr_Occurred() == nullptr;
      }
      if (as_int(value, integer) <= 0) return refuse(name, "one of its choices (a str)", value);
      argument.value = integer;
      return true;
    }
    case COGWAY_PARAM_STRING: {
      if (PyUnicode_Check(value)) {
        argument.value = utf8(value);
        if (PyErr_Occurred() == nullptr) return true;
        if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) return false;
        PyErr_Clear();  // the name of a file that is not UTF-8, as os.listdir() gives it
      }
      PyRef path = PyRef::steal(PyOS_FSPath(value));  // pathlib.Path and its like
      if (path && PyUnicode_Check(path.get())) {
        path = PyRef::steal(PyUnicode_EncodeFSDefault(path.get()));
      }
      if (!path) {
        PyErr_Clear();
        return refuse(name, "a str that can be encoded or a path", value);
      }
      const std::string& kept = strings_.emplace_front(
          PyBytes_AS_STRING(path.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(path.get())));
      argument.value = std::string_view(kept);
      return true;
    }
    default:
      return convert_list(spec, value, argument);
  }
}

bool KernelParams::add(PyObject* name, PyObject* value) {
  if (!PyUnicode_Check(name)) {
    PyErr_Format(PyExc_TypeError, "%s: names of parameters must be str, not %.100s",
                 kernel_.name().c_str(), Py_TYPE(name)->tp_name);
    return false;
  }
  const std::string_view key = utf8(name);
  if (key.data() == nullptr) return false;
  const bool twice = std::any_of(arguments_.begin(), arguments_.end(),
                                 [&](const ParamArgument& other) { return other.name == key; });
  if (twice) {
    PyErr_Format(PyExc_TypeError, "%s: parameter %R is given twice, in params= and as a keyword",
                 kernel_.name().c_str(), name);
    return false;
  }
  return convert(key, value, arguments_.emplace_back());
}

bool KernelParams::add_all(PyObject* params) {
  if (params == nullptr || params == Py_None) return true;
  if (!PyDict_Check(params)) {
    PyErr_Format(PyExc_TypeError, "%s: params must be a dict, not %.100s", kernel_.name().c_str(),
                 Py_TYPE(params)->tp_name);
    return false;
  }
  // A copy: converting a value may run code that changes the dict.
  held_ = PyRef::steal(PyDict_Copy(params));
  if (!held_) return false;
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(held_.get(), &position, &name, &value)) {
    if (!add(name, value)) return false;
  }
  return true;
}

bool KernelParams::normalize(ParamValues* values) {
  const Status status = values->normalize(kernel_, arguments_);
  if (status.ok()) return true;
  PyErr_SetString(PyExc_ValueError, status.message().c_str());
  return false;
}

bool KernelParams::begin(ParamValues* values) {
  const Status status = values->begin(kernel_, arguments_);
  if (!status.ok()) PyErr_SetString(PyExc_ValueError, status.message().c_str());
  return status.ok();
}

bool KernelParams::complete(const ParamValues& begun, std::span<PyObject* const> scalars,
                            ParamValues* values) {
  if (values != &begun) *values = begun;
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    if (scalars[i] == nullptr) continue;
    const char* name = kernel_.params()[i].name;
    const bool twice = std::any_of(arguments_.begin(), arguments_.end(),
                                   [&](const ParamArgument& other) { return other.name == name; });
    if (twice) {
      PyErr_Format(PyExc_TypeError, "%s: '%s' is given by position and as a keyword",
                   kernel_.name().c_str(), name);
      return false;
    }
    if (!set_number(kernel_, i, scalars[i], *values)) return false;
  }
  const Status status = values->complete(kernel_);
  if (!status.ok()) PyErr_SetString(PyExc_ValueError, status.message().c_str());
  return status.ok();
}

bool KernelParams::normalize(std::span<PyObject* const> scalars, ParamValues* values) {
  return begin(values) && complete(*values, scalars, values);
}

}  // namespace cogway
