// SPDX-License-Identifier: Apache-2.0
// The heap type `ConcurrentDict`: a MutableMapping whose every step is one, on every build.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>

#include "cogway/base/os/processors.hpp"
#include "module/concurrent_dict.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// Enough that threads on all processors seldom meet in one.
unsigned usual_shard_bits() {
  if constexpr (!kFreeThreadedBuild) return 0;
  const auto processors = static_cast<unsigned>(std::max(1.0, std::ceil(os::processor_share())));
  return std::min(8U, static_cast<unsigned>(std::bit_width(8 * processors - 1)));
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  PyObject* source = nullptr;
  if (!PyArg_UnpackTuple(arguments, "ConcurrentDict", 0, 1, &source)) return nullptr;
  ModuleState* state = state_of_subtype(type);
  if (state == nullptr) return nullptr;
  PyRef self = PyRef::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  ConcurrentDictObject* dict = as_concurrent_dict(self.get());
  dict->state = state;
  dict->shard_bits = usual_shard_bits();
  dict->shards = new (std::nothrow) ObjectMap[dict->shard_count() + 1];
  if (dict->shards == nullptr) return PyErr_NoMemory();
  defer_reference_counts(self.get());
  if (dict_fill(dict, source, keywords) < 0) return nullptr;
  return self.release();
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  ConcurrentDictObject* self = as_concurrent_dict(object);
  int status = 0;
  for (std::size_t i = 0; self->shards != nullptr && i <= self->shard_count(); ++i) {
    self->shards[i].visit([&](ProbeWord key, std::uint64_t, ProbeWord value) {
      for (const ProbeWord word : {key, value}) {
        if (status == 0) status = visit(ObjectKey::object(word), arg);
      }
    });
  }
  return status;
}

int clear_object(PyObject* object) {
  if (as_concurrent_dict(object)->shards != nullptr) dict_clear(as_concurrent_dict(object));
  return 0;
}

void dealloc(PyObject* object) {
  PyObject_GC_UnTrack(object);
  ConcurrentDictObject* self = as_concurrent_dict(object);
  PyObject_ClearWeakRefs(object);
  (void)clear_object(object);
  delete[] self->shards;
  free_heap_object(object);
}

// --- The mapping protocol ------------------------------------------------------------------------

PyObject* subscript(PyObject* object, PyObject* key) {
  PyRef value;
  const int there = dict_get(as_concurrent_dict(object), key, value);
  if (there == 0) raise_key_error(key);
  return value.release();
}

int assign_subscript(PyObject* object, PyObject* key, PyObject* value) {
  if (value != nullptr) return dict_set(as_concurrent_dict(object), key, value) < 0 ? -1 : 0;
  PyRef removed;
  const int there = dict_remove(as_concurrent_dict(object), key, removed);
  if (there == 0) raise_key_error(key);
  return there > 0 ? 0 : -1;
}

int contains(PyObject* object, PyObject* key) {
  return dict_contains(as_concurrent_dict(object), key);
}

Py_ssize_t length(PyObject* object) { return dict_size(as_concurrent_dict(object)); }

// --- Moments of the whole ------------------------------------------------------------------------

PyObject* snapshot(PyObject* object, PyObject*) {
  std::vector<DictEntry> entries;
  if (!dict_entries(as_concurrent_dict(object), entries)) return nullptr;
  PyRef result = PyRef::steal(PyDict_New());
  if (!result) return nullptr;
  for (const DictEntry& entry : entries) {
    if (PyDict_SetItem(result.get(), entry.key.get(), entry.value.get()) < 0) return nullptr;
  }
  return result.release();
}

PyObject* iterate(PyObject* object) {
  std::vector<DictEntry> entries;
  if (!dict_entries(as_concurrent_dict(object), entries)) return nullptr;
  const PyRef keys = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(entries.size())));
  if (!keys) return nullptr;
  Py_ssize_t index = 0;
  for (DictEntry& entry : entries) PyList_SET_ITEM(keys.get(), index++, entry.key.release());
  return PyObject_GetIter(keys.get());
}

