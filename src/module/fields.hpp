// SPDX-License-Identifier: Apache-2.0
#pragma once
// Snapshots as dicts, which the package turns into frozen dataclasses.

#include <Python.h>

#include <cstdint>
#include <string_view>

#include "cogway/python/py_ref.hpp"

namespace cogway {

/// A dict that remembers whether any step of filling it failed.
class Fields {
 public:
  Fields() : dict_(PyRef::steal(PyDict_New())) {}
  Fields& set(const char* name, PyObject* value) {
    PyRef owned = PyRef::steal(value);
    if (!owned || !dict_ || PyDict_SetItemString(dict_.get(), name, owned.get()) < 0) {
      dict_ = PyRef();
    }
    return *this;
  }
  Fields& count(const char* name, std::uint64_t value) {
    return set(name, PyLong_FromUnsignedLongLong(value));
  }
  Fields& number(const char* name, std::int64_t value) {
    return set(name, PyLong_FromLongLong(value));
  }
  Fields& text(const char* name, std::string_view value) {
    return set(
        name, PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
  }
  [[nodiscard]] PyObject* take() { return dict_.release(); }

 private:
  PyRef dict_;
};

}  // namespace cogway
