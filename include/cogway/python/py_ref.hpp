// SPDX-License-Identifier: Apache-2.0
#pragma once
// An owned reference to a Python object. Not for objects that outlive the attached scope on a
// native thread: those go through the ReleaseMailbox.

#include <Python.h>

#include <utility>

namespace cogway {

/// Owns one reference, or none.
///
/// **Threads**: create, copy and destroy only while attached to the object's interpreter.
/// **Ownership**: `steal` takes over a reference that the caller owns, `borrow` adds one.
/// **Progress**: wait-free, except that dropping the last reference runs arbitrary Python code.
/// **Order**: none of its own.
class PyRef {
 public:
  PyRef() noexcept = default;
  [[nodiscard]] static PyRef steal(PyObject* object) noexcept { return PyRef(object); }
  [[nodiscard]] static PyRef borrow(PyObject* object) noexcept { return PyRef(Py_XNewRef(object)); }
  PyRef(const PyRef& other) noexcept : object_(Py_XNewRef(other.object_)) {}
  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PyRef() { Py_XDECREF(object_); }

  [[nodiscard]] PyObject* get() const noexcept { return object_; }
  [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  /// For C functions that store a new reference: `f(&value)`. Must be empty before.
  [[nodiscard]] PyObject** out() noexcept { return &object_; }
  [[nodiscard]] PyObject* new_ref() const noexcept { return Py_XNewRef(object_); }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  explicit PyRef(PyObject* object) noexcept : object_(object) {}
  PyObject* object_ = nullptr;
};

}  // namespace cogway
