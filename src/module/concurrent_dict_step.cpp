// SPDX-License-Identifier: Apache-2.0
// The steps that depend on what is there: compare_and_set and update(key, fn). Each computes
// without a lock and then replaces the very object that it saw, or begins again.

#include "module/concurrent_dict.hpp"
#include "module/sync_state.hpp"

namespace cogway {

PyObject* dict_compare_and_set(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  ConcurrentDictObject* self = as_concurrent_dict(object);
  if (count != 3) {
    return PyErr_Format(PyExc_TypeError,
                        "compare_and_set() takes a key, an expected and a desired value "
                        "(%zd arguments given)",
                        count);
  }
  PyObject* absent = self->state->sync->absent;
  PyObject* key = arguments[0];
  PyObject* expected = arguments[1];
  PyObject* desired = arguments[2] == absent ? nullptr : arguments[2];
  if (expected == absent) {
    if (desired == nullptr) {
      const int there = dict_contains(self, key);
      return there < 0 ? nullptr : PyBool_FromLong(there == 0);
    }
    PyRef present;
    const int there = dict_set_default(self, key, desired, present);
    return there < 0 ? nullptr : PyBool_FromLong(there == 0);
  }
  for (;;) {
    PyRef value;
    const int there = dict_get(self, key, value);
    if (there < 0) return nullptr;
    if (there == 0) Py_RETURN_FALSE;
    const int equal = PyObject_RichCompareBool(value.get(), expected, Py_EQ);
    if (equal < 0) return nullptr;
    if (equal == 0) Py_RETURN_FALSE;
    const int done = dict_replace(self, key, value.get(), desired);
    if (done < 0) return nullptr;
    if (done > 0) Py_RETURN_TRUE;
  }
}

PyObject* dict_update_key(ConcurrentDictObject* self, PyObject* const* arguments,
                          Py_ssize_t count) {
  PyObject* key = arguments[0];
  PyObject* function = arguments[1];
  if (!PyCallable_Check(function)) {
    return PyErr_Format(PyExc_TypeError, "update(key, fn): fn must be callable, not %.100s",
                        Py_TYPE(function)->tp_name);
  }
  for (;;) {
    PyRef value;
    const int there = dict_get(self, key, value);
    if (there < 0) return nullptr;
    if (there == 0 && count < 3) return raise_key_error(key), nullptr;
    PyRef next =
        PyRef::steal(PyObject_CallOneArg(function, there > 0 ? value.get() : arguments[2]));
    if (!next) return nullptr;
    PyRef present;
    const int done = there > 0 ? dict_replace(self, key, value.get(), next.get())
                               : dict_set_default(self, key, next.get(), present);
    if (done < 0) return nullptr;
    if (done == (there > 0 ? 1 : 0)) return next.release();
  }
}

}  // namespace cogway
