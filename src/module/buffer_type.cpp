// SPDX-License-Identifier: Apache-2.0
// The heap type `Buffer`: its life, state and description. Exports are in buffer_export.cpp,
// indexing in buffer_index.cpp, DLPack in dlpack_*.cpp.

#include <Python.h>
#include <structmember.h>

#include <new>
#include <string>

#include "cogway/python/compat.hpp"
#include "module/buffer.hpp"
#include "module/dlpack.hpp"
#include "module/heap_type.hpp"
#include "module/lend.hpp"
#include "module/shared_bus.hpp"

namespace cogway {
namespace {

BufferObject* as_buffer(PyObject* self) noexcept { return reinterpret_cast<BufferObject*>(self); }

void deallocate(PyObject* self) {
  BufferObject* buffer = as_buffer(self);
  if (buffer->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  ModuleState& state = *buffer->state;
  const bool lent = buffer->view.buffer && buffer->view.buffer.bus() == nullptr;
  buffer->view.~BufferView();
  // What was lent by Python goes back at once when this was its last user.
  if (lent && state.mailbox != nullptr && state.mailbox->pending()) state.mailbox->drain();
  free_heap_object(self);
}

// A state belongs to all of a buffer: its parts cannot have another.
bool check_whole(BufferObject* self, const BufferRef& buffer, const char* verb) {
  if (self->view.offset == 0 && self->view.layout == buffer.layout()) return true;
  PyErr_Format(PyExc_BufferError,
               "cannot %s a part of a buffer: %s the whole Buffer that it was taken from", verb,
               verb);
  return false;
}

PyObject* freeze(PyObject* self, PyObject*) {
  const BufferRef buffer = pin_buffer(as_buffer(self));
  if (!buffer || !check_whole(as_buffer(self), buffer, "freeze")) return nullptr;
  if (const Status status = buffer.freeze(); !status.ok()) {
    raise_buffer_status(*as_buffer(self)->state, status);
    return nullptr;
  }
  return Py_NewRef(self);
}

PyObject* transfer(PyObject* self, PyObject*) {
  BufferObject* object = as_buffer(self);
  Status status;
  bool whole = false;
  bool released = false;
  bool exported = false;
  COGWAY_BEGIN_CRITICAL_SECTION(self);
  released = object->released;
  // Readers of a frozen buffer hold this object, not the native buffer: count them here.
  exported = object->address_taken || (object->exports.load() != 0 && !released &&
                                       object->view.buffer.state() == BufferState::frozen);
  if (!released && !exported) {
    whole = check_whole(object, object->view.buffer, "transfer");
    if (whole) status = object->view.buffer.transfer();
  }
  COGWAY_END_CRITICAL_SECTION();
  if (released) {
    raise_released();
  } else if (exported) {
    PyErr_SetString(
        PyExc_BufferError,
        "cannot transfer a buffer that read-only views or arrays still read: drop them, "
        "or copy it");
  } else if (whole && !status.ok()) {
    raise_buffer_status(*object->state, status);
  } else if (whole) {
    return Py_NewRef(self);
  }
  return nullptr;
}

PyObject* release(PyObject* self, PyObject*) {
  BufferObject* object = as_buffer(self);
  BufferRef dropped;
  int exports = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(self);
  exports = object->exports.load();
  if (exports == 0 && !object->released) {
    object->released = true;
    if (!object->address_taken) dropped.swap(object->view.buffer);
  }
  COGWAY_END_CRITICAL_SECTION();
  if (exports != 0) {
    PyErr_Format(
        PyExc_BufferError,
        "cannot release a Buffer with %d live view%s (memoryview or array): drop them first",
        exports, exports == 1 ? "" : "s");
    return nullptr;
  }
  const bool lent = dropped && dropped.bus() == nullptr;
  dropped.reset();
  if (lent && object->state->mailbox->pending()) object->state->mailbox->drain();
  Py_RETURN_NONE;
}

PyObject* enter(PyObject* self, PyObject*) {
  return pin_buffer(as_buffer(self)) ? Py_NewRef(self) : nullptr;
}

PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return release(self, nullptr); }

const char* state_name(BufferObject* self) {
  const char* name = "released";
  COGWAY_BEGIN_CRITICAL_SECTION(reinterpret_cast<PyObject*>(self));
  if (!self->released) name = buffer_state_name(self->view.buffer.state());
  COGWAY_END_CRITICAL_SECTION();
  return name;
}

PyObject* represent(PyObject* self) {
  const Layout& layout = as_buffer(self)->view.layout;
  return PyUnicode_FromFormat("<cogway.Buffer %s %s, %llu bytes>", layout.describe().c_str(),
                              state_name(as_buffer(self)),
                              static_cast<unsigned long long>(layout.nbytes()));
}

PyObject* get_shape(PyObject* self, void*) { return tuple_of(as_buffer(self)->view.layout.dims()); }
PyObject* get_strides(PyObject* self, void*) {
  const Layout& layout = as_buffer(self)->view.layout;
  return tuple_of({layout.strides.data(), layout.ndim});
}
PyObject* get_dtype(PyObject* self, void*) {
  const std::string_view name = as_buffer(self)->view.layout.dtype.name();
  return PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size()));
}
PyObject* get_ndim(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(as_buffer(self)->view.layout.ndim);
}
PyObject* get_size(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(as_buffer(self)->view.layout.size());
}
PyObject* get_nbytes(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(as_buffer(self)->view.layout.nbytes());
}
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(as_buffer(self)->view.layout.dtype.itemsize());
}
PyObject* get_state(PyObject* self, void*) {
  return PyUnicode_FromString(state_name(as_buffer(self)));
}
PyObject* get_readonly(PyObject* self, void*) {
  const BufferRef buffer = pin_buffer(as_buffer(self));
  return buffer ? PyBool_FromLong(!buffer.writable()) : nullptr;
}
PyObject* get_external(PyObject* self, void*) {
  const BufferRef buffer = pin_buffer(as_buffer(self));
  return buffer ? PyBool_FromLong(buffer.bus() == nullptr && buffer.shared_bus() == nullptr)
                : nullptr;
}

