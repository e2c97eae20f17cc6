// SPDX-License-Identifier: Apache-2.0
#pragma once
// The number protocol of the atomic types, one for all of them. What an operator means is Python's
// own affair: it is asked about plain numbers, and an in-place form repeats the question until
// nobody has changed the word in between. The common in-place forms are single steps.

#include <type_traits>

#include "cogway/python/compat.hpp"
#include "module/atomic_object.hpp"

namespace cogway {

using BinaryOperation = PyObject* (*)(PyObject*, PyObject*);
using UnaryOperation = PyObject* (*)(PyObject*);

/// The plain number in an operand: of an atomic of this kind its value, else the operand itself.
template <typename Kind>
[[nodiscard]] PyRef plain(PyObject* operand) {
  return is_atomic<Kind>(operand) ? PyRef::steal(Kind::box(word_of<Kind>(operand).load()))
                                  : PyRef::borrow(operand);
}

template <typename Kind, BinaryOperation Operation>
PyObject* binary(PyObject* left, PyObject* right) {
  PyRef a = plain<Kind>(left);
  PyRef b = plain<Kind>(right);
  return a && b ? Operation(a.get(), b.get()) : nullptr;
}

template <typename Kind>
PyObject* power(PyObject* base, PyObject* exponent, PyObject* modulus) {
  PyRef a = plain<Kind>(base);
  PyRef b = plain<Kind>(exponent);
  PyRef c = plain<Kind>(modulus);
  return a && b && c ? PyNumber_Power(a.get(), b.get(), c.get()) : nullptr;
}

template <typename Kind, UnaryOperation Operation>
PyObject* unary(PyObject* self) {
  PyRef value = plain<Kind>(self);
  return value ? Operation(value.get()) : nullptr;
}

template <typename Kind>
PyObject* compare(PyObject* left, PyObject* right, int operation) {
  PyRef a = plain<Kind>(left);
  PyRef b = plain<Kind>(right);
  return a && b ? PyObject_RichCompare(a.get(), b.get(), operation) : nullptr;
}

template <typename Kind>
int truth(PyObject* self) {
  return word_of<Kind>(self).load() != typename Kind::Value{};
}

/// Replaces the value by what Python makes of it and `operand`, in one step as seen by others.
/// Stores what it was in `old`. False with an exception, and then nothing was changed.
template <typename Kind>
[[nodiscard]] bool update_by(PyObject* self, PyObject* operand, BinaryOperation operation,
                             typename Kind::Value& old) {
  const PyRef by = plain<Kind>(operand);  // once: `operand` may be an atomic, or this one
  if (!by) return false;
  auto& word = word_of<Kind>(self);
  old = word.load();
  for (;;) {
    const PyRef now = PyRef::steal(Kind::box(old));
    if (!now) return false;
    const PyRef result = PyRef::steal(operation(now.get(), by.get()));
    typename Kind::Value next{};
    if (!result || !unbox<Kind>(result.get(), next)) return false;
    const typename Kind::Value seen = word.compare_exchange(old, next);
    if (Kind::same(seen, old)) return true;
    old = seen;
  }
}

template <typename Kind, BinaryOperation Operation>
PyObject* in_place(PyObject* self, PyObject* operand) {
  typename Kind::Value old{};
  return update_by<Kind>(self, operand, Operation, old) ? Py_NewRef(self) : nullptr;
}

inline PyObject* power_of_two(PyObject* base, PyObject* exponent) {
  return PyNumber_Power(base, exponent, Py_None);
}
template <typename Kind>
PyObject* in_place_power(PyObject* self, PyObject* exponent, PyObject*) {
  return in_place<Kind, power_of_two>(self, exponent);
}

/// What += and fetch_add do: one step where the operand is of the type and the sum fits; else
/// Python says what the sum is, or what is wrong with it.
template <typename Kind>
[[nodiscard]] bool add(PyObject* self, PyObject* operand, typename Kind::Value& old) {
  typename Kind::Value by{};
  if (Kind::try_operand(operand, by)) {
    if (word_of<Kind>(self).fetch_add(by, &old)) return true;
  }
  return update_by<Kind>(self, operand, PyNumber_Add, old);
}
template <typename Kind>
[[nodiscard]] bool subtract(PyObject* self, PyObject* operand, typename Kind::Value& old) {
  typename Kind::Value by{};
  if (Kind::try_operand(operand, by)) {
    if (word_of<Kind>(self).fetch_sub(by, &old)) return true;
  }
  return update_by<Kind>(self, operand, PyNumber_Subtract, old);
}

/// Whether an operand is a plain int that fits, as most are: all that a step needs to know, where
/// what is rarer is kept out of line.
template <typename Value>
[[nodiscard]] inline bool small_operand(PyObject* operand, Value& value) noexcept {
  if constexpr (std::is_integral_v<Value> && sizeof(Value) == sizeof(Py_ssize_t)) {
    Py_ssize_t small = 0;
    if (!compact_int(operand, &small) || (std::is_unsigned_v<Value> && small < 0)) return false;
    return value = static_cast<Value>(small), true;
  } else {
    return false;
  }
}

template <typename Kind>
[[gnu::noinline]] PyObject* in_place_add_any(PyObject* self, PyObject* operand) {
  typename Kind::Value old{};
  return add<Kind>(self, operand, old) ? Py_NewRef(self) : nullptr;
}
template <typename Kind>
PyObject* in_place_add(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  typename Kind::Value old{};
  if (small_operand(operand, by) && word_of<Kind>(self).fetch_add(by, &old)) [[likely]] {
    return Py_NewRef(self);
  }
  return in_place_add_any<Kind>(self, operand);
}
template <typename Kind>
[[gnu::noinline]] PyObject* in_place_subtract_any(PyObject* self, PyObject* operand) {
  typename Kind::Value old{};
  return subtract<Kind>(self, operand, old) ? Py_NewRef(self) : nullptr;
}
template <typename Kind>
PyObject* in_place_subtract(PyObject* self, PyObject* operand) {
  typename Kind::Value by{};
  typename Kind::Value old{};
  if (small_operand(operand, by) && word_of<Kind>(self).fetch_sub(by, &old)) [[likely]] {
    return Py_NewRef(self);
  }
  return in_place_subtract_any<Kind>(self, operand);
}

template <typename Kind>
PyObject* represent_atomic(PyObject* self) {
  const PyRef value = plain<Kind>(self);
  return value ? PyUnicode_FromFormat("%s(%R)", Kind::kName, value.get()) : nullptr;
}
template <typename Kind>
PyObject* format_atomic(PyObject* self, PyObject* specification) {
  const PyRef value = plain<Kind>(self);
  return value ? PyObject_Format(value.get(), specification) : nullptr;
}

}  // namespace cogway
