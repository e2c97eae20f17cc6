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
#include "module/sync_state.hpp"

namespace cogway {
namespace {

PyObject* owner_of(ModuleState& state, const SharedBusOwner& owner) {
  return PyObject_CallFunction(
      state.shared_bus_owner, "IIsNNNKKKK", owner.participant, owner.pid, owner.name.c_str(),
      PyBool_FromLong(owner.alive), PyBool_FromLong(owner.self), PyBool_FromLong(owner.waiting),
      owner.leased_bytes, owner.frozen_bytes, owner.transferred_bytes, owner.buffers);
}

PyObject* word_of(ModuleState& state, const SharedWordStatistics& word) {
  return PyObject_CallFunction(state.sync->shared_word_statistics, "ssIIKKKIN", word.name.c_str(),
                               word.kind.c_str(), word.openers, word.waiters, word.waits,
                               word.timeouts, word.notifications, word.abandoned,
                               PyBool_FromLong(word.inconsistent));
}

PyObject* number_of(ModuleState&, const std::uint32_t& number) {
  return PyLong_FromUnsignedLong(number);
}

template <typename Part>
PyRef tuple_of(ModuleState& state, const std::vector<Part>& parts,
               PyObject* (*made)(ModuleState&, const Part&)) {
  PyRef tuple = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(parts.size())));
  for (std::size_t i = 0; tuple && i < parts.size(); ++i) {
    PyObject* part = made(state, parts[i]);
    if (part == nullptr) return {};
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), part);
  }
  return tuple;
}

PyObject* channel_of(ModuleState& state, const SharedChannelReport& channel) {
  const PyRef openers = tuple_of(state, channel.openers, number_of);
  const PyRef filling = tuple_of(state, channel.filling, number_of);
  if (!openers || !filling) return nullptr;
  return PyObject_CallFunction(state.shared_channel_report, "sIssIKNOO", channel.name.c_str(),
                               channel.capacity, channel.policy.c_str(), channel.kind.c_str(),
                               channel.messages, channel.bytes, PyBool_FromLong(channel.closed),
                               openers.get(), filling.get());
}

}  // namespace

PyObject* shared_statistics(ModuleState& state, const SharedBusStatistics& now) {
  const PyRef owners = tuple_of(state, now.owners, owner_of);
  if (!owners) return nullptr;
  const PyRef words = tuple_of(state, now.words, word_of);
  if (!words) return nullptr;
  const PyRef channels = tuple_of(state, now.channels, channel_of);
  if (!channels) return nullptr;
  return PyObject_CallFunction(state.shared_bus_statistics, "KKKKKKKKKKKKKOOO", now.capacity,
                               now.resident_bytes, now.used_bytes, now.free_bytes, now.leased_bytes,
                               now.frozen_bytes, now.transferred_bytes, now.live_buffers,
                               now.in_transit, now.bequeathed_bytes, now.leases, now.deaths,
                               now.reclaimed_buffers, owners.get(), words.get(), channels.get());
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