PyObject* get_shared_bus_id(PyObject* self, void*) {
  const BufferRef buffer = pin_buffer(as_buffer(self));
  if (!buffer) return nullptr;
  if (buffer.shared_bus() == nullptr) Py_RETURN_NONE;
  return PyUnicode_FromString(shared_bus_id_text(*buffer.shared_bus()).c_str());
}
PyObject* get_c_contiguous(PyObject* self, void*) {
  return PyBool_FromLong(as_buffer(self)->view.layout.is_c_contiguous());
}

PyObject* iterate(PyObject* self) {
  if (as_buffer(self)->view.layout.ndim != 0) return PySeqIter_New(self);
  PyErr_SetString(PyExc_TypeError, "a Buffer of no dimensions cannot be iterated over; use item()");
  return nullptr;
}

PyObject* from_dlpack(PyObject* type, PyObject* object) {
  ModuleState& state = state_of_type(reinterpret_cast<PyTypeObject*>(type));
  BufferView view;
  return lend_dlpack(state, object, view) ? wrap_view(state, std::move(view)) : nullptr;
}

PyObject* from_buffer(PyObject* type, PyObject* object) {
  ModuleState& state = state_of_type(reinterpret_cast<PyTypeObject*>(type));
  BufferView view;
  return lend_py_buffer(state, object, view) ? wrap_view(state, std::move(view)) : nullptr;
}

PyDoc_STRVAR(
    type_doc,
    "Typed memory that native and Python code share without a copy.\n\n"
    "Buffers come from `bus.lease()`, `bus.snapshot()`, kernels, or `Buffer.from_dlpack()` and\n"
    "`Buffer.from_buffer()`; the type is not called. A buffer is `leased` (writable), then\n"
    "`frozen` (immutable) or `transferred` (one exclusive writer, such as a tensor). It\n"
    "supports the buffer protocol and DLPack: `memoryview(buffer)`, `numpy.asarray(buffer)`\n"
    "and `torch.from_dlpack(buffer)` make no copy and keep the memory alive.\n\n"
    "Threads: all methods may be called from any thread; who writes while others read must\n"
    "order the two, or freeze first.");
PyDoc_STRVAR(
    freeze_doc,
    "freeze($self, /)\n--\n\n"
    "Make the content immutable, and return the buffer.\n\n"
    "Views made from now on are read-only. Freezing twice is harmless.\n\n"
    "Raises:\n"
    "    BufferError: A writable view, tensor or running kernel can still write; or the buffer\n"
    "        is transferred; or this is only a part of it.");
PyDoc_STRVAR(
    transfer_doc,
    "transfer($self, /)\n--\n\n"
    "Hand the content to one exclusive writer, and return the buffer.\n\n"
    "For frameworks that write into what they are given: the next view or DLPack export is\n"
    "writable, and no second one is given out while it lives:\n"
    "`tensor = torch.from_dlpack(batch.transfer())`.\n\n"
    "Raises:\n"
    "    BufferError: A writable view lives; or the buffer is frozen and others hold it; or it\n"
    "        is transferred already; or this is only a part of it.");
PyDoc_STRVAR(
    release_doc,
    "release($self, /)\n--\n\n"
    "Give the memory up now instead of when the object goes. Releasing twice is harmless.\n\n"
    "Tensors made through DLPack, and parts taken by indexing, keep the memory; this object\n"
    "cannot be used any more.\n\n"
    "Raises:\n"
    "    BufferError: memoryviews or arrays of this object live.");
PyDoc_STRVAR(item_doc,
             "item($self, /)\n--\n\n"
             "Return the only element as a Python number.\n\n"
             "Raises:\n"
             "    ValueError: The buffer does not have exactly one element.");
