// SPDX-License-Identifier: Apache-2.0
#include "module/lend.hpp"

#include <new>
#include <string>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"

namespace cogway {
namespace {

// A Py_buffer that a native buffer keeps.
struct LentPyBuffer : MailboxItem {
  Py_buffer view{};
  ReleaseMailbox* mailbox = nullptr;

  static void give_back(void* owner) noexcept {
    auto* self = static_cast<LentPyBuffer*>(owner);
    ReleaseMailbox* mailbox = self->mailbox;
    mailbox->retain();  // the item, and its hold on the mailbox, may be gone before post() returns
    mailbox->post(self);
    mailbox->release();
  }
  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<LentPyBuffer*>(item);
    PyBuffer_Release(&self->view);
    self->mailbox->release();
    delete self;
  }
};

bool describe(const Py_buffer& view, Layout& layout) {
  const char* format = view.format == nullptr ? "B" : view.format;
  const auto dtype = DType::parse_format(format);
  if (!dtype || view.itemsize != dtype->itemsize()) {
    PyErr_Format(PyExc_BufferError, "items of format '%s' (%zd bytes) have no dtype on the bus",
                 format, view.itemsize);
    return false;
  }
  if (view.suboffsets != nullptr) {
    for (int i = 0; i < view.ndim; ++i) {
      if (view.suboffsets[i] < 0) continue;
      PyErr_SetString(PyExc_BufferError,
                      "memory of several pieces (suboffsets) must be copied first");
      return false;
    }
  }
  std::int64_t lowest = 0;
  std::int64_t end = 0;
  const ViewExtents extents(view);
  const auto n = static_cast<std::size_t>(view.ndim);
  const Status status =
      Layout::strided(*dtype, {extents.shape, n}, {extents.strides, n}, &layout, &lowest, &end);
  if (!status.ok()) PyErr_SetString(PyExc_BufferError, status.message().c_str());
  return status.ok();
}

/// Whether the raised exception is one with which exporters refuse to be written: BufferError by
/// the protocol, ValueError by numpy, TypeError by older extensions.
bool may_be_read_only() noexcept {
  return PyErr_ExceptionMatches(PyExc_BufferError) != 0 ||
         PyErr_ExceptionMatches(PyExc_ValueError) != 0 ||
         PyErr_ExceptionMatches(PyExc_TypeError) != 0;
}

}  // namespace

ViewExtents::ViewExtents(const Py_buffer& view) noexcept {
  std::int64_t dense = view.itemsize;
  for (int d = view.ndim; d-- > 0;) {
    shape[d] = view.shape != nullptr ? view.shape[d] : view.len / view.itemsize;
    strides[d] = view.strides != nullptr ? view.strides[d] : dense;
    dense *= shape[d];
  }
}

bool lend_py_buffer(ModuleState& state, PyObject* object, BufferView& out,
                    const CStruct* structure) {
  auto* owner = new (std::nothrow) LentPyBuffer;
  if (owner == nullptr) return PyErr_NoMemory(), false;
  owner->release = LentPyBuffer::drop;
  // Writable if it can be had: asking for it is how an exporter learns that it might be written.
  if (PyObject_GetBuffer(object, &owner->view, PyBUF_FULL) < 0) {
    if (!may_be_read_only()) return delete owner, false;
    PyErr_Clear();
    if (PyObject_GetBuffer(object, &owner->view, PyBUF_FULL_RO) < 0) return delete owner, false;
  }
  Layout layout;
  const bool structs =
      structure != nullptr && owner->view.format != nullptr && owner->view.format[0] == 'T';
  if (structs ? !describe_structs(owner->view, *structure, layout)
              : !describe(owner->view, layout)) {
    PyBuffer_Release(&owner->view);
    delete owner;
    return false;
  }
  owner->mailbox = state.mailbox;
  owner->mailbox->retain();
  out = BufferView::whole(lend_buffer(layout, owner->view.buf, owner->view.readonly != 0, owner,
                                      LentPyBuffer::give_back));
  return true;
}

bool lend_object(ModuleState& state, PyObject* object, BufferView& out) {
  if (is_buffer(state, object)) return buffer_input(object, out);
  if (PyObject_CheckBuffer(object) != 0) return lend_py_buffer(state, object, out);
  PyObject* found = nullptr;
  const int has = optional_attribute(reinterpret_cast<PyObject*>(Py_TYPE(object)),
                                     state.name___dlpack__, &found);
  Py_XDECREF(found);
  if (has < 0) return false;
  if (has > 0) return lend_dlpack(state, object, out);
  PyErr_Format(PyExc_TypeError,
               "expected a Buffer, or an object with the buffer protocol or __dlpack__, not %.100s",
               Py_TYPE(object)->tp_name);
  return false;
}

}  // namespace cogway
