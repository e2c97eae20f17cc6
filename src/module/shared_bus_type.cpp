// SPDX-License-Identifier: Apache-2.0
// The heap type `SharedBus`. How one is made is in shared_bus_open.cpp.

#include <Python.h>
#include <structmember.h>

#include <array>
#include <cstdio>
#include <new>
#include <string>
#include <utility>

#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/lend.hpp"
#include "module/shared_bus.hpp"
#include "module/shared_channel.hpp"
#include "module/shared_mutex.hpp"

namespace cogway {
namespace {

SharedBusObject* as_bus(PyObject* self) noexcept {
  return reinterpret_cast<SharedBusObject*>(self);
}

void deallocate(PyObject* self) {
  SharedBusObject* object = as_bus(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  object->bus.~shared_ptr();
  free_heap_object(self);
}

// Detached, as a lease may enter the kernel for pages or wait.
BufferRef lease_detached(SharedBusObject* self, const LeaseRequest& request) {
  BufferRef leased;
  Status status;
  bool failed = false;
  PyThreadState* thread = PyEval_SaveThread();
  try {
    status = request.wait ? self->bus->lease_within(request.layout, request.deadline, &leased,
                                                    signal_raised, &thread)
                          : self->bus->lease(request.layout, &leased);
  } catch (...) {
    failed = true;
  }
  attach_or_hang(thread);
  if (failed) {
    PyErr_NoMemory();
  } else if (!status.ok() && PyErr_Occurred() == nullptr) {
    raise_shared_status(self, status);
  }
  return failed || !status.ok() ? BufferRef() : leased;
}

PyObject* lease(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  LeaseRequest request;
  if (!to_lease_request(arguments, count, keywords, request)) return nullptr;
  BufferRef leased = lease_detached(as_bus(self), request);
  return leased ? wrap_buffer(*as_bus(self)->state, std::move(leased)) : nullptr;
}

PyObject* copy(PyObject* self, PyObject* value) {
  ModuleState& state = *as_bus(self)->state;
  BufferView source;
  LeaseRequest request;
  if (!lend_object(state, value, source)) return nullptr;
  const Status described =
      Layout::contiguous(source.layout.dtype, source.layout.dims(), &request.layout);
  if (!described.ok()) return raise_status(state, described), nullptr;
  BufferRef made = lease_detached(as_bus(self), request);
  if (!made) return nullptr;
  {
    Detached detached;
    copy_elements(source, made.mutable_data());
  }
  source = BufferView();
  if (state.mailbox->pending()) state.mailbox->drain();
  return wrap_buffer(state, std::move(made));
}

PyObject* hand_over(PyObject* self, PyObject* value) {
  SharedBusObject* object = as_bus(self);
  if (!is_buffer(*object->state, value)) {
    PyErr_Format(PyExc_TypeError, "hand_over(): a Buffer is wanted, not %.100s",
                 Py_TYPE(value)->tp_name);
    return nullptr;
  }
  BufferView view;
  if (!pin_view(reinterpret_cast<BufferObject*>(value), view)) return nullptr;
  if (view.offset != 0 || !(view.layout == view.buffer.layout())) {
    PyErr_SetString(PyExc_BufferError,
                    "cannot hand over a part of a buffer: hand over the whole Buffer that it was "
                    "taken from");
    return nullptr;
  }
  BufferId id;
  const Status status = object->bus->hand_over(view.buffer, &id);
  if (status.ok()) return Py_BuildValue("(III)", id.size_class, id.block, id.generation);
  raise_shared_status(object, status);
  return nullptr;
}

PyObject* attach(PyObject* self, PyObject* handle) {
  SharedBusObject* object = as_bus(self);
  std::array<std::int64_t, 3> parts{};
  if (!PyTuple_Check(handle) || PyTuple_GET_SIZE(handle) != 3) {
    PyErr_Format(PyExc_TypeError, "attach(): a handle is a tuple of three int, not %R", handle);
    return nullptr;
  }
  for (Py_ssize_t i = 0; i < 3; ++i) {
    if (!to_int64({"attach", "handle"}, PyTuple_GET_ITEM(handle, i), 0, UINT32_MAX,
                  parts[static_cast<std::size_t>(i)])) {
      return nullptr;
    }
  }
  BufferRef attached;
  const Status status = object->bus->attach(
      {static_cast<std::uint32_t>(parts[0]), static_cast<std::uint32_t>(parts[1]),
       static_cast<std::uint32_t>(parts[2])},
      &attached);
  if (status.ok()) return wrap_buffer(*object->state, std::move(attached));
  raise_shared_status(object, status);
  return nullptr;
}

PyObject* send(PyObject* self, PyObject* value) {
  const int socket = PyObject_AsFileDescriptor(value);
  if (socket < 0) return nullptr;
  Status status;
  {
    Detached detached;
    status = as_bus(self)->bus->send(socket);
  }
  if (status.ok()) Py_RETURN_NONE;
  raise_shared_status(as_bus(self), status);
  return nullptr;
}

PyObject* reclaim(PyObject* self, PyObject*) {
  std::uint32_t found = 0;
  {
    Detached detached;
    found = as_bus(self)->bus->reclaim();
  }
  return PyLong_FromUnsignedLong(found);
}

PyObject* disinherit(PyObject* self, PyObject*) {
  std::uint64_t found = 0;
  {
    Detached detached;
    found = as_bus(self)->bus->disinherit();
  }
  return PyLong_FromUnsignedLongLong(found);
}

PyObject* trim(PyObject* self, PyObject*) {
  std::uint64_t bytes = 0;
  {
    Detached detached;
    bytes = as_bus(self)->bus->trim();
  }
  return PyLong_FromUnsignedLongLong(bytes);
}

PyObject* close(PyObject* self, PyObject*) {
  as_bus(self)->bus->close();
  Py_RETURN_NONE;
}

PyObject* enter(PyObject* self, PyObject*) { return Py_NewRef(self); }
PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) { return close(self, nullptr); }

PyObject* statistics(PyObject* self, PyObject*) {
  SharedBusStatistics now;
  {
    Detached detached;
    now = as_bus(self)->bus->statistics();
  }
  return shared_statistics(*as_bus(self)->state, now);
}

PyObject* get_name(PyObject* self, void*) {
  const std::string& name = as_bus(self)->bus->name();
  if (name.empty()) Py_RETURN_NONE;
  return PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size()));
}
PyObject* get_id(PyObject* self, void*) {
  return PyUnicode_FromString(shared_bus_id_text(*as_bus(self)->bus).c_str());
}
PyObject* get_capacity(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(as_bus(self)->bus->capacity());
}
PyObject* get_participant(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(as_bus(self)->bus->participant());
}
PyObject* get_linked(PyObject* self, void*) { return PyBool_FromLong(as_bus(self)->bus->linked()); }
PyObject* get_closed(PyObject* self, void*) {
  const SharedBus& bus = *as_bus(self)->bus;
  return PyBool_FromLong(bus.closed() || !bus.belongs_here());
}

