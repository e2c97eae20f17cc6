// SPDX-License-Identifier: Apache-2.0
// Atomics whose word lies in somebody else's memory: a bus buffer, a mapping, an array.

#include <cstdint>
#include <memory>
#include <string>

#include "cogway/python/thread_state.hpp"
#include "module/atomic_object.hpp"
#include "module/shared_bus.hpp"

namespace cogway {

PlacedWord* place_word(const char* type, PyObject* buffer, PyObject* offset, std::size_t size) {
  std::int64_t at = 0;
  if (!to_int64({"in_buffer", "offset"}, offset, 0, INT64_MAX, at)) return nullptr;
  auto placed = std::unique_ptr<PlacedWord>(new (std::nothrow) PlacedWord());
  if (!placed) return PyErr_NoMemory(), nullptr;
  if (PyObject_GetBuffer(buffer, &placed->view, PyBUF_WRITABLE) < 0) return nullptr;
  const std::int64_t room = placed->view.len - static_cast<std::int64_t>(size);
  if (at > room) {
    PyErr_Format(
        PyExc_ValueError,
        "in_buffer(): an %s of %zu bytes at offset %lld does not fit a buffer of %zd bytes", type,
        size, static_cast<long long>(at), placed->view.len);
  } else {
    placed->address = static_cast<char*>(placed->view.buf) + at;
    if (reinterpret_cast<std::uintptr_t>(placed->address) % size == 0) return placed.release();
    PyErr_Format(PyExc_ValueError,
                 "in_buffer(): the memory at offset %lld is not aligned to %zu bytes, so no "
                 "processor changes it in one step",
                 static_cast<long long>(at), size);
  }
  PyBuffer_Release(&placed->view);
  return nullptr;
}

PlacedWord* open_word(ModuleState& state, PyObject* bus, PyObject* name, SharedWordKind kind,
                      std::uint64_t initial) {
  std::string text;
  if (!is_shared_bus(state, bus)) {
    return PyErr_Format(
               PyExc_TypeError,
               "on_bus(): a SharedBus is wanted, of Bus.create() or Bus.open(), not %.100s",
               Py_TYPE(bus)->tp_name),
           nullptr;
  }
  if (!to_bus_name("on_bus", name, text)) return nullptr;
  auto* on = reinterpret_cast<SharedBusObject*>(bus);
  Status status;
  std::unique_ptr<PlacedWord> placed;
  {
    Detached detached;
    try {
      placed = std::make_unique<PlacedWord>();
      status = SharedWord::open(on->bus, text, kind, initial, &placed->shared);
    } catch (...) {
      placed.reset();
    }
  }
  if (!placed) return PyErr_NoMemory(), nullptr;
  if (!status.ok()) return raise_shared_status(on, status), nullptr;
  placed->address = &placed->shared->value<std::uint64_t>();
  return placed.release();
}

void release_word(PlacedWord* placed) noexcept {
  if (placed == nullptr) return;
  if (placed->view.obj != nullptr) PyBuffer_Release(&placed->view);
  delete placed;
}

}  // namespace cogway
