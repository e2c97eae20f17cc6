// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the atomic number types share: an object whose word is its own or lies in somebody's buffer.
// A Kind says what a type holds:
//   Value, Word                     the C++ value and the AtomicNumber that holds it
//   kName, kInteger                 the type's name; whether bitwise and wrapping steps make sense
//   box(value)                      a new reference, or nullptr with an exception
//   try_operand(object, value)      whether a plain operand of + is a number that fits; never
//   raises try_unbox(object, value)        1 converted; 0 the right type, but does not fit; -1 an
//   exception

#include <Python.h>

#include <cstdint>
#include <new>

#include "cogway/python/py_ref.hpp"
#include "module/arguments.hpp"
#include "module/heap_type.hpp"

namespace cogway {

/// A word in somebody's memory, which is exported as long as this lives.
struct PlacedWord {
  Py_buffer view;
  void* address;
};
/// Exports `buffer` writably for a word of `size` bytes at `offset`. nullptr with an exception.
[[nodiscard]] PlacedWord* place_word(const char* type, PyObject* buffer, PyObject* offset,
                                     std::size_t size);  // atomic_placement.cpp
void release_word(PlacedWord* placed) noexcept;

/// **Threads**: all, attached; `word` and `placed` are constant from construction on.
/// **Ownership**: holds the buffer that the word was placed in.
/// **Progress**, **Order**: as AtomicNumber.
template <typename Kind>
struct AtomicObject {
  PyObject_HEAD typename Kind::Word* word;  ///< `own`, or in `placed`
  typename Kind::Word own;
  PlacedWord* placed;  ///< owned; nullptr: the word is `own`
};

template <typename Kind>
[[nodiscard]] AtomicObject<Kind>* as_atomic(PyObject* object) noexcept {
  return reinterpret_cast<AtomicObject<Kind>*>(object);
}
template <typename Kind>
[[nodiscard]] typename Kind::Word& word_of(PyObject* object) noexcept {
  return *as_atomic<Kind>(object)->word;
}

template <typename Kind>
void deallocate_atomic(PyObject* object) {
  release_word(as_atomic<Kind>(object)->placed);
  free_heap_object(object);
}

/// Whether `object` is of the Kind's type, whichever interpreter's: the types are final.
template <typename Kind>
[[nodiscard]] bool is_atomic(PyObject* object) noexcept {
  return Py_TYPE(object)->tp_dealloc == &deallocate_atomic<Kind>;
}

/// As try_unbox, but what does not fit is an OverflowError. False with an exception.
template <typename Kind>
[[nodiscard]] bool unbox(PyObject* object, typename Kind::Value& value) {
  const int converted = Kind::try_unbox(object, value);
  if (converted == 0) {
    PyErr_Format(PyExc_OverflowError, "%s cannot hold %S", Kind::kName, object);
  }
  return converted > 0;
}

template <typename Kind>
[[nodiscard]] AtomicObject<Kind>* allocate_atomic(PyTypeObject* type,
                                                  typename Kind::Value value) noexcept {
  auto* self = reinterpret_cast<AtomicObject<Kind>*>(type->tp_alloc(type, 0));
  if (self == nullptr) return nullptr;
  new (&self->own) typename Kind::Word(value);
  self->word = &self->own;
  self->placed = nullptr;
  return self;
}

template <typename Kind>
PyObject* new_atomic(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  if (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0) {
    return PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", Kind::kName);
  }
  PyObject* given = nullptr;
  if (!PyArg_UnpackTuple(arguments, Kind::kName, 0, 1, &given)) return nullptr;
  typename Kind::Value value{};
  if (given != nullptr && !unbox<Kind>(given, value)) return nullptr;
  return reinterpret_cast<PyObject*>(allocate_atomic<Kind>(type, value));
}

template <typename Kind>
PyObject* atomic_in_buffer(PyObject* type, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords) {
  static constexpr const char* kNames[] = {"buffer", "offset"};
  PyObject* values[2];
  if (!bind_arguments({"in_buffer", kNames, 2, 1}, arguments, count, keywords, values)) {
    return nullptr;
  }
  PlacedWord* placed = place_word(Kind::kName, values[0], values[1], sizeof(typename Kind::Word));
  if (placed == nullptr) return nullptr;
  auto* self = allocate_atomic<Kind>(reinterpret_cast<PyTypeObject*>(type), {});
  if (self == nullptr) return release_word(placed), nullptr;
  self->placed = placed;
  self->word = static_cast<typename Kind::Word*>(placed->address);
  return reinterpret_cast<PyObject*>(self);
}

}  // namespace cogway
