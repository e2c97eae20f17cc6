// SPDX-License-Identifier: Apache-2.0
// Shapes and dtypes as Python code writes them.

#include <Python.h>

#include <array>
#include <string>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/arguments.hpp"
#include "module/bus.hpp"

namespace cogway {
namespace {

// 1 parsed, 0 not a known name, -1 exception.
int parse_name(PyObject* text, DType& out) {
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(text, &size);
  if (utf8 == nullptr) return -1;
  std::string_view name(utf8, static_cast<std::size_t>(size));
  if (const auto dot = name.rfind('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  const auto parsed = DType::parse(name);
  if (!parsed) return 0;
  out = *parsed;
  return 1;
}

// numpy.dtype has `name`, numpy.float32 and float have `__name__`, torch.float32 prints as its
// name.
int parse_object(PyObject* value, DType& out) {
  for (const char* attribute : {"name", "__name__"}) {
    const PyRef key = PyRef::steal(PyUnicode_InternFromString(attribute));
    PyObject* found = nullptr;
    if (!key || optional_attribute(value, key.get(), &found) < 0) return -1;
    const PyRef name = PyRef::steal(found);
    if (name && PyUnicode_Check(name.get())) return parse_name(name.get(), out);
  }
  const PyRef text = PyRef::steal(PyObject_Str(value));
  return text ? parse_name(text.get(), out) : -1;
}

/// One dimension; false with the raised TypeError saying what a shape is.
bool to_dimension(const char* function, PyObject* shape, PyObject* value, std::int64_t& out) {
  out = PyNumber_AsSsize_t(value, PyExc_OverflowError);
  if (out != -1 || PyErr_Occurred() == nullptr) return true;
  if (PyErr_ExceptionMatches(PyExc_TypeError) != 0 && PyIndex_Check(value) == 0) {
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "%s(): a shape is an int or a sequence of int, not %R", function,
                 shape);
  }
  return false;
}

}  // namespace

bool to_dtype(const char* function, PyObject* value, DType& out) {
  if (value == nullptr) return true;
  const int parsed = PyUnicode_Check(value) ? parse_name(value, out) : parse_object(value, out);
  if (parsed == 0) {
    PyErr_Format(
        PyExc_ValueError,
        "%s(): %R is not a dtype of the bus (bool, int8 to int64, uint8 to uint64, float16, "
        "bfloat16, float32, float64, complex64, complex128)",
        function, value);
  }
  return parsed > 0;
}

bool to_layout(const char* function, PyObject* shape, DType dtype, Layout& out) {
  std::array<std::int64_t, kMaxDims> dims{};
  std::size_t n = 0;
  if (PyIndex_Check(shape)) {
    if (!to_dimension(function, shape, shape, dims[0])) return false;
    n = 1;
  } else {
    const PyRef items = snapshot_of(shape, "a shape is an int or a sequence of int");
    if (!items) return false;
    n = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items.get()));
    if (n > kMaxDims) {
      PyErr_Format(PyExc_ValueError, "%s(): a buffer has at most 8 dimensions, not %zu", function,
                   n);
      return false;
    }
    for (std::size_t i = 0; i < n; ++i) {
      PyObject* item = PySequence_Fast_GET_ITEM(items.get(), static_cast<Py_ssize_t>(i));
      if (!to_dimension(function, shape, item, dims[i])) return false;
    }
  }
  const Status status = Layout::contiguous(dtype, {dims.data(), n}, &out);
  if (!status.ok()) PyErr_Format(PyExc_ValueError, "%s(): %s", function, status.message().c_str());
  return status.ok();
}

}  // namespace cogway