PyObject* represent(PyObject* self) {
  const SharedBus& bus = *as_bus(self)->bus;
  const std::string name = bus.name().empty() ? std::string("without a name") : bus.name();
  return PyUnicode_FromFormat("<cogway.SharedBus %s%s, %llu bytes, participant %u>", name.c_str(),
                              bus.closed() ? " closed" : "",
                              static_cast<unsigned long long>(bus.capacity()), bus.participant());
}

PyDoc_STRVAR(type_doc,
             "A bus that several processes share; `Bus.create()` and `Bus.open()` return one.\n\n"
             "Each process leases buffers, and gives others handles of frozen ones, which they\n"
             "attach without a copy. A process may be killed at any time: what it held comes\n"
             "back, and the others go on. Buffers outlive the object. Handles and the memory\n"
             "itself are for processes of one user that trust each other.\n\n"
             "In a forked child the object is closed: open the bus again there.\n\n"
             "Threads: all methods may be called from any thread.");
PyDoc_STRVAR(
    lease_doc,
    "lease($self, shape, dtype='uint8', *, timeout=None, policy=None)\n--\n\n"
    "Lease a writable, C-contiguous buffer; its content is whatever was there.\n\n"
    "Args:\n"
    "    shape: An int or a sequence of at most 8.\n"
    "    dtype: A name such as \"float32\", or a numpy or torch dtype.\n"
    "    timeout: Seconds to wait for room; None with policy \"wait\" waits without end.\n"
    "    policy: \"fail\" or \"wait\" when the bus is full; \"wait\" if a timeout is given,\n"
    "        else \"fail\".\n\n"
    "Raises:\n"
    "    BusExhausted: There is no room, and the policy is \"fail\"; or there never can be.\n"
    "    TimeoutError: There was no room in time.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
    "    CogwayError: A process that is stopped keeps others from giving out memory.\n\n"
    "Cancellation: a wait ends when a signal handler raises.\n\n"
    "Threads: a wait blocks its thread: not for the thread of an event loop.");
