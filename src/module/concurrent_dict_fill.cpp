// SPDX-License-Identifier: Apache-2.0
// Filling a ConcurrentDict from mappings, pairs and keywords: its constructor and
// MutableMapping.update. Each key is one step; the whole is not.

#include "cogway/python/compat.hpp"
#include "module/concurrent_dict.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

int fill_from_dict(ConcurrentDictObject* self, PyObject* source) {
  // A copy of the pairs first: storing may run code that changes `source`.
  const PyRef items = PyRef::steal(PyDict_Items(source));
  if (!items) return -1;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* item = PyList_GET_ITEM(items.get(), i);
    if (dict_set(self, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1)) < 0) return -1;
  }
  return 0;
}

int fill_from_mapping(ConcurrentDictObject* self, PyObject* source, PyObject* method) {
  const PyRef keys = PyRef::steal(PyObject_CallNoArgs(method));
  if (!keys) return -1;
  const PyRef iterator = PyRef::steal(PyObject_GetIter(keys.get()));
  if (!iterator) return -1;
  while (const PyRef key = PyRef::steal(PyIter_Next(iterator.get()))) {
    const PyRef value = PyRef::steal(PyObject_GetItem(source, key.get()));
    if (!value || dict_set(self, key.get(), value.get()) < 0) return -1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

int fill_from_pairs(ConcurrentDictObject* self, PyObject* source) {
  const PyRef iterator = PyRef::steal(PyObject_GetIter(source));
  if (!iterator) return -1;
  Py_ssize_t index = 0;
  for (; const PyRef item = PyRef::steal(PyIter_Next(iterator.get())); ++index) {
    const PyRef pair = PyRef::steal(PySequence_Fast(item.get(), ""));
    if (!pair) {
      if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Format(PyExc_TypeError, "cannot convert element #%zd to a pair of key and value",
                     index);
      }
      return -1;
    }
    if (PySequence_Fast_GET_SIZE(pair.get()) != 2) {
      PyErr_Format(PyExc_ValueError, "element #%zd has length %zd; a pair of key and value has 2",
                   index, PySequence_Fast_GET_SIZE(pair.get()));
      return -1;
    }
    const PyRef key = PyRef::borrow(PySequence_Fast_GET_ITEM(pair.get(), 0));
    const PyRef value = PyRef::borrow(PySequence_Fast_GET_ITEM(pair.get(), 1));
    if (dict_set(self, key.get(), value.get()) < 0) return -1;
  }
  return PyErr_Occurred() == nullptr ? 0 : -1;
}

int fill_from(ConcurrentDictObject* self, PyObject* source) {
  if (PyDict_CheckExact(source)) return fill_from_dict(self, source);
  PyRef keys;
  const int has_keys = optional_attribute(source, self->state->sync->name_keys, keys.out());
  if (has_keys < 0) return -1;
  return has_keys > 0 ? fill_from_mapping(self, source, keys.get()) : fill_from_pairs(self, source);
}

}  // namespace

int dict_fill(ConcurrentDictObject* self, PyObject* source, PyObject* keywords) {
  if (source != nullptr && fill_from(self, source) < 0) return -1;
  return keywords == nullptr ? 0 : fill_from_dict(self, keywords);
}

PyObject* dict_update(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords) {
  ConcurrentDictObject* self = as_concurrent_dict(object);
  const Py_ssize_t n_keywords = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (count == 2 || count == 3) {
    if (n_keywords == 0) return dict_update_key(self, arguments, count);
    return PyErr_Format(PyExc_TypeError, "update(key, fn[, default]) takes no keyword arguments");
  }
  if (count > 3) {
    return PyErr_Format(PyExc_TypeError,
                        "update() takes a mapping or pairs, or a key and a function and perhaps a "
                        "default (%zd arguments given)",
                        count);
  }
  if (dict_fill(self, count == 1 ? arguments[0] : nullptr, nullptr) < 0) return nullptr;
  for (Py_ssize_t i = 0; i < n_keywords; ++i) {
    if (dict_set(self, PyTuple_GET_ITEM(keywords, i), arguments[count + i]) < 0) return nullptr;
  }
  Py_RETURN_NONE;
}

}  // namespace cogway
