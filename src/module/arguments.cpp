// SPDX-License-Identifier: Apache-2.0
#include "module/arguments.hpp"

#include <cmath>

#include "cogway/python/compat.hpp"

namespace cogway {

bool bind_arguments(const Signature& signature, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords, PyObject** values) {
  const std::size_t given = static_cast<std::size_t>(count);
  if (given > signature.positional) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zu positional argument%s (%zu given)",
                 signature.function, signature.positional, signature.positional == 1 ? "" : "s",
                 given);
    return false;
  }
  for (std::size_t i = 0; i < signature.names.size(); ++i) {
    values[i] = i < given ? arguments[i] : nullptr;
  }
  const Py_ssize_t n_keywords = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t k = 0; k < n_keywords; ++k) {
    PyObject* keyword = PyTuple_GET_ITEM(keywords, k);
    std::size_t i = 0;
    while (i < signature.names.size() && !equal_to_ascii(keyword, signature.names[i])) ++i;
    if (i == signature.names.size()) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R",
                   signature.function, keyword);
      return false;
    }
    if (values[i] != nullptr) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument %R", signature.function,
                   keyword);
      return false;
    }
    values[i] = arguments[count + k];
  }
  for (std::size_t i = 0; i < signature.required; ++i) {
    if (values[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'", signature.function,
                 signature.names[i]);
    return false;
  }
  return true;
}

bool to_bool(Argument argument, PyObject* value, bool& result) {
  if (value == nullptr) return true;
  if (!PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%s(): %s must be a bool, not %.100s", argument.function,
                 argument.name, Py_TYPE(value)->tp_name);
    return false;
  }
  result = value == Py_True;
  return true;
}

bool to_int64(Argument argument, PyObject* value, std::int64_t minimum, std::int64_t maximum,
              std::int64_t& result) {
  if (value == nullptr) return true;
  if (!PyIndex_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%s(): %s must be an int, not %.100s", argument.function,
                 argument.name, Py_TYPE(value)->tp_name);
    return false;
  }
  PyObject* integer = PyNumber_Index(value);
  if (integer == nullptr) return false;
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(integer, &overflow);
  Py_DECREF(integer);
  if (number == -1 && overflow == 0 && PyErr_Occurred() != nullptr) return false;
  if (overflow != 0 || number < minimum || number > maximum) {
    PyErr_Format(PyExc_ValueError, "%s(): %s must be between %lld and %lld, got %S",
                 argument.function, argument.name, static_cast<long long>(minimum),
                 static_cast<long long>(maximum), value);
    return false;
  }
  result = number;
  return true;
}

bool to_seconds(Argument argument, PyObject* value, double& result) {
  if (value == nullptr || value == Py_None) return true;
  const double seconds = PyFloat_AsDouble(value);
  if (seconds == -1.0 && PyErr_Occurred() != nullptr) {
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
      PyErr_Format(PyExc_TypeError, "%s(): %s must be a number of seconds or None, not %.100s",
                   argument.function, argument.name, Py_TYPE(value)->tp_name);
    }
    return false;
  }
  if (std::isnan(seconds)) {
    PyErr_Format(PyExc_ValueError, "%s(): %s must be a number of seconds, got nan",
                 argument.function, argument.name);
    return false;
  }
  result = seconds;
  return true;
}

PyRef snapshot_of(PyObject* iterable, const char* message) {
  return PyRef::steal(PyList_Check(iterable) ? PyList_AsTuple(iterable)
                                             : PySequence_Fast(iterable, message));
}

}  // namespace cogway