PyDoc_STRVAR(copy_doc,
             "copy($self, object, /)\n--\n\n"
             "Lease a buffer and copy an array, tensor, bytes object or Buffer into it.\n\n"
             "Raises:\n"
             "    BusExhausted: There is no room.");
PyDoc_STRVAR(
    hand_over_doc,
    "hand_over($self, buffer, /)\n--\n\n"
    "Freeze a buffer of this bus and return its handle, three int, for another process.\n\n"
    "The buffer is kept until somebody attaches it, once for each call, even when this\n"
    "process closes the bus or ends meanwhile.\n\n"
    "Raises:\n"
    "    BufferError: A writable view lives; or this is only a part of the buffer.\n"
    "    ValueError: The buffer is not of this bus.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.");
PyDoc_STRVAR(attach_doc,
             "attach($self, handle, /)\n--\n\n"
             "Return the buffer that a process of this bus handed over, without a copy.\n\n"
             "Raises:\n"
             "    LookupError: Nobody holds the buffer any more.\n"
             "    ValueError: This is no handle of this bus.\n"
             "    EngineClosed: The bus is closed, or belongs to the parent process.");
PyDoc_STRVAR(send_doc,
             "send($self, socket, /)\n--\n\n"
             "Hand a bus without a name to the process at the other end of a Unix socket.\n\n"
             "That one calls `Bus.receive()`.\n\n"
             "Raises:\n"
             "    BufferError: The bus has a name, by which it is opened.");
PyDoc_STRVAR(reclaim_doc,
             "reclaim($self, /)\n--\n\n"
             "Take back what killed processes held; return how many processes there were.\n\n"
             "It is done anyway when a lease finds no room and when a process joins.");
PyDoc_STRVAR(
    disinherit_doc,
    "disinherit($self, /)\n--\n\n"
    "Give up on handles of processes that have left; return how many buffers they kept.\n\n"
    "For handles that were lost on their way; one that arrives later raises LookupError.");
PyDoc_STRVAR(trim_doc,
             "trim($self, /)\n--\n\nGive idle memory back to the system; return how many bytes.");
PyDoc_STRVAR(close_doc,
             "close($self, /)\n--\n\n"
             "Refuse further leases and attaches, and end waits for room. Buffers live on.\n\n"
             "The process leaves the bus when its last buffer is gone as well.");
PyDoc_STRVAR(statistics_doc,
             "statistics($self, /)\n--\n\n"
             "Return a SharedBusStatistics snapshot: bytes by state and by owner.");

