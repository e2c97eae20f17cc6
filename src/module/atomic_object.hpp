// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the atomic number types share: an object whose word is its own or lies in somebody's buffer.
// A Kind says what a type holds:
//   Value, Word                     the C++ value and the AtomicNumber that holds it
//   kName, kInteger                 the type's name; whether bitwise and wrapping steps make sense
//   kShared                         what it is on a bus
//   box(value)                      a new reference, or nullptr with an exception
//   try_operand(object, value)      whether a plain operand of + is a number that fits; never
//   raises try_unbox(object, value)        1 converted; 0 the right type, but does not fit; -1 an
//   exception

#include <Python.h>

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <new>

#include "cogway/bus/shared_word.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/arguments.hpp"
#include "module/heap_type.hpp"

namespace cogway {

/// A word in somebody's memory, which is exported, or a bus's, which is open, as long as this
/// lives.
struct PlacedWord {
  Py_buffer view{};
  void* address = nullptr;
  std::shared_ptr<SharedWord> shared;  ///< nullptr: it lies in `view`
};
/// Exports `buffer` writably for a word of `size` bytes at `offset`. nullptr with an exception.
[[nodiscard]] PlacedWord* place_word(const char* type, PyObject* buffer, PyObject* offset,
                                     std::size_t size);  // atomic_placement.cpp
/// Finds or makes the word of that name on a SharedBus. nullptr with an exception.
[[nodiscard]] PlacedWord* open_word(ModuleState& state, PyObject* bus, PyObject* name,
                                    SharedWordKind kind,
                                    std::uint64_t initial);  // atomic_placement.cpp
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
  AtomicObject<Kind>* self = as_atomic<Kind>(object);
  // A branch that is guessed right costs less than an address that has to be read first.
  if (__builtin_expect_with_probability(self->placed == nullptr, 1, 1.0)) return self->own;
  return *self->word;
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

/// An atomic for a word that lies elsewhere, which becomes its own. `placed` nullptr: there is an
/// exception already.
template <typename Kind>
[[nodiscard]] PyObject* wrap_word(PyObject* type, PlacedWord* placed) {
  if (placed == nullptr) return nullptr;
  auto* self = allocate_atomic<Kind>(reinterpret_cast<PyTypeObject*>(type), {});
  if (self == nullptr) return release_word(placed), nullptr;
  self->placed = placed;
  self->word = static_cast<typename Kind::Word*>(placed->address);
  return reinterpret_cast<PyObject*>(self);
}
/// The word's place on a bus; nullptr: it is on none.
template <typename Kind>
[[nodiscard]] SharedWord* shared_word_of(PyObject* object) noexcept {
  const PlacedWord* placed = as_atomic<Kind>(object)->placed;
  return placed == nullptr ? nullptr : placed->shared.get();
}

template <typename Kind>
PyObject* atomic_in_buffer(PyObject* type, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords) {
  static constexpr const char* kNames[] = {"buffer", "offset"};
  PyObject* values[2];
  if (!bind_arguments({"in_buffer", kNames, 2, 1}, arguments, count, keywords, values)) {
    return nullptr;
  }
  return wrap_word<Kind>(
      type, place_word(Kind::kName, values[0], values[1], sizeof(typename Kind::Word)));
}

/// What a word's eight bytes are for a value.
template <typename Value>
[[nodiscard]] constexpr std::uint64_t word_bits(Value value) noexcept {
  if constexpr (sizeof(Value) == sizeof(std::uint64_t)) {
    return std::bit_cast<std::uint64_t>(value);
  } else {
    std::array<Value, sizeof(std::uint64_t)> bytes{value};
    return std::bit_cast<std::uint64_t>(bytes);
  }
}

template <typename Kind>
PyObject* atomic_on_bus(PyObject* type, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  static constexpr const char* kNames[] = {"bus", "name", "value"};
  PyObject* values[3];
  typename Kind::Value initial{};
  if (!bind_arguments({"on_bus", kNames, 3, 2}, arguments, count, keywords, values) ||
      (values[2] != nullptr && !unbox<Kind>(values[2], initial))) {
    return nullptr;
  }
  ModuleState& state = state_of_type(reinterpret_cast<PyTypeObject*>(type));
  return wrap_word<Kind>(type,
                         open_word(state, values[0], values[1], Kind::kShared, word_bits(initial)));
}
inline constexpr const char* kOnBusText =
    "on_bus($type, /, bus, name, value=0)\n--\n\n"
    "Return the atomic of that name on a SharedBus, made with `value` by whoever asks first.\n\n"
    "All processes that ask have the same word, and `wait` and `notify` work between them. It\n"
    "lives as long as the bus, or until `SharedBus.remove_word`: a process that is killed and\n"
    "started again finds the value that it left.\n\n"
    "Raises:\n"
    "    ValueError: The name is none; or it is that of a word of another kind.\n"
    "    BusExhausted: The bus has its 128 words.\n"
    "    EngineClosed: The bus is closed, or belongs to the parent process.\n"
    "    CogwayError: A stopped process keeps others from opening words.";

}  // namespace cogway
