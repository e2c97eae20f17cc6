// SPDX-License-Identifier: Apache-2.0
#pragma once
// The named methods of the atomic number types.

#include "module/atomic_operators.hpp"

namespace cogway {

template <typename Kind>
PyObject* atomic_get(PyObject* self, PyObject*) {
  return Kind::box(word_of<Kind>(self).load());
}

template <typename Kind>
PyObject* atomic_set(PyObject* self, PyObject* value) {
  typename Kind::Value next{};
  if (!unbox<Kind>(value, next)) return nullptr;
  word_of<Kind>(self).store(next);
  Py_RETURN_NONE;
}

template <typename Kind>
PyObject* atomic_exchange(PyObject* self, PyObject* value) {
  typename Kind::Value next{};
  if (!unbox<Kind>(value, next)) return nullptr;
  return Kind::box(word_of<Kind>(self).exchange(next));
}

[[nodiscard]] inline bool two_arguments(const char* function, Py_ssize_t count) {
  if (count == 2) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes exactly 2 arguments (%zd given)", function, count);
  return false;
}

template <typename Kind>
PyObject* atomic_compare_exchange(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (!two_arguments("compare_exchange", count)) return nullptr;
  typename Kind::Value expected{};
  typename Kind::Value desired{};
  const int comparable = Kind::try_unbox(arguments[0], expected);
  if (comparable < 0 || !unbox<Kind>(arguments[1], desired)) return nullptr;
  // A number that the type cannot hold is never what it holds.
  if (comparable == 0) return Kind::box(word_of<Kind>(self).load());
  return Kind::box(word_of<Kind>(self).compare_exchange(expected, desired));
}

template <typename Kind>
PyObject* atomic_fetch_add(PyObject* self, PyObject* operand) {
  typename Kind::Value old{};
  return add<Kind>(self, operand, old) ? Kind::box(old) : nullptr;
}
template <typename Kind>
PyObject* atomic_fetch_sub(PyObject* self, PyObject* operand) {
  typename Kind::Value old{};
  return subtract<Kind>(self, operand, old) ? Kind::box(old) : nullptr;
}
template <typename Kind>
PyObject* atomic_fetch_max(PyObject* self, PyObject* operand) {
  typename Kind::Value value{};
  if (!unbox<Kind>(operand, value)) return nullptr;
  return Kind::box(word_of<Kind>(self).fetch_max(value));
}
template <typename Kind>
PyObject* atomic_fetch_min(PyObject* self, PyObject* operand) {
  typename Kind::Value value{};
  if (!unbox<Kind>(operand, value)) return nullptr;
  return Kind::box(word_of<Kind>(self).fetch_min(value));
}

/// incr() and decr(): the new value.
template <typename Kind>
PyObject* atomic_incr(PyObject* self, PyObject*) {
  typename Kind::Value old;
  if (word_of<Kind>(self).fetch_add(1, &old)) [[likely]] {
    return Kind::box(static_cast<typename Kind::Value>(old + 1));
  }
  return PyErr_Format(PyExc_OverflowError, "%s.incr(): at the greatest value already", Kind::kName);
}
template <typename Kind>
PyObject* atomic_decr(PyObject* self, PyObject*) {
  typename Kind::Value old;
  if (word_of<Kind>(self).fetch_sub(1, &old)) [[likely]] {
    return Kind::box(static_cast<typename Kind::Value>(old - 1));
  }
  return PyErr_Format(PyExc_OverflowError, "%s.decr(): at the least value already", Kind::kName);
}

template <typename Kind>
PyObject* atomic_wrapping_fetch_add(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  if (!Kind::unbox_wrapping(operand, by)) return nullptr;
  return Kind::box(word_of<Kind>(self).wrapping_fetch_add(by));
}
template <typename Kind>
PyObject* atomic_wrapping_fetch_sub(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  if (!Kind::unbox_wrapping(operand, by)) return nullptr;
  return Kind::box(word_of<Kind>(self).wrapping_fetch_sub(by));
}

// Bitwise steps. What does not fit the type is left to Python, whose integers have no end.
template <typename Kind>
PyObject* atomic_fetch_and(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  const int converted = Kind::try_unbox(operand, by);
  if (converted > 0) return Kind::box(word_of<Kind>(self).fetch_and(by));
  if (converted < 0 || !update_by<Kind>(self, operand, PyNumber_And, by)) return nullptr;
  return Kind::box(by);
}
template <typename Kind>
PyObject* atomic_fetch_or(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  const int converted = Kind::try_unbox(operand, by);
  if (converted > 0) return Kind::box(word_of<Kind>(self).fetch_or(by));
  if (converted < 0 || !update_by<Kind>(self, operand, PyNumber_Or, by)) return nullptr;
  return Kind::box(by);
}
template <typename Kind>
PyObject* atomic_fetch_xor(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  const int converted = Kind::try_unbox(operand, by);
  if (converted > 0) return Kind::box(word_of<Kind>(self).fetch_xor(by));
  if (converted < 0 || !update_by<Kind>(self, operand, PyNumber_Xor, by)) return nullptr;
  return Kind::box(by);
}

template <typename Kind>
PyObject* atomic_address(PyObject* self, void*) {
  return PyLong_FromVoidPtr(&word_of<Kind>(self));
}

}  // namespace cogway
