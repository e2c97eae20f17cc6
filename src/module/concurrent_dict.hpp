// SPDX-License-Identifier: Apache-2.0
#pragma once
// The object behind `ConcurrentDict`, and its operations in terms of Python objects. The algorithm
// is ProbeMap's.

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cogway/python/py_ref.hpp"
#include "module/module_state.hpp"
#include "module/object_key.hpp"

namespace cogway {

/// **Threads**: attached ones, any number at once. **Ownership**: owns its shards; they own a
/// reference to each key and value. No lock is held while Python code runs.
/// **Progress**, **Order**: as ProbeMap.
struct ConcurrentDictObject {
  PyObject_HEAD ModuleState* state;
  ObjectMap* shards;    ///< one with a GIL, under which steps exclude one another anyway
  unsigned shard_bits;  ///< log2 of their number
#ifndef COGWAY_MANAGED_WEAKREF
  PyObject* weak_references;
#endif

  [[nodiscard]] std::size_t shard_count() const noexcept { return std::size_t{1} << shard_bits; }
  /// Keys that get_or_create() is making values for: one map after the shards.
  [[nodiscard]] ObjectMap& makers() const noexcept { return shards[shard_count()]; }
  [[nodiscard]] ObjectMap& shard_of(std::uint64_t hash) const noexcept {
    if constexpr (!kFreeThreadedBuild) return shards[0];
    // Bits that the shard's own search does not begin with, and that regular keys differ in.
    constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
    return shards[shard_bits == 0 ? 0 : (hash * kGoldenRatio) >> (64 - shard_bits)];
  }
};

[[nodiscard]] inline ConcurrentDictObject* as_concurrent_dict(PyObject* object) noexcept {
  return reinterpret_cast<ConcurrentDictObject*>(object);
}

/// One key and its value, as found at one moment.
struct DictEntry {
  PyRef key;
  PyRef value;
};

// Each answers 1 found, 0 absent, -1 with an exception.

/// The value of a key.
int dict_get(ConcurrentDictObject* self, PyObject* key, PyRef& value);
int dict_contains(ConcurrentDictObject* self, PyObject* key);
/// Stores or replaces.
int dict_set(ConcurrentDictObject* self, PyObject* key, PyObject* value);
/// Stores unless it is there. `present` is the value that is there afterwards.
int dict_set_default(ConcurrentDictObject* self, PyObject* key, PyObject* value, PyRef& present);
/// Removes.
int dict_remove(ConcurrentDictObject* self, PyObject* key, PyRef& value);
/// Replaces `expected`, that very object, by `desired`, or removes it if that is nullptr: 1 done, 0
/// not there or another.
int dict_replace(ConcurrentDictObject* self, PyObject* key, PyObject* expected, PyObject* desired);
/// Removes some key.
int dict_take_any(ConcurrentDictObject* self, DictEntry& entry);

[[nodiscard]] Py_ssize_t dict_size(const ConcurrentDictObject* self) noexcept;
void dict_clear(ConcurrentDictObject* self);
/// Everything in it at one moment. False with MemoryError.
[[nodiscard]] bool dict_entries(ConcurrentDictObject* self, std::vector<DictEntry>& entries);
/// Raises KeyError as dict does.
void raise_key_error(PyObject* key);

// Methods, by file.
PyObject* dict_update(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords);  // concurrent_dict_fill.cpp
/// As dict's constructor fills it: a mapping or pairs, or nullptr, and keywords, or nullptr.
int dict_fill(ConcurrentDictObject* self, PyObject* source, PyObject* keywords);
PyObject* dict_compare_and_set(PyObject* self, PyObject* const* arguments,
                               Py_ssize_t count);  // concurrent_dict_step.cpp
PyObject* dict_get_or_create(PyObject* self, PyObject* const* arguments,
                             Py_ssize_t count);         // concurrent_dict_maker.cpp
PyObject* dict_keys(PyObject* self, PyObject* unused);  // concurrent_dict_views.cpp
PyObject* dict_values(PyObject* self, PyObject* unused);
PyObject* dict_items(PyObject* self, PyObject* unused);
/// update(key, fn[, default]).
PyObject* dict_update_key(ConcurrentDictObject* self, PyObject* const* arguments, Py_ssize_t count);

}  // namespace cogway
