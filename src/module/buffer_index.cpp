// SPDX-License-Identifier: Apache-2.0
// Parts and elements of a Buffer: len(), indexing with integers, slices and tuples of them, item(),
// and copies as bytes.

#include <Python.h>

#include <cstring>

#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"

namespace cogway {
namespace {

BufferObject* as_buffer(PyObject* self) noexcept { return reinterpret_cast<BufferObject*>(self); }

bool raise_index(Py_ssize_t i, std::uint32_t dimension, const Layout& layout) {
  PyErr_Format(PyExc_IndexError, "index %zd is out of range for dimension %u of %s", i,
               static_cast<unsigned>(dimension), layout.describe().c_str());
  return false;
}

// Applies an integer or a slice to one dimension; `dimension` moves on when it stays.
bool apply(PyObject* key, BufferView& view, std::uint32_t& dimension) {
  if (dimension >= view.layout.ndim) {
    PyErr_Format(PyExc_IndexError, "too many indices for a Buffer of %u dimensions",
                 static_cast<unsigned>(view.layout.ndim));
    return false;
  }
  const auto length = static_cast<Py_ssize_t>(view.layout.shape[dimension]);
  if (PySlice_Check(key)) {
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) return false;
    const Py_ssize_t count = PySlice_AdjustIndices(length, &start, &stop, step);
    // Adjusted indices are in range by construction.
    if (!view.slice(dimension, start, count, step, &view).ok()) {
      return raise_index(start, dimension, view.layout);
    }
    ++dimension;
    return true;
  }
  if (!PyIndex_Check(key)) {
    PyErr_Format(PyExc_TypeError, "Buffer indices are integers, slices and ..., not %.100s",
                 Py_TYPE(key)->tp_name);
    return false;
  }
  const Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
  if (i == -1 && PyErr_Occurred() != nullptr) return false;
  if (!view.select(dimension, i < 0 ? i + length : i, &view).ok()) {
    return raise_index(i, dimension, view.layout);
  }
  return true;
}

bool apply_tuple(PyObject* keys, BufferView& view) {
  const Py_ssize_t count = PyTuple_GET_SIZE(keys);
  Py_ssize_t ellipses = 0;
  for (Py_ssize_t k = 0; k < count; ++k) ellipses += PyTuple_GET_ITEM(keys, k) == Py_Ellipsis;
  if (ellipses > 1) {
    PyErr_SetString(PyExc_IndexError, "an index can have only one ellipsis");
    return false;
  }
  std::uint32_t dimension = 0;
  const Py_ssize_t skipped = static_cast<Py_ssize_t>(view.layout.ndim) - (count - ellipses);
  for (Py_ssize_t k = 0; k < count; ++k) {
    PyObject* key = PyTuple_GET_ITEM(keys, k);
    if (key == Py_Ellipsis) {
      if (skipped > 0) dimension += static_cast<std::uint32_t>(skipped);
    } else if (!apply(key, view, dimension)) {
      return false;
    }
  }
  return true;
}

double half_to_double(const std::byte* at) {
  return PyFloat_Unpack2(reinterpret_cast<const char*>(at), 1);
}

template <typename T>
T load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

void copy_dimension(const Layout& layout, std::uint32_t dimension, const std::byte* from,
                    std::byte*& out) noexcept {
  if (dimension == layout.ndim) {
    std::memcpy(out, from, layout.dtype.itemsize());
    out += layout.dtype.itemsize();
    return;
  }
  const std::int64_t length = layout.shape[dimension];
  const std::int64_t stride = layout.strides[dimension];
  if (dimension + 1 == layout.ndim && stride == layout.dtype.itemsize()) {
    const auto bytes = static_cast<std::size_t>(length * stride);
    std::memcpy(out, from, bytes);
    out += bytes;
    return;
  }
  for (std::int64_t i = 0; i < length; ++i) {
    copy_dimension(layout, dimension + 1, from + i * stride, out);
  }
}

}  // namespace

