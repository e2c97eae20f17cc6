// SPDX-License-Identifier: Apache-2.0
#pragma once
// Python objects as the keys and values of a ProbeMap: hashed and compared as dict does, with int
// and str keys compared without a call, and most int keys without a look at the object.

#include <Python.h>

#include <cstdint>
#include <cstring>

#include "cogway/python/compat.hpp"
#include "cogway/python/object_mutex.hpp"
#include "cogway/python/shared_reference.hpp"
#include "cogway/sync/probe_map.hpp"

namespace cogway {

/// The policy of ObjectMap. A value is the object's address. A key is that too, with the lowest bit
/// set if it is an int that its hash tells from every other int.
struct ObjectKey {
  static constexpr bool kParallel = kFreeThreadedBuild;
  static constexpr unsigned kSmallest = 3;
  using Mutex = ObjectMutex;

  struct Probe {
    std::uint64_t hash;
    ProbeWord word;
    [[nodiscard]] PyObject* key() const noexcept { return object(word); }
  };
  /// What to look for. False with an exception: the key has no hash.
  [[nodiscard]] static bool probe(PyObject* key, Probe& probe) {
    probe.word = reinterpret_cast<ProbeWord>(key);
    Py_hash_t hash = -1;
    if (PyUnicode_CheckExact(key)) {
      hash = hash_of_text(key);
    } else if (Py_ssize_t number = 0; compact_int(key, &number)) {
      hash = number == -1 ? -2 : number;
      if (number != -1) probe.word |= kTellingHash;
    } else if (PyLong_CheckExact(key)) {
      int overflow = 0;
      const long long wide = PyLong_AsLongLongAndOverflow(key, &overflow);
      hash = PyObject_Hash(key);
      if (overflow == 0 && wide == hash && wide != -2) probe.word |= kTellingHash;
    }
    if (hash == -1) hash = PyObject_Hash(key);
    probe.hash = static_cast<std::uint64_t>(hash);
    return hash != -1;
  }

  static ProbeMatch match(const Probe& probe, ProbeWord key) noexcept {
    if (key == probe.word) return ProbeMatch::same;
    if ((key & kTellingHash) != 0) {
      if ((probe.word & kTellingHash) != 0) return ProbeMatch::same;  // for the hashes are equal
      return PyUnicode_CheckExact(probe.key()) ? ProbeMatch::other : ProbeMatch::ask;
    }
    if (!kParallel && PyUnicode_CheckExact(probe.key()) && PyUnicode_CheckExact(object(key))) {
      return same_text(object(key), probe.key()) ? ProbeMatch::same : ProbeMatch::other;
    }
    return ProbeMatch::ask;
  }
  static ProbeMatch compare(const Probe& probe, ProbeWord key) {
    if (PyUnicode_CheckExact(probe.key()) && PyUnicode_CheckExact(object(key))) {
      return same_text(object(key), probe.key()) ? ProbeMatch::same : ProbeMatch::other;
    }
    const int equal = PyObject_RichCompareBool(object(key), probe.key(), Py_EQ);
    if (equal < 0) return ProbeMatch::failed;
    return equal != 0 ? ProbeMatch::same : ProbeMatch::other;
  }

  static bool try_hold(ProbeWord word) noexcept { return try_new_reference(object(word)); }
  static void hold(ProbeWord word) noexcept { share_reference(object(word)); }
  static void drop(ProbeWord word) noexcept { Py_DECREF(object(word)); }

  [[nodiscard]] static PyObject* object(ProbeWord word) noexcept {
    return reinterpret_cast<PyObject*>(word & ~kTellingHash);
  }
  [[nodiscard]] static ProbeWord word(PyObject* value) noexcept {
    return reinterpret_cast<ProbeWord>(value);
  }

 private:
  static constexpr ProbeWord kTellingHash = 1;

  /// -1 where it has not been asked for yet.
  static Py_hash_t hash_of_text(PyObject* text) noexcept {
    return __atomic_load_n(&reinterpret_cast<PyASCIIObject*>(text)->hash, __ATOMIC_RELAXED);
  }
  /// Of texts with equal hashes.
  static bool same_text(PyObject* a, PyObject* b) noexcept {
    const Py_ssize_t length = PyUnicode_GET_LENGTH(a);
    const auto kind = PyUnicode_KIND(a);
    return length == PyUnicode_GET_LENGTH(b) && kind == PyUnicode_KIND(b) &&
           std::memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b),
                       static_cast<std::size_t>(length) * kind) == 0;
  }
};

using ObjectMap = ProbeMap<ObjectKey>;

}  // namespace cogway