PyMethodDef methods[] = {
    {"lease", method(lease), METH_FASTCALL | METH_KEYWORDS, lease_doc},
    {"copy", method(copy), METH_O, copy_doc},
    {"hand_over", method(hand_over), METH_O, hand_over_doc},
    {"attach", method(attach), METH_O, attach_doc},
    {"channel", method(shared_bus_channel), METH_FASTCALL | METH_KEYWORDS, kSharedBusChannelDoc},
    {"channels", method(shared_bus_channels), METH_NOARGS, kSharedBusChannelsDoc},
    {"mutex", method(shared_bus_mutex), METH_O, kSharedBusMutexDoc},
    {"remove_word", method(shared_bus_remove_word), METH_O, kSharedBusRemoveWordDoc},
    {"_loop_descriptor", shared_bus_loop_descriptor, METH_NOARGS, nullptr},
    {"_clear_loop_calls", shared_bus_clear_loop_calls, METH_NOARGS, nullptr},
    {"send", method(send), METH_O, send_doc},
    {"reclaim", method(reclaim), METH_NOARGS, reclaim_doc},
    {"disinherit", method(disinherit), METH_NOARGS, disinherit_doc},
    {"trim", method(trim), METH_NOARGS, trim_doc},
    {"close", method(close), METH_NOARGS, close_doc},
    {"statistics", method(statistics), METH_NOARGS, statistics_doc},
    {"__enter__", method(enter), METH_NOARGS,
     "__enter__($self, /)\n--\n\nReturn the bus; it is closed at the end of the block."},
    {"__exit__", method(leave), METH_FASTCALL,
     "__exit__($self, exc_type, exc, traceback, /)\n--\n\nClose the bus."},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* get_key(PyObject* self, void*) { return PyLong_FromVoidPtr(as_bus(self)->bus.get()); }

PyGetSetDef properties[] = {
    {"_key", get_key, nullptr, nullptr, nullptr},
    {"name", get_name, nullptr, "What other processes open it by, or None.", nullptr},
    {"id", get_id, nullptr, "Tells it from any other bus, of the same name as well.", nullptr},
    {"capacity", get_capacity, nullptr, "Bytes that buffers may hold together.", nullptr},
    {"participant", get_participant, nullptr, "The number of this process on the bus.", nullptr},
    {"linked", get_linked, nullptr, "Whether others can still open it by its name.", nullptr},
    {"closed", get_closed, nullptr, "Whether new leases are refused.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SharedBusObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(type_doc)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {0, nullptr},
};

PyType_Spec spec = {
    "cogway.SharedBus", sizeof(SharedBusObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

std::string shared_bus_id_text(const SharedBus& bus) {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx",
                static_cast<unsigned long long>(bus.id().high),
                static_cast<unsigned long long>(bus.id().low));
  return text;
}

void raise_shared_status(SharedBusObject* self, const Status& status) {
  ModuleState& state = *self->state;
  if (status.code() != StatusCode::failed_precondition) {
    raise_status(state, status);
    return;
  }
  const SharedBus& bus = *self->bus;
  PyObject* type = bus.closed() || !bus.belongs_here() ? state.engine_closed : PyExc_BufferError;
  PyErr_SetString(type, status.message().c_str());
}

PyObject* wrap_shared_bus(ModuleState& state, std::shared_ptr<SharedBus> bus) {
  auto* self =
      reinterpret_cast<SharedBusObject*>(state.shared_bus_type->tp_alloc(state.shared_bus_type, 0));
  if (self == nullptr) return nullptr;
  self->state = &state;
  new (&self->bus) std::shared_ptr<SharedBus>(std::move(bus));
  PyRef object = PyRef::steal(reinterpret_cast<PyObject*>(self));
  const PyRef pickling = PyRef::steal(PyImport_ImportModule("cogway._pickling"));
  if (!pickling) return nullptr;
  const PyRef done =
      PyRef::steal(PyObject_CallMethod(pickling.get(), "entered", "O", object.get()));
  return done ? object.release() : nullptr;
}

int add_shared_bus_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.shared_bus_type, Export::visible);
}

}  // namespace cogway
