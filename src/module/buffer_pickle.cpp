// SPDX-License-Identifier: Apache-2.0
// Buffers and pickle: what is written is decided in cogway._pickling, what was read becomes a
// Buffer here.

#include <Python.h>

#include <utility>

#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/functions.hpp"
#include "module/heap_type.hpp"
#include "module/lend.hpp"
#include "module/shared_bus.hpp"

namespace cogway {
namespace {

// buffer_of_bytes(object, dtype, shape): the bytes of an object as a Buffer of that type.
PyObject* buffer_of_bytes(PyObject* module, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) {
    PyErr_Format(PyExc_TypeError, "buffer_of_bytes() takes bytes, dtype and shape (%zd given)",
                 count);
    return nullptr;
  }
  ModuleState& state = state_of_module(module);
  DType dtype;
  Layout layout;
  BufferView view;
  if (!to_dtype("buffer_of_bytes", arguments[1], dtype) ||
      !to_layout("buffer_of_bytes", arguments[2], dtype, layout) ||
      !lend_py_buffer(state, arguments[0], view)) {
    return nullptr;
  }
  if (view.layout.nbytes() != layout.nbytes() || !view.layout.is_c_contiguous()) {
    PyErr_Format(PyExc_ValueError, "%llu bytes are no %s",
                 static_cast<unsigned long long>(view.layout.nbytes()), layout.describe().c_str());
    return nullptr;
  }
  // The new description is of the whole buffer, so that it can be frozen and handed over.
  BufferRef whole =
      lend_buffer(layout, view.buffer.mutable_data() + view.offset, !view.buffer.writable(),
                  new BufferRef(view.buffer),
                  [](void* owner) noexcept { delete static_cast<BufferRef*>(owner); });
  return wrap_buffer(state, std::move(whole));
}

// shared_handle(buffer): name and id of its bus, and a handle, if it is whole, frozen, and of a bus
// that others can open; else None.
PyObject* shared_handle(PyObject*, PyObject* object) {
  BufferView view;
  if (!pin_view(reinterpret_cast<BufferObject*>(object), view)) return nullptr;
  SharedBus* bus = view.buffer.shared_bus();
  if (bus == nullptr || bus->name().empty() || view.buffer.state() != BufferState::frozen ||
      view.offset != 0 || !(view.layout == view.buffer.layout())) {
    Py_RETURN_NONE;
  }
  BufferId id;
  if (!bus->hand_over(view.buffer, &id).ok()) Py_RETURN_NONE;
  return Py_BuildValue("(ss(III))", bus->name().c_str(), shared_bus_id_text(*bus).c_str(),
                       id.size_class, id.block, id.generation);
}

PyMethodDef functions[] = {
    {"shared_handle", method(shared_handle), METH_O,
     "shared_handle(buffer, /)\n--\n\nHand a buffer over to whoever unpickles it, or None."},
    {"buffer_of_bytes", method(buffer_of_bytes), METH_FASTCALL,
     "buffer_of_bytes(object, dtype, shape, /)\n--\n\nWrap the bytes of an object as a Buffer."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyObject* buffer_reduce(PyObject* self, PyObject* protocol) {
  const PyRef pickling = PyRef::steal(PyImport_ImportModule("cogway._pickling"));
  if (!pickling) return nullptr;
  return PyObject_CallMethod(pickling.get(), "reduce", "OO", self, protocol);
}

int add_buffer_functions(PyObject* module, ModuleState&) {
  return PyModule_AddFunctions(module, functions);
}

}  // namespace cogway
