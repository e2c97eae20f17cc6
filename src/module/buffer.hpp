// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python type `Buffer`: a view of a native buffer, and the native view behind it.

#include <Python.h>

#include <atomic>
#include <span>

#include "cogway/bus/buffer.hpp"
#include "cogway/bus/buffer_view.hpp"
#include "cogway/bus/writable_export.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached thread; `view.buffer` under the object's critical section.
/// **Ownership**: holds the native buffer until release() or its end, whichever engine it came
/// from.
/// **Progress**: as BufferRef. **Order**: as BufferRef.
struct BufferObject {
  PyObject_HEAD ModuleState* state;  ///< lives as long as the type
  BufferView view;                   ///< offset and layout are constant; buffer until released
  std::atomic<int> exports;          ///< live Py_buffers, which point into view.layout
  bool released;                     ///< release() was called
  bool address_taken;  ///< __array_interface__ was read: memory stays until the object goes
  PyObject* weak_references;
};

/// New Buffer objects. The reference is taken over; on failure it is dropped and nullptr returned
/// with an exception.
[[nodiscard]] PyObject* wrap_buffer(ModuleState& state, BufferRef&& buffer);
[[nodiscard]] PyObject* wrap_view(ModuleState& state, BufferView&& view);

[[nodiscard]] inline bool is_buffer(const ModuleState& state, PyObject* object) noexcept {
  return Py_IS_TYPE(object, state.buffer_type);
}

/// The native view of a Buffer, to be read by a kernel or copied. False with an exception:
/// released, transferred to a framework that may be writing, or inherited through fork().
[[nodiscard]] bool buffer_input(PyObject* buffer, BufferView& out);
/// The native view of a Buffer, to be written (`out=`), with the right to do so: freeze() is
/// refused until `writer` goes. False with an exception, as above or when it is frozen.
[[nodiscard]] bool buffer_output(PyObject* buffer, BufferView& out, WritableExport& writer);

// Parts of the type, a file each.

/// A reference to the native buffer, whatever its state; empty with an exception when released.
[[nodiscard]] BufferRef pin_buffer(BufferObject* self);
/// The same view, pinned.
[[nodiscard]] bool pin_view(BufferObject* self, BufferView& out);
/// ValueError: the object was released.
void raise_released();
/// Why a writable export was refused, as a BufferError.
void raise_export_refused(const BufferRef& buffer);
/// A refused state change: BufferError; wrong arguments: ValueError.
void raise_buffer_status(ModuleState& state, const Status& status);
/// Shape or strides as a tuple of int.
[[nodiscard]] PyObject* tuple_of(std::span<const std::int64_t> values);

int buffer_get_export(PyObject* self, Py_buffer* out, int flags);       // bf_getbuffer
void buffer_release_export(PyObject* self, Py_buffer* given) noexcept;  // bf_releasebuffer
PyObject* buffer_array_interface(PyObject* self, void*);                // getter
Py_ssize_t buffer_length(PyObject* self);                               // mp_length
PyObject* buffer_subscript(PyObject* self, PyObject* key);              // mp_subscript
PyObject* buffer_item(PyObject* self, Py_ssize_t i);                    // sq_item
PyObject* buffer_scalar(PyObject* self, PyObject*);                     // item()
PyObject* buffer_bytes(PyObject* self, PyObject*);                      // __bytes__, tobytes()

PyObject* buffer_reduce(PyObject* self, PyObject* protocol);  // __reduce_ex__

/// An element as a Python number.
[[nodiscard]] PyObject* number_at(DType dtype, const std::byte* at);

/// Writes the elements of a view one after the other, in C order.
void copy_elements(const BufferView& view, std::byte* out) noexcept;

}  // namespace cogway
