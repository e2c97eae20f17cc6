// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory of Python objects made into native buffers without a copy. What they hold is given back
// through the release mailbox, since a native thread may be the last to use it (law 7).

#include <Python.h>

#include <cstdint>

#include "cogway/bus/buffer_view.hpp"
#include "cogway/engine/c_type.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// Shape and strides of a view, also where the exporter gives none (ctypes: strides).
struct ViewExtents {
  std::int64_t shape[PyBUF_MAX_NDIM];
  std::int64_t strides[PyBUF_MAX_NDIM];
  explicit ViewExtents(const Py_buffer& view) noexcept;
};

/// Of an object with the buffer protocol; read-only memory becomes a frozen buffer. Items that are
/// structs become bytes, if they are to be of that structure. False with a TypeError, ValueError or
/// BufferError.
[[nodiscard]] bool lend_py_buffer(ModuleState& state, PyObject* object, BufferView& out,
                                  const CStruct* structure = nullptr);
/// The layout of a view of structs as bytes, a dimension more. False with an exception: they are
/// others.
[[nodiscard]] bool describe_structs(const Py_buffer& view, const CStruct& structure,
                                    Layout& layout);  // lend_structs.cpp

/// Of an object with `__dlpack__`. Memory that is read-only, or of a producer older than DLPack 1.0
/// that cannot say so, becomes a frozen buffer. False with a TypeError or BufferError.
[[nodiscard]] bool lend_dlpack(ModuleState& state, PyObject* object, BufferView& out);

/// Of a Buffer, an object with the buffer protocol, or one with `__dlpack__`: whichever it is.
[[nodiscard]] bool lend_object(ModuleState& state, PyObject* object, BufferView& out);

}  // namespace cogway
