// SPDX-License-Identifier: Apache-2.0
// The heap type `Bus`: its life, pools and numbers. Leases are in bus_lease.cpp, slots in
// bus_slots.cpp.

#include <Python.h>
#include <structmember.h>

#include <new>
#include <utility>

#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/heap_type.hpp"

namespace cogway {
namespace {

BusObject* as_bus(PyObject* self) noexcept { return reinterpret_cast<BusObject*>(self); }

void deallocate(PyObject* self) {
  BusObject* object = as_bus(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  object->bus.~shared_ptr();
  free_heap_object(self);
}

PyObject* construct(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static constexpr const char* kNames[] = {"capacity", "huge_pages", "debug", nullptr};
  PyObject* values[3] = {};
  if (PyArg_ParseTupleAndKeywords(arguments, keywords, "O|$OO:Bus", const_cast<char**>(kNames),
                                  &values[0], &values[1], &values[2]) == 0) {
    return nullptr;
  }
  BusOptions options;
  std::int64_t capacity = 0;
  if (!to_int64({"Bus", "capacity"}, values[0], static_cast<std::int64_t>(Bus::kMinCapacity),
                static_cast<std::int64_t>(Bus::kMaxCapacity), capacity) ||
      !to_bool({"Bus", "huge_pages"}, values[1], options.huge_pages) ||
      !to_bool({"Bus", "debug"}, values[2], options.debug)) {
    return nullptr;
  }
  options.capacity = static_cast<std::uint64_t>(capacity);
  std::shared_ptr<Bus> bus;
  try {
    bus = Bus::create(options);
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  return wrap_bus(state_of_type(type), std::move(bus));
}

PyObject* warm(PyObject* self, PyObject* const* arguments, Py_ssize_t n_arguments,
               PyObject* keywords) {
  static constexpr const char* kNames[] = {"nbytes", "count"};
  static constexpr Signature kSignature{"warm", kNames, 2, 1};
  PyObject* values[2];
  std::int64_t nbytes = 0;
  std::int64_t count = 1;
  if (!bind_arguments(kSignature, arguments, n_arguments, keywords, values) ||
      !to_int64({"warm", "nbytes"}, values[0], 0, INT64_MAX, nbytes) ||
      !to_int64({"warm", "count"}, values[1], 0, UINT32_MAX, count)) {
    return nullptr;
  }
  std::uint32_t ready = 0;
  Bus& bus = *as_bus(self)->bus;
  {
    Detached detached;
    ready = bus.warm(static_cast<std::uint64_t>(nbytes), static_cast<std::uint32_t>(count));
  }
  return PyLong_FromUnsignedLong(ready);
}

PyObject* trim(PyObject* self, PyObject*) {
  std::uint64_t bytes = 0;
  Bus& bus = *as_bus(self)->bus;
  {
    Detached detached;
    bytes = bus.trim();
  }
  return PyLong_FromUnsignedLongLong(bytes);
}

PyObject* close(PyObject* self, PyObject*) {
  as_bus(self)->bus->close();
  Py_RETURN_NONE;
}

PyObject* findings(PyObject* self, PyObject*) {
  return findings_tuple(*as_bus(self)->state, as_bus(self)->bus->debug_report().get());
}

PyObject* report_held(PyObject* self, PyObject*) {
  return PyLong_FromSize_t(as_bus(self)->bus->report_held());
}

PyObject* statistics(PyObject* self, PyObject*) {
  const BusStatistics now = as_bus(self)->bus->statistics();
  const struct {
    const char* name;
    std::uint64_t value;
  } fields[] = {
      {"capacity", now.capacity},
      {"used_bytes", now.used_bytes},
      {"free_bytes", now.free_bytes},
      {"reserved_bytes", now.reserved_bytes},
      {"leased_bytes", now.leased_bytes},
      {"frozen_bytes", now.frozen_bytes},
      {"transferred_bytes", now.transferred_bytes},
      {"resident_bytes", now.resident_bytes},
      {"peak_used_bytes", now.peak_used_bytes},
      {"leased_buffers", now.leased_buffers},
      {"frozen_buffers", now.frozen_buffers},
      {"transferred_buffers", now.transferred_buffers},
      {"live_buffers", now.live_buffers},
      {"leases", now.leases},
      {"pool_hits", now.pool_hits},
      {"pool_misses", now.pool_misses},
      {"refused", now.refused},
      {"reclaimed_bytes", now.reclaimed_bytes},
      {"waiting", now.waiting},
      {"waits", now.waits},
      {"wait_timeouts", now.wait_timeouts},
      {"keys", now.keys},
  };
  const PyRef keywords = PyRef::steal(PyDict_New());
  if (!keywords) return nullptr;
  for (const auto& field : fields) {
    const PyRef number = PyRef::steal(PyLong_FromUnsignedLongLong(field.value));
    if (!number || PyDict_SetItemString(keywords.get(), field.name, number.get()) < 0)
      return nullptr;
  }
  ModuleState& state = *as_bus(self)->state;
  return PyObject_Call(state.bus_statistics, state.empty_tuple, keywords.get());
}

PyObject* get_capacity(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(as_bus(self)->bus->capacity());
}
PyObject* get_used(PyObject* self, void*) {
  return PyLong_FromUnsignedLongLong(as_bus(self)->bus->used());
}
PyObject* get_closed(PyObject* self, void*) { return PyBool_FromLong(as_bus(self)->bus->closed()); }

PyObject* represent(PyObject* self) {
  const Bus& bus = *as_bus(self)->bus;
  return PyUnicode_FromFormat(
      "<cogway.Bus%s, %llu of %llu bytes in use>", bus.closed() ? " closed" : "",
      static_cast<unsigned long long>(bus.used()), static_cast<unsigned long long>(bus.capacity()));
}

PyObject* get_debug(PyObject* self, void*) {
  return PyBool_FromLong(as_bus(self)->bus->debug_arena() != nullptr);
}

PyDoc_STRVAR(
    type_doc,
    "Bus(capacity, *, huge_pages=True, debug=False)\n--\n\n"
    "Shared memory of `capacity` bytes, from which typed buffers are leased.\n\n"
    "An engine has one (`engine.bus`); a bus of one's own is for code without an engine.\n"
    "Buffers outlive the bus object and the engine.\n\n"
    "With `debug` every buffer lies between redzones, freed memory is poisoned, and\n"
    "`findings` tells what was written where it must not be; slow, and for at most 32 GiB.\n\n"
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
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n\n"
    "Cancellation: a wait ends when a signal handler raises.\n\n"
    "Threads: a wait blocks its thread: not for the thread of an event loop.");
PyDoc_STRVAR(copy_doc,
             "copy($self, object, /)\n--\n\n"
             "Lease a buffer and copy an array, tensor, bytes object or Buffer into it.\n\n"
             "Raises:\n"
             "    BusExhausted: There is no room.");
PyDoc_STRVAR(
    push_doc,
    "push($self, key, value, /)\n--\n\n"
    "Put a value under a key unless the key has one; return whether it was put.\n\n"
    "A Buffer of this bus is frozen and shared; anything else that has bytes is copied.\n\n"
    "Raises:\n"
    "    BufferError: A writable view of the buffer lives.\n"
    "    BusExhausted: There is no room for the copy.");
PyDoc_STRVAR(snapshot_doc,
             "snapshot($self, key, default=..., /)\n--\n\n"
             "Return the value under a key as a frozen buffer, leaving it in place.\n\n"
             "The buffer is the whole value as it was pushed, whatever replaces it later.\n\n"
             "Raises:\n"
             "    KeyError: The key has no value, and no default was given.");
PyDoc_STRVAR(pop_doc,
             "pop($self, key, default=..., /)\n--\n\n"
             "Remove the value under a key and return it as a frozen buffer.\n\n"
             "Raises:\n"
             "    KeyError: The key has no value, and no default was given.");
PyDoc_STRVAR(version_doc,
             "version($self, key, /)\n--\n\n"
             "Return the version of the value under a key, higher with every push; 0: no value.");
PyDoc_STRVAR(keys_doc, "keys($self, /)\n--\n\nReturn the keys that have a value.");
PyDoc_STRVAR(warm_doc,
             "warm($self, nbytes, count=1)\n--\n\n"
             "Fault memory in so that the next `count` leases of `nbytes` find it warm.\n\n"
             "Returns how many do, which may be fewer when the bus is nearly full.");
PyDoc_STRVAR(trim_doc,
             "trim($self, /)\n--\n\nGive idle memory back to the system; return how many bytes.");
PyDoc_STRVAR(close_doc,
             "close($self, /)\n--\n\n"
             "Refuse further leases and end waits for room. Buffers live on.");
PyDoc_STRVAR(findings_doc,
             "findings($self, /)\n--\n\n"
             "Return what debug mode found, oldest first, as a tuple of Finding; at most 1000.");
PyDoc_STRVAR(
    report_held_doc,
    "report_held($self, /)\n--\n\n"
    "In debug mode, add a finding for every buffer that is alive, and for freed memory that was\n"
    "written to; return how many are alive that had not been told.\n\n"
    "Closing the engine does it, and so does the end of the last owner of the bus.");
PyDoc_STRVAR(statistics_doc, "statistics($self, /)\n--\n\nReturn a BusStatistics snapshot.");

PyDoc_STRVAR(
    create_doc,
    "create($type, name, *, bytes)\n--\n\n"
    "Create a bus that other processes open by its name, and return it as a SharedBus.\n\n"
    "Its two files lie in /dev/shm, or in the tmpfs that COGWAY_BUS_DIR names, for this user\n"
    "alone (mode 0600). The last process that leaves removes them; a bus whose processes were\n"
    "all killed is replaced.\n\n"
    "Args:\n"
    "    name: 1 to 64 letters, digits, \"_\" or \"-\"; None: a bus without a name, which\n"
    "        `send()` hands over.\n"
    "    bytes: What its buffers may hold together; 1 MiB to 64 GiB.\n\n"
    "Raises:\n"
    "    FileExistsError: A process takes part in a bus of that name.\n"
    "    BusExhausted: The file system is full.");
PyDoc_STRVAR(open_doc,
             "open($type, name, /)\n--\n\n"
             "Take part in a bus that another process created, and return it as a SharedBus.\n\n"
             "Raises:\n"
             "    FileNotFoundError: There is none of that name.\n"
             "    PermissionError: It is another user's, is open to others, or belongs to another\n"
             "        PID namespace.\n"
             "    NotImplementedError: Another version or build of cogway made it.\n"
             "    ValueError: That cannot be a name, or the file is no bus.\n"
             "    CogwayError: Its files are damaged.\n"
             "    BusExhausted: 40 processes take part already.");
PyDoc_STRVAR(receive_doc,
             "receive($type, socket, /)\n--\n\n"
             "Take part in a bus that `SharedBus.send()` hands over at the other end of a Unix\n"
             "socket (an object with `fileno()`, or its number).\n\n"
             "Raises: as `open()`; CogwayError: nothing can be received.\n\n"
             "Threads: blocks until the other end sends.");

PyDoc_STRVAR(names_doc,
             "names($type, /)\n--\n\n"
             "Return the names of the shared buses of this machine, whoever's they are.");
PyDoc_STRVAR(inspect_doc,
             "inspect($type, name, /)\n--\n\n"
             "Return the SharedBusStatistics of a bus without taking part in it.\n\n"
             "Nothing is reclaimed: processes that died are shown with what they held.\n\n"
             "Raises: as `open()`.");
PyDoc_STRVAR(remove_doc,
             "remove($type, name, /)\n--\n\n"
             "Remove the files of a bus whose processes were all killed.\n\n"
             "Raises:\n"
             "    FileExistsError: A process takes part in it.\n"
             "    FileNotFoundError: There is none of that name.");

PyMethodDef methods[] = {
    {"names", method(bus_names), METH_NOARGS | METH_CLASS, names_doc},
    {"inspect", method(bus_inspect), METH_O | METH_CLASS, inspect_doc},
    {"remove", method(bus_remove), METH_O | METH_CLASS, remove_doc},
    {"create", method(bus_create), METH_FASTCALL | METH_KEYWORDS | METH_CLASS, create_doc},
    {"open", method(bus_open), METH_O | METH_CLASS, open_doc},
    {"receive", method(bus_receive), METH_O | METH_CLASS, receive_doc},
    {"lease", method(bus_lease), METH_FASTCALL | METH_KEYWORDS, lease_doc},
    {"copy", method(bus_copy), METH_O, copy_doc},
    {"push", method(bus_push), METH_FASTCALL, push_doc},
    {"snapshot", method(bus_snapshot), METH_FASTCALL, snapshot_doc},
    {"pop", method(bus_pop), METH_FASTCALL, pop_doc},
    {"version", method(bus_version), METH_O, version_doc},
    {"keys", method(bus_keys), METH_NOARGS, keys_doc},
    {"warm", method(warm), METH_FASTCALL | METH_KEYWORDS, warm_doc},
    {"trim", method(trim), METH_NOARGS, trim_doc},
    {"close", method(close), METH_NOARGS, close_doc},
    {"statistics", method(statistics), METH_NOARGS, statistics_doc},
    {"findings", method(findings), METH_NOARGS, findings_doc},
    {"report_held", method(report_held), METH_NOARGS, report_held_doc},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef properties[] = {
    {"capacity", get_capacity, nullptr, "Bytes that buffers and reservations may hold together.",
     nullptr},
    {"used", get_used, nullptr, "Bytes that are held now.", nullptr},
    {"debug", get_debug, nullptr, "Whether the bus is in debug mode.", nullptr},
    {"closed", get_closed, nullptr, "Whether new leases are refused.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(BusObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(type_doc)},
    {Py_tp_new, slot(construct)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_members, members},
    {Py_sq_contains, slot(bus_contains)},
    {0, nullptr},
};

PyType_Spec spec = {"cogway.Bus", sizeof(BusObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

PyObject* wrap_bus(ModuleState& state, std::shared_ptr<Bus> bus) {
  auto* self = reinterpret_cast<BusObject*>(state.bus_type->tp_alloc(state.bus_type, 0));
  if (self == nullptr) return nullptr;
  self->state = &state;
  new (&self->bus) std::shared_ptr<Bus>(std::move(bus));
  return reinterpret_cast<PyObject*>(self);
}

int add_bus_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.bus_type, Export::visible);
}

}  // namespace cogway