PyDoc_STRVAR(tobytes_doc, "tobytes($self, /)\n--\n\nReturn a copy of the elements in C order.");
PyDoc_STRVAR(
    from_dlpack_doc,
    "from_dlpack($type, object, /)\n--\n\n"
    "Wrap the memory of a tensor (anything with `__dlpack__`) without a copy.\n\n"
    "Raises:\n"
    "    BufferError: The tensor is not in main memory, or of a dtype the bus does not have.");
PyDoc_STRVAR(from_buffer_doc,
             "from_buffer($type, object, /)\n--\n\n"
             "Wrap the memory of an object with the buffer protocol without a copy.\n\n"
             "Raises:\n"
             "    BufferError: Its items are of a type the bus does not have.");
PyDoc_STRVAR(reduce_doc,
             "__reduce_ex__($self, protocol, /)\n--\n\n"
             "Reduce to the elements for `pickle`; out of band with protocol 5.\n\n"
             "Through the queues of multiprocessing a frozen buffer of a SharedBus with a name\n"
             "travels as a handle instead.");
PyDoc_STRVAR(
    dlpack_doc,
    "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
    "Export as a DLPack capsule that keeps the memory alive.\n\n"
    "A frozen buffer is exported read-only, which needs a consumer of DLPack 1.0 or later.\n\n"
    "Raises:\n"
    "    BufferError: The state does not allow the export; the message says what does.");

PyMethodDef methods[] = {
    {"freeze", method(freeze), METH_NOARGS, freeze_doc},
    {"transfer", method(transfer), METH_NOARGS, transfer_doc},
    {"release", method(release), METH_NOARGS, release_doc},
    {"item", method(buffer_scalar), METH_NOARGS, item_doc},
    {"tobytes", method(buffer_bytes), METH_NOARGS, tobytes_doc},
    {"from_dlpack", method(from_dlpack), METH_O | METH_CLASS, from_dlpack_doc},
    {"from_buffer", method(from_buffer), METH_O | METH_CLASS, from_buffer_doc},
    {"__reduce_ex__", method(buffer_reduce), METH_O, reduce_doc},
    {"__dlpack__", method(buffer_dlpack), METH_FASTCALL | METH_KEYWORDS, dlpack_doc},
    {"__dlpack_device__", method(buffer_dlpack_device), METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\nReturn the DLPack device: (1, 0), the processor."},
    {"__bytes__", method(buffer_bytes), METH_NOARGS,
     "__bytes__($self, /)\n--\n\nReturn a copy of the elements in C order."},
    {"__enter__", method(enter), METH_NOARGS,
     "__enter__($self, /)\n--\n\nReturn the buffer; it is released at the end of the block."},
    {"__exit__", method(leave), METH_FASTCALL,
     "__exit__($self, exc_type, exc, traceback, /)\n--\n\nRelease the buffer."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"shape", get_shape, nullptr, "Elements of each dimension.", nullptr},
    {"strides", get_strides, nullptr, "Bytes from one element to the next, by dimension.", nullptr},
    {"dtype", get_dtype, nullptr, "Name of the element type, such as \"float32\".", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions.", nullptr},
    {"size", get_size, nullptr, "Number of elements.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"state", get_state, nullptr, "\"leased\", \"frozen\", \"transferred\" or \"released\".",
     nullptr},
    {"readonly", get_readonly, nullptr, "Whether views of it are read-only.", nullptr},
    {"external", get_external, nullptr, "Whether the memory belongs to another object.", nullptr},
    {"is_c_contiguous", get_c_contiguous, nullptr, "Whether the elements lie in C order, no gaps.",
     nullptr},
    {"shared_bus_id", get_shared_bus_id, nullptr,
     "The `id` of the SharedBus that it is of, or None.", nullptr},
    {"__array_interface__", buffer_array_interface, nullptr,
     "numpy's array interface: a read-only view.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(BufferObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(type_doc)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_iter, slot(iterate)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {Py_mp_length, slot(buffer_length)},
    {Py_mp_subscript, slot(buffer_subscript)},
    {Py_sq_length, slot(buffer_length)},
    {Py_sq_item, slot(buffer_item)},
    {Py_bf_getbuffer, slot(buffer_get_export)},
    {Py_bf_releasebuffer, slot(buffer_release_export)},
    {0, nullptr},
};

PyType_Spec spec = {
    "cogway.Buffer", sizeof(BufferObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

PyObject* wrap_buffer(ModuleState& state, BufferRef&& buffer) {
  if (!buffer) {
    PyErr_SetString(PyExc_SystemError, "an empty reference cannot be a Buffer");
    return nullptr;
  }
  return wrap_view(state, BufferView::whole(std::move(buffer)));
}

PyObject* wrap_view(ModuleState& state, BufferView&& view) {
  auto* self = reinterpret_cast<BufferObject*>(state.buffer_type->tp_alloc(state.buffer_type, 0));
  if (self == nullptr) return nullptr;
  self->state = &state;
  new (&self->view) BufferView(std::move(view));
  new (&self->exports) std::atomic<int>(0);
  return reinterpret_cast<PyObject*>(self);
}

int add_buffer_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.buffer_type, Export::visible);
}

}  // namespace cogway
