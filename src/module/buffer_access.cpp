// SPDX-License-Identifier: Apache-2.0
// The native view behind a Buffer, and why it is not to be had.

#include <Python.h>

#include <span>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"
#include "module/errors.hpp"

namespace cogway {
namespace {

BufferObject* as_buffer(PyObject* self) noexcept { return reinterpret_cast<BufferObject*>(self); }

}  // namespace

void raise_released() { PyErr_SetString(PyExc_ValueError, "this Buffer was released"); }

BufferRef pin_buffer(BufferObject* self) {
  BufferRef pinned;
  COGWAY_BEGIN_CRITICAL_SECTION(reinterpret_cast<PyObject*>(self));
  if (!self->released) pinned = self->view.buffer;
  COGWAY_END_CRITICAL_SECTION();
  if (!pinned) raise_released();
  return pinned;
}

bool pin_view(BufferObject* self, BufferView& out) {
  out.buffer = pin_buffer(self);
  if (!out.buffer) return false;
  out.offset = self->view.offset;
  out.layout = self->view.layout;
  return true;
}

bool buffer_input(PyObject* buffer, BufferView& out) {
  if (!pin_view(as_buffer(buffer), out)) return false;
  if (out.buffer.belongs_here() && out.buffer.state() != BufferState::transferred) return true;
  if (out.buffer.belongs_here()) {
    PyErr_SetString(
        PyExc_BufferError,
        "a transferred Buffer cannot be read: the framework that took it may be writing");
  } else {
    PyErr_SetString(PyExc_BufferError, "this Buffer belongs to the parent process");
  }
  out = BufferView();
  return false;
}

bool buffer_output(PyObject* buffer, BufferView& out, WritableExport& writer) {
  if (!pin_view(as_buffer(buffer), out)) return false;
  writer = WritableExport::try_take(out.buffer);
  if (writer) return true;
  raise_export_refused(out.buffer);
  out = BufferView();
  return false;
}

void raise_export_refused(const BufferRef& buffer) {
  if (!buffer.belongs_here()) {
    PyErr_SetString(PyExc_BufferError, "this Buffer belongs to the parent process");
  } else if (buffer.state() == BufferState::transferred) {
    PyErr_SetString(
        PyExc_BufferError,
        "the Buffer is transferred, and the view or tensor that took it lives: it is the "
        "only one while it does");
  } else {
    PyErr_SetString(
        PyExc_BufferError,
        "a frozen Buffer is read-only: copy it into a new lease, or transfer() it first");
  }
}

void raise_buffer_status(ModuleState& state, const Status& status) {
  if (status.code() == StatusCode::failed_precondition) {
    PyErr_SetString(PyExc_BufferError, status.message().c_str());
  } else {
    raise_status(state, status);
  }
}

PyObject* tuple_of(std::span<const std::int64_t> values) {
  PyRef tuple = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
  if (!tuple) return nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    PyObject* number = PyLong_FromLongLong(values[i]);
    if (number == nullptr) return nullptr;
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), number);
  }
  return tuple.release();
}

}  // namespace cogway
