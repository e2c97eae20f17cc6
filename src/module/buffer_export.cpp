// SPDX-License-Identifier: Apache-2.0
// The buffer protocol and numpy's array interface. Views of a leased buffer are writable and
// counted, so that freeze() knows of them; views of a frozen one are read-only; a transferred one
// has one at a time.

#include <Python.h>

#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"

namespace cogway {
namespace {

BufferObject* as_buffer(PyObject* self) noexcept { return reinterpret_cast<BufferObject*>(self); }

constexpr bool asks(int flags, int what) noexcept { return (flags & what) == what; }

// nullptr, or why this layout cannot be described in the way that was asked for.
const char* cannot_describe(const Layout& layout, int flags) noexcept {
  if (asks(flags, PyBUF_FORMAT) && layout.dtype.format().empty()) {
    return "bfloat16 has no format in the buffer protocol: use DLPack (torch.from_dlpack), or "
           "bytes()";
  }
  const bool c = layout.is_c_contiguous();
  const bool f = layout.is_f_contiguous();
  if (asks(flags, PyBUF_C_CONTIGUOUS) && !c) return "the Buffer is not C-contiguous: copy it";
  if (asks(flags, PyBUF_F_CONTIGUOUS) && !f) return "the Buffer is not Fortran-contiguous: copy it";
  if (asks(flags, PyBUF_ANY_CONTIGUOUS) && !c && !f) return "the Buffer is not contiguous: copy it";
  if (!asks(flags, PyBUF_STRIDES) && !c) {
    return "the Buffer is not C-contiguous, and a view without strides was asked for: copy it";
  }
  return nullptr;
}

}  // namespace

int buffer_get_export(PyObject* self, Py_buffer* out, int flags) {
  BufferObject* object = as_buffer(self);
  out->obj = nullptr;
  const Layout& layout = object->view.layout;
  if (const char* reason = cannot_describe(layout, flags)) {
    PyErr_SetString(PyExc_BufferError, reason);
    return -1;
  }
  BufferRef buffer;
  bool frozen = false;
  // Counted together with the look at the state, so that neither release() nor transfer() comes
  // between.
  COGWAY_BEGIN_CRITICAL_SECTION(self);
  if (!object->released) {
    object->exports.fetch_add(1);
    buffer = object->view.buffer;
    frozen = buffer.belongs_here() && buffer.state() == BufferState::frozen;
  }
  COGWAY_END_CRITICAL_SECTION();
  if (!buffer) {
    raise_released();
    return -1;
  }
  WritableExport writer;
  if (!frozen || asks(flags, PyBUF_WRITABLE)) {
    writer = WritableExport::try_take(buffer);
    if (!writer) {
      object->exports.fetch_sub(1);
      raise_export_refused(buffer);
      return -1;
    }
  }
  out->buf = object->view.mutable_data();
  out->len = static_cast<Py_ssize_t>(layout.nbytes());
  out->itemsize = layout.dtype.itemsize();
  out->readonly = writer ? 0 : 1;
  out->ndim = static_cast<int>(layout.ndim);
  // Names of formats are literals: they end with a zero byte.
  out->format =
      asks(flags, PyBUF_FORMAT) ? const_cast<char*>(layout.dtype.format().data()) : nullptr;
  out->shape = asks(flags, PyBUF_ND) ? const_cast<std::int64_t*>(layout.shape.data()) : nullptr;
  out->strides =
      asks(flags, PyBUF_STRIDES) ? const_cast<std::int64_t*>(layout.strides.data()) : nullptr;
  out->suboffsets = nullptr;
  out->internal = writer.leak();
  out->obj = Py_NewRef(self);
  return 0;
}

void buffer_release_export(PyObject* self, Py_buffer* given) noexcept {
  if (given->internal != nullptr) {
    WritableExport::adopt(static_cast<detail::BufferRecord*>(given->internal)).reset();
  }
  as_buffer(self)->exports.fetch_sub(1);
}

// Whoever reads an address this way never says when it is done: what is given out is read-only, and
// the memory stays until the Buffer object itself goes, which such readers hold.
PyObject* buffer_array_interface(PyObject* self, void*) {
  BufferObject* object = as_buffer(self);
  const Layout& layout = object->view.layout;
  if (layout.dtype.typestr().empty()) {
    PyErr_SetString(PyExc_BufferError,
                    "numpy has no bfloat16: use DLPack (torch.from_dlpack), or bytes()");
    return nullptr;
  }
  BufferRef buffer;
  bool refused = false;
  COGWAY_BEGIN_CRITICAL_SECTION(self);
  if (!object->released) {
    buffer = object->view.buffer;
    refused = !buffer.belongs_here() || buffer.state() == BufferState::transferred;
    if (!refused) object->address_taken = true;
  }
  COGWAY_END_CRITICAL_SECTION();
  if (!buffer || refused) {
    if (buffer) {
      raise_export_refused(buffer);
    } else {
      raise_released();
    }
    return nullptr;
  }
  const PyRef shape = PyRef::steal(tuple_of(layout.dims()));
  const PyRef strides = layout.is_c_contiguous()
                            ? PyRef::borrow(Py_None)
                            : PyRef::steal(tuple_of({layout.strides.data(), layout.ndim}));
  if (!shape || !strides) return nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(object->view.data());
  return Py_BuildValue("{s:O,s:s,s:(KO),s:O,s:i}", "shape", shape.get(), "typestr",
                       layout.dtype.typestr().data(), "data",
                       static_cast<unsigned long long>(address), Py_True, "strides", strides.get(),
                       "version", 3);
}

}  // namespace cogway
