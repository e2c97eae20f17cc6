// SPDX-License-Identifier: Apache-2.0
// What can be seen and done from outside of shared buses: Bus.names, Bus.inspect, Bus.remove.

#include <Python.h>

#include <string>
#include <vector>

#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/bus.hpp"
#include "module/heap_type.hpp"
#include "module/shared_bus.hpp"

namespace cogway {
namespace {

PyObject* owner_of(ModuleState& state, const SharedBusOwner& owner) {
  return PyObject_CallFunction(
      state.shared_bus_owner, "IIsNNNKKKK", owner.participant, owner.pid, owner.name.c_str(),
      PyBool_FromLong(owner.alive), PyBool_FromLong(owner.self), PyBool_FromLong(owner.waiting),
      owner.leased_bytes, owner.frozen_bytes, owner.transferred_bytes, owner.buffers);
}

}  // namespace

PyObject* shared_statistics(ModuleState& state, const SharedBusStatistics& now) {
  PyRef owners = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(now.owners.size())));
  if (!owners) return nullptr;
  for (std::size_t i = 0; i < now.owners.size(); ++i) {
    PyObject* owner = owner_of(state, now.owners[i]);
    if (owner == nullptr) return nullptr;
    PyTuple_SET_ITEM(owners.get(), static_cast<Py_ssize_t>(i), owner);
  }
  return PyObject_CallFunction(state.shared_bus_statistics, "KKKKKKKKKKKKKO", now.capacity,
                               now.resident_bytes, now.used_bytes, now.free_bytes, now.leased_bytes,
                               now.frozen_bytes, now.transferred_bytes, now.live_buffers,
                               now.in_transit, now.bequeathed_bytes, now.leases, now.deaths,
                               now.reclaimed_buffers, owners.get());
}

PyObject* bus_names(PyObject*, PyObject*) {
  const std::vector<std::string> names = SharedBus::names();
  PyRef list = PyRef::steal(PyList_New(0));
  if (!list) return nullptr;
  for (const std::string& name : names) {
    const PyRef text = PyRef::steal(
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "replace"));
    if (!text || PyList_Append(list.get(), text.get()) < 0) return nullptr;
  }
  return list.release();
}

PyObject* bus_inspect(PyObject* type, PyObject* value) {
  std::string name;
  if (!to_bus_name("inspect", value, name)) return nullptr;
  ModuleState& state = state_of_type(reinterpret_cast<PyTypeObject*>(type));
  SharedBusStatistics now;
  Status status;
  {
    Detached detached;
    status = SharedBus::inspect(name, &now);
  }
  if (status.ok()) return shared_statistics(state, now);
  raise_open_status(state, status);
  return nullptr;
}

PyObject* bus_remove(PyObject* type, PyObject* value) {
  std::string name;
  if (!to_bus_name("remove", value, name)) return nullptr;
  Status status;
  {
    Detached detached;
    status = SharedBus::remove_dead(name);
  }
  if (status.ok()) Py_RETURN_NONE;
  raise_open_status(state_of_type(reinterpret_cast<PyTypeObject*>(type)), status);
  return nullptr;
}

}  // namespace cogway