PyObject* represent(PyObject* object) {
  const char* dotted = Py_TYPE(object)->tp_name;
  const char* last = std::strrchr(dotted, '.');
  const char* name = last == nullptr ? dotted : last + 1;
  const int entered = Py_ReprEnter(object);
  if (entered != 0) return entered > 0 ? PyUnicode_FromFormat("%s(...)", name) : nullptr;
  const PyRef copy = PyRef::steal(snapshot(object, nullptr));
  PyObject* text = copy ? PyUnicode_FromFormat("%s(%R)", name, copy.get()) : nullptr;
  Py_ReprLeave(object);
  return text;
}

PyObject* compare(PyObject* object, PyObject* other, int operation) {
  if (operation != Py_EQ && operation != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  const ModuleState& state = *as_concurrent_dict(object)->state;
  PyRef theirs;
  if (PyObject_TypeCheck(other, state.sync->concurrent_dict_type)) {
    theirs = PyRef::steal(snapshot(other, nullptr));
    if (!theirs) return nullptr;
  } else if (PyDict_Check(other)) {
    theirs = PyRef::borrow(other);
  } else {
    Py_RETURN_NOTIMPLEMENTED;
  }
  const PyRef ours = PyRef::steal(snapshot(object, nullptr));
  return ours ? PyObject_RichCompare(ours.get(), theirs.get(), operation) : nullptr;
}

PyObject* reduce(PyObject* object, PyObject*) {
  PyObject* copy = snapshot(object, nullptr);
  return copy == nullptr ? nullptr : Py_BuildValue("O(N)", Py_TYPE(object), copy);
}

PyObject* clear_method(PyObject* object, PyObject*) {
  dict_clear(as_concurrent_dict(object));
  Py_RETURN_NONE;
}

// --- Single keys ---------------------------------------------------------------------------------

bool one_or_two(const char* function, Py_ssize_t count) {
  if (count == 1 || count == 2) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes a key and perhaps a default (%zd arguments given)",
               function, count);
  return false;
}

PyObject* get(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  if (!one_or_two("get", count)) return nullptr;
  PyRef value;
  const int there = dict_get(as_concurrent_dict(object), arguments[0], value);
  if (there == 0) return Py_NewRef(count == 2 ? arguments[1] : Py_None);
  return value.release();
}

PyObject* set_default(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  if (!one_or_two("setdefault", count)) return nullptr;
  PyRef value;
  PyObject* missing = count == 2 ? arguments[1] : Py_None;
  (void)dict_set_default(as_concurrent_dict(object), arguments[0], missing, value);
  return value.release();
}

PyObject* pop(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  if (!one_or_two("pop", count)) return nullptr;
  PyRef value;
  const int there = dict_remove(as_concurrent_dict(object), arguments[0], value);
  if (there == 0) {
    if (count == 2) return Py_NewRef(arguments[1]);
    raise_key_error(arguments[0]);
  }
  return value.release();
}

PyObject* pop_item(PyObject* object, PyObject*) {
  DictEntry entry;
  if (dict_take_any(as_concurrent_dict(object), entry) > 0) {
    return PyTuple_Pack(2, entry.key.get(), entry.value.get());
  }
  PyErr_SetString(PyExc_KeyError, "popitem(): the ConcurrentDict is empty");
  return nullptr;
}

