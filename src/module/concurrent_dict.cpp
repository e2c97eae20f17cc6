// SPDX-License-Identifier: Apache-2.0
#include "module/concurrent_dict.hpp"

#include <mutex>

namespace cogway {
namespace {

/// Drops what a change left behind, with a raised exception kept as it is: an object's end may run
/// anything.
void drop(ProbeChange& change) {
  for (const ProbeWord word : {change.value, change.old_value, change.key, change.old_key}) {
    if (word != 0) ObjectKey::drop(word);
  }
}

/// 1, 0 or -1 for a result; raises what is not raised yet.
int answer(ProbeResult result) {
  switch (result) {
    case ProbeResult::found:
      return 1;
    case ProbeResult::absent:
    case ProbeResult::differs:
      return 0;
    case ProbeResult::failed:
      return -1;
    case ProbeResult::exhausted:
      break;
  }
  PyErr_NoMemory();
  return -1;
}

/// A change that stores `value` under `key`.
ProbeChange storing(const ObjectKey::Probe& probe, PyObject* value) {
  Py_INCREF(probe.key());
  Py_INCREF(value);
  return {.key = probe.word, .value = ObjectKey::word(value)};
}

PyRef take(ProbeWord& word) { return PyRef::steal(ObjectKey::object(std::exchange(word, 0))); }

}  // namespace

int dict_get(ConcurrentDictObject* self, PyObject* key, PyRef& value) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  ProbeWord word = 0;
  const ProbeResult result = self->shard_of(probe.hash).get(probe, word);
  if (result != ProbeResult::found) return answer(result);
  value = PyRef::steal(ObjectKey::object(word));
  return 1;
}

int dict_contains(ConcurrentDictObject* self, PyObject* key) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  return answer(self->shard_of(probe.hash).contains(probe));
}

int dict_set(ConcurrentDictObject* self, PyObject* key, PyObject* value) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  ProbeChange change = storing(probe, value);
  const ProbeResult result = self->shard_of(probe.hash).put<ProbeWhen::always>(probe, change);
  drop(change);
  return answer(result);
}

int dict_set_default(ConcurrentDictObject* self, PyObject* key, PyObject* value, PyRef& present) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  ProbeChange change = storing(probe, value);
  const ProbeResult result = self->shard_of(probe.hash).put<ProbeWhen::absent>(probe, change);
  present = result == ProbeResult::found    ? take(change.old_value)
            : result == ProbeResult::absent ? PyRef::borrow(value)
                                            : PyRef();
  drop(change);
  return answer(result);
}

int dict_remove(ConcurrentDictObject* self, PyObject* key, PyRef& value) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  ProbeChange change;
  const ProbeResult result = self->shard_of(probe.hash).put<ProbeWhen::always>(probe, change);
  if (result == ProbeResult::found) value = take(change.old_value);
  drop(change);
  return answer(result);
}

int dict_replace(ConcurrentDictObject* self, PyObject* key, PyObject* expected, PyObject* desired) {
  ObjectKey::Probe probe;
  if (!ObjectKey::probe(key, probe)) return -1;
  ProbeChange change;
  if (desired != nullptr) change.value = ObjectKey::word(Py_NewRef(desired));
  change.expected = ObjectKey::word(expected);
  const ProbeResult result = self->shard_of(probe.hash).put<ProbeWhen::expected>(probe, change);
  drop(change);
  return answer(result);
}

int dict_take_any(ConcurrentDictObject* self, DictEntry& entry) {
  for (std::size_t i = 0; i < self->shard_count(); ++i) {
    ProbeChange change;
    if (!self->shards[i].take_any(change)) continue;
    entry.key = take(change.old_key);
    entry.value = take(change.old_value);
    return 1;
  }
  return 0;
}

Py_ssize_t dict_size(const ConcurrentDictObject* self) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < self->shard_count(); ++i) size += self->shards[i].size();
  return static_cast<Py_ssize_t>(size);
}

void dict_clear(ConcurrentDictObject* self) {
  // All at one moment, and nothing is dropped before: that may run anything.
  const std::size_t count = self->shard_count();
  std::vector<ObjectMap::Table> tables(count);
  for (std::size_t i = 0; i < count; ++i) self->shards[i].mutex().lock();
  for (std::size_t i = 0; i < count; ++i) tables[i] = self->shards[i].detach();
  for (std::size_t i = 0; i < count; ++i) self->shards[i].mutex().unlock();
  for (std::size_t i = 0; i < count; ++i) {
    tables[i].visit([](ProbeWord key, std::uint64_t, ProbeWord value) {
      ObjectKey::drop(key);
      ObjectKey::drop(value);
    });
    self->shards[i].reclaim(tables[i]);
  }
}

bool dict_entries(ConcurrentDictObject* self, std::vector<DictEntry>& entries) {
  const std::size_t count = self->shard_count();
  try {
    for (;;) {
      // Memory first: nothing that may wait or fail happens under the locks.
      entries.reserve(static_cast<std::size_t>(dict_size(self)) + 8);
      for (std::size_t i = 0; i < count; ++i) self->shards[i].mutex().lock();
      const bool fits = static_cast<std::size_t>(dict_size(self)) <= entries.capacity();
      for (std::size_t i = 0; i < count; ++i) {
        if (fits) {
          self->shards[i].visit([&](ProbeWord key, std::uint64_t, ProbeWord value) {
            entries.push_back(
                {PyRef::borrow(ObjectKey::object(key)), PyRef::borrow(ObjectKey::object(value))});
          });
        }
      }
      for (std::size_t i = 0; i < count; ++i) self->shards[i].mutex().unlock();
      if (fits) return true;
    }
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

void raise_key_error(PyObject* key) {
  // PyErr_SetObject alone would take a tuple for the arguments of KeyError.
  const PyRef error = PyRef::steal(PyObject_CallOneArg(PyExc_KeyError, key));
  if (error) PyErr_SetObject(PyExc_KeyError, error.get());
}

}  // namespace cogway
