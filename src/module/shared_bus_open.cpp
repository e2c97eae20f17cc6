// SPDX-License-Identifier: Apache-2.0
// Bus.create, Bus.open and Bus.receive: ways into a bus that several processes share.

#include <Python.h>

#include <string>
#include <utility>

#include "cogway/python/py_ref.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/shared_bus.hpp"

namespace cogway {
namespace {

PyObject* entered(PyObject* type, const Status& status, std::shared_ptr<SharedBus>&& bus) {
  ModuleState& state = state_of_type(reinterpret_cast<PyTypeObject*>(type));
  if (status.ok()) return wrap_shared_bus(state, std::move(bus));
  raise_open_status(state, status);
  return nullptr;
}

}  // namespace

bool to_bus_name(const char* function, PyObject* value, std::string& out) {
  if (!PyUnicode_Check(value)) {
    PyErr_Format(PyExc_TypeError, "%s(): name must be a str, not %.100s", function,
                 Py_TYPE(value)->tp_name);
    return false;
  }
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(value, &size);
  if (utf8 == nullptr) return false;
  out.assign(utf8, static_cast<std::size_t>(size));
  return true;
}

void raise_open_status(ModuleState& state, const Status& status) {
  PyObject* type = nullptr;
  switch (status.code()) {
    case StatusCode::not_found:
      type = PyExc_FileNotFoundError;
      break;
    case StatusCode::already_exists:
      type = PyExc_FileExistsError;
      break;
    case StatusCode::failed_precondition:
      type = PyExc_PermissionError;
      break;
    default:
      raise_status(state, status);
      return;
  }
  PyErr_SetString(type, status.message().c_str());
}

PyObject* bus_create(PyObject* type, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords) {
  static constexpr const char* kNames[] = {"name", "bytes"};
  static constexpr Signature kSignature{"create", kNames, 1, 2};
  PyObject* values[2];
  std::string name;
  std::int64_t bytes = 0;
  if (!bind_arguments(kSignature, arguments, count, keywords, values) ||
      (values[0] != Py_None && !to_bus_name("create", values[0], name)) ||
      !to_int64({"create", "bytes"}, values[1], static_cast<std::int64_t>(SharedBus::kMinCapacity),
                static_cast<std::int64_t>(SharedBus::kMaxCapacity), bytes)) {
    return nullptr;
  }
  Status status;
  std::shared_ptr<SharedBus> bus;
  {
    Detached detached;
    const auto capacity = static_cast<std::uint64_t>(bytes);
    status = values[0] == Py_None ? SharedBus::create_anonymous(capacity, &bus)
                                  : SharedBus::create(name, capacity, &bus);
  }
  return entered(type, status, std::move(bus));
}

PyObject* bus_open(PyObject* type, PyObject* value) {
  std::string name;
  if (!to_bus_name("open", value, name)) return nullptr;
  Status status;
  std::shared_ptr<SharedBus> bus;
  {
    Detached detached;
    status = SharedBus::open(name, &bus);
  }
  return entered(type, status, std::move(bus));
}

PyObject* bus_receive(PyObject* type, PyObject* value) {
  const int socket = PyObject_AsFileDescriptor(value);
  if (socket < 0) return nullptr;
  Status status;
  std::shared_ptr<SharedBus> bus;
  {
    Detached detached;
    status = SharedBus::receive(socket, &bus);
  }
  return entered(type, status, std::move(bus));
}

}  // namespace cogway