PyMethodDef methods[] = {
    {"get", method(get), METH_FASTCALL,
     "get($self, key, default=None, /)\n--\n\nReturn the value of a key, or the default."},
    {"setdefault", method(set_default), METH_FASTCALL,
     "setdefault($self, key, default=None, /)\n--\n\n"
     "Store the default unless the key is there; return the value that is there then."},
    {"pop", method(pop), METH_FASTCALL,
     "Remove a key and return its value; of several callers one gets it.\n\n"
     "A missing key gives the default, or raises KeyError if there is none."},
    {"popitem", pop_item, METH_NOARGS,
     "popitem($self, /)\n--\n\nRemove some key; return it and its value. KeyError when empty."},
    {"update", method(dict_update), METH_FASTCALL | METH_KEYWORDS,
     "Either ``update(other=(), /, **items)``: store what a mapping or pairs and the keywords "
     "have,\n"
     "each key in a step of its own.\n\n"
     "Or ``update(key, fn[, default])``: replace the value by ``fn(value)`` in one step and "
     "return\n"
     "what is stored. The default stands for the value of a missing key; KeyError without one.\n"
     "Nothing is locked while fn runs: it may use this dict, and is called again with the newer\n"
     "value if another thread stored one meanwhile."},
    {"compare_and_set", method(dict_compare_and_set), METH_FASTCALL,
     "compare_and_set($self, key, expected, desired, /)\n--\n\n"
     "Store the desired value if the key has the expected one (the same or equal).\n\n"
     "Return whether it had. ABSENT as expected value: insert if the key is missing; as desired\n"
     "value: remove."},
    {"get_or_create", method(dict_get_or_create), METH_FASTCALL,
     "get_or_create($self, key, factory, /)\n--\n\n"
     "Return the value of a key; if it is missing, store what ``factory()`` returns.\n\n"
     "One caller makes the value, the others wait for it, and one of them tries if it raised.\n"
     "Nothing is locked meanwhile. Blocks a thread: not for event loops whose tasks share keys "
     "with\n"
     "slow factories in threads."},
    {"clear", clear_method, METH_NOARGS, "clear($self, /)\n--\n\nRemove everything at one moment."},
    {"snapshot", snapshot, METH_NOARGS,
     "snapshot($self, /)\n--\n\nReturn a dict of what was in it at one moment."},
    {"keys", dict_keys, METH_NOARGS, "keys($self, /)\n--\n\nReturn a live view of the keys."},
    {"values", dict_values, METH_NOARGS,
     "values($self, /)\n--\n\nReturn a live view of the values."},
    {"items", dict_items, METH_NOARGS, "items($self, /)\n--\n\nReturn a live view of the pairs."},
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

#ifdef COGWAY_MANAGED_WEAKREF
constexpr unsigned kWeakFlag = Py_TPFLAGS_MANAGED_WEAKREF;
#else
constexpr unsigned kWeakFlag = 0;
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ConcurrentDictObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
#endif

PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear_object)},
    {Py_tp_methods, methods},
#ifndef COGWAY_MANAGED_WEAKREF
    {Py_tp_members, members},
#endif
    {Py_tp_iter, slot(iterate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_richcompare, slot(compare)},
    {Py_tp_hash, slot(PyObject_HashNotImplemented)},
    {Py_mp_subscript, slot(subscript)},
    {Py_mp_ass_subscript, slot(assign_subscript)},
    {Py_mp_length, slot(length)},
    {Py_sq_contains, slot(contains)},
    {Py_tp_doc,
     const_cast<char*>(
         "ConcurrentDict(other=(), /, **items)\n--\n\n"
         "A mapping that any number of threads use at once; each call is one step.\n\n"
         "Keys are those of dict. Iterating sees one moment and is never disturbed. The order is "
         "not\n"
         "that of insertion. Readers take no lock, and no lock is held while Python code runs.")},
    {0, nullptr},
};
PyType_Spec spec = {
    "cogway._core.ConcurrentDict", sizeof(ConcurrentDictObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_MAPPING | kWeakFlag,
    slots};

}  // namespace

int add_concurrent_dict_type(PyObject* module, ModuleState& state) {
  const PyRef absent = PyRef::steal(PyImport_ImportModule("cogway._absent"));
  if (!absent) return -1;
  state.sync->absent = PyObject_GetAttrString(absent.get(), "ABSENT");
  state.sync->name_keys = PyUnicode_InternFromString("keys");
  if (state.sync->absent == nullptr || state.sync->name_keys == nullptr) return -1;
  return add_heap_type(module, &spec, &state.sync->concurrent_dict_type, Export::visible);
}

}  // namespace cogway