PyObject* number_at(DType dtype, const std::byte* at) {
  if (dtype == kBool) return PyBool_FromLong(load<std::uint8_t>(at) != 0);
  if (dtype == kInt8) return PyLong_FromLong(load<std::int8_t>(at));
  if (dtype == kInt16) return PyLong_FromLong(load<std::int16_t>(at));
  if (dtype == kInt32) return PyLong_FromLong(load<std::int32_t>(at));
  if (dtype == kInt64) return PyLong_FromLongLong(load<std::int64_t>(at));
  if (dtype == kUint8) return PyLong_FromUnsignedLong(load<std::uint8_t>(at));
  if (dtype == kUint16) return PyLong_FromUnsignedLong(load<std::uint16_t>(at));
  if (dtype == kUint32) return PyLong_FromUnsignedLong(load<std::uint32_t>(at));
  if (dtype == kUint64) return PyLong_FromUnsignedLongLong(load<std::uint64_t>(at));
  if (dtype == kFloat16) return PyFloat_FromDouble(half_to_double(at));
  if (dtype == kFloat32) return PyFloat_FromDouble(static_cast<double>(load<float>(at)));
  if (dtype == kFloat64) return PyFloat_FromDouble(load<double>(at));
  if (dtype == kComplex64) {
    return PyComplex_FromDoubles(static_cast<double>(load<float>(at)),
                                 static_cast<double>(load<float>(at + 4)));
  }
  if (dtype == kComplex128) return PyComplex_FromDoubles(load<double>(at), load<double>(at + 8));
  // bfloat16: the upper half of a float32.
  const std::uint32_t bits = static_cast<std::uint32_t>(load<std::uint16_t>(at)) << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return PyFloat_FromDouble(static_cast<double>(value));
}

void copy_elements(const BufferView& view, std::byte* out) noexcept {
  if (view.layout.size() == 0) return;
  if (view.layout.is_c_contiguous()) {
    std::memcpy(out, view.data(), view.layout.nbytes());
  } else {
    copy_dimension(view.layout, 0, view.data(), out);
  }
}

Py_ssize_t buffer_length(PyObject* self) {
  const Layout& layout = as_buffer(self)->view.layout;
  if (layout.ndim == 0) {
    PyErr_SetString(PyExc_TypeError, "a Buffer of no dimensions has no len(); use item()");
    return -1;
  }
  return static_cast<Py_ssize_t>(layout.shape[0]);
}

PyObject* buffer_subscript(PyObject* self, PyObject* key) {
  BufferView view;
  if (!pin_view(as_buffer(self), view)) return nullptr;
  std::uint32_t dimension = 0;
  const bool found = PyTuple_Check(key)   ? apply_tuple(key, view)
                     : key == Py_Ellipsis ? true
                                          : apply(key, view, dimension);
  return found ? wrap_view(*as_buffer(self)->state, std::move(view)) : nullptr;
}

PyObject* buffer_item(PyObject* self, Py_ssize_t i) {
  BufferView view;
  if (!pin_view(as_buffer(self), view)) return nullptr;
  if (view.layout.ndim == 0) {
    PyErr_SetString(PyExc_TypeError, "a Buffer of no dimensions has no items; use item()");
    return nullptr;
  }
  if (!view.select(0, i, &view).ok()) {
    raise_index(i, 0, view.layout);
    return nullptr;
  }
  return wrap_view(*as_buffer(self)->state, std::move(view));
}

PyObject* buffer_scalar(PyObject* self, PyObject*) {
  BufferView view;
  if (!buffer_input(self, view)) return nullptr;
  if (view.layout.size() != 1) {
    PyErr_Format(PyExc_ValueError, "item() needs exactly one element; this is %s",
                 view.layout.describe().c_str());
    return nullptr;
  }
  return number_at(view.layout.dtype, view.data());
}

PyObject* buffer_bytes(PyObject* self, PyObject*) {
  BufferView view;
  if (!buffer_input(self, view)) return nullptr;
  PyObject* bytes =
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(view.layout.nbytes()));
  if (bytes == nullptr) return nullptr;
  copy_elements(view, reinterpret_cast<std::byte*>(PyBytes_AS_STRING(bytes)));
  return bytes;
}

}  // namespace cogway
