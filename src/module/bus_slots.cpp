// SPDX-License-Identifier: Apache-2.0
// Keyed slots: Bus.push, snapshot, pop, version, keys and `in`.

#include <Python.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"

namespace cogway {
namespace {

BusObject* as_bus(PyObject* self) noexcept { return reinterpret_cast<BusObject*>(self); }

bool to_key(PyObject* value, std::string_view& key) {
  if (!PyUnicode_Check(value)) {
    PyErr_Format(PyExc_TypeError, "a key is a str, not %.100s", Py_TYPE(value)->tp_name);
    return false;
  }
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(value, &size);
  if (utf8 == nullptr) return false;
  key = {utf8, static_cast<std::size_t>(size)};
  return true;
}

// snapshot() and pop(): the value, the default, or KeyError.
PyObject* value_or(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                   const char* function, bool remove) {
  if (count < 1 || count > 2) {
    PyErr_Format(PyExc_TypeError, "%s() takes a key and a default (%zd arguments given)", function,
                 count);
    return nullptr;
  }
  std::string_view key;
  if (!to_key(arguments[0], key)) return nullptr;
  BusObject* object = as_bus(self);
  std::optional<SlotValue> value =
      remove ? object->bus->slots().pop(key) : object->bus->slots().get(key);
  if (value) return wrap_buffer(*object->state, std::move(value->buffer));
  if (count == 2) return Py_NewRef(arguments[1]);
  PyErr_SetObject(PyExc_KeyError, arguments[0]);
  return nullptr;
}

}  // namespace

PyObject* bus_push(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "push() takes a key and a value (%zd given)", count);
    return nullptr;
  }
  BusObject* object = as_bus(self);
  std::string_view key;
  if (!to_key(arguments[0], key)) return nullptr;
  if (object->bus->slots().contains(key)) Py_RETURN_FALSE;
  BufferRef value;
  if (is_buffer(*object->state, arguments[1])) {
    BufferView view;
    if (!buffer_input(arguments[1], view)) return nullptr;
    if (view.offset != 0 || !(view.layout == view.buffer.layout())) {
      PyErr_SetString(PyExc_ValueError,
                      "push(): this is a part of a buffer; push bus.copy(part), or the whole");
      return nullptr;
    }
    if (view.buffer.bus() != object->bus.get()) {
      PyErr_SetString(PyExc_ValueError,
                      "push(): the buffer is not of this bus; push bus.copy(buffer)");
      return nullptr;
    }
    value = std::move(view.buffer);
  } else {
    value = bus_copy_of(object, arguments[1]);
    if (!value) return nullptr;
  }
  const Status status = object->bus->slots().push_if_absent(key, std::move(value));
  if (status.code() == StatusCode::already_exists) Py_RETURN_FALSE;
  if (status.ok()) Py_RETURN_TRUE;
  raise_buffer_status(*object->state, status);
  return nullptr;
}

PyObject* bus_snapshot(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return value_or(self, arguments, count, "snapshot", false);
}
PyObject* bus_pop(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return value_or(self, arguments, count, "pop", true);
}

PyObject* bus_version(PyObject* self, PyObject* name) {
  std::string_view key;
  if (!to_key(name, key)) return nullptr;
  const std::optional<SlotValue> value = as_bus(self)->bus->slots().get(key);
  return PyLong_FromUnsignedLongLong(value ? value->version : 0);
}

PyObject* bus_keys(PyObject* self, PyObject*) {
  const std::vector<std::string> names = as_bus(self)->bus->slots().keys();
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(names.size())));
  if (!list) return nullptr;
  for (std::size_t i = 0; i < names.size(); ++i) {
    PyObject* name =
        PyUnicode_FromStringAndSize(names[i].data(), static_cast<Py_ssize_t>(names[i].size()));
    if (name == nullptr) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), name);
  }
  return list.release();
}

int bus_contains(PyObject* self, PyObject* name) {
  std::string_view key;
  if (!to_key(name, key)) return -1;
  return as_bus(self)->bus->slots().contains(key) ? 1 : 0;
}

}  // namespace cogway
