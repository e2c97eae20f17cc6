// SPDX-License-Identifier: Apache-2.0
// The heap types `ShardedCounter` and `CounterShard`. Without the GIL, threads that use one object
// wait for each other where they count references on it; so a thread can have a shard of its own
// object, too.

#include <new>

#include "cogway/base/os/processors.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "cogway/sync/sharded_counter.hpp"
#include "module/arguments.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct CounterObject {
  PyObject_HEAD ShardedCounter<> counter;
};
ShardedCounter<>& counter_of(PyObject* self) noexcept {
  return reinterpret_cast<CounterObject*>(self)->counter;
}
struct ShardObject {
  PyObject_HEAD PyObject* owner;  ///< owned, a CounterObject
  std::size_t shard;
};
ShardObject* as_shard(PyObject* self) noexcept { return reinterpret_cast<ShardObject*>(self); }

/// Of a counter the calling thread's shard, of a shard its own.
struct Place {
  ShardedCounter<>& counter;
  std::size_t shard;
};
struct OfThread {
  static Place place(PyObject* self) noexcept { return {counter_of(self), shard_of_thread()}; }
};
struct OfShard {
  static Place place(PyObject* self) noexcept {
    return {counter_of(as_shard(self)->owner), as_shard(self)->shard};
  }
};

bool no_room() {
  PyErr_SetString(PyExc_OverflowError, "what this shard counts would not fit 64 bits");
  return false;
}
bool add_to(const Place& place, std::int64_t by) {
  return place.counter.add(place.shard, by) || no_room();
}
bool to_by(PyObject* value, std::int64_t& by) {
  Py_ssize_t small = 0;
  if (compact_int(value, &small)) return by = small, true;
  const PyRef integer = PyRef::steal(PyNumber_Index(value));
  if (!integer) return false;
  int overflow = 0;
  by = PyLong_AsLongLongAndOverflow(integer.get(), &overflow);
  if (overflow != 0) return no_room();
  return by != -1 || PyErr_Occurred() == nullptr;
}
template <typename Of>
PyObject* add(PyObject* self, PyObject* value) {
  std::int64_t by = 0;
  if (!to_by(value, by) || !add_to(Of::place(self), by)) return nullptr;
  Py_RETURN_NONE;
}
template <typename Of>
PyObject* incr(PyObject* self, PyObject*) {
  if (!add_to(Of::place(self), 1)) return nullptr;
  Py_RETURN_NONE;
}
template <typename Of>
PyObject* in_place_add(PyObject* self, PyObject* value) {
  if (!PyIndex_Check(value)) Py_RETURN_NOTIMPLEMENTED;
  std::int64_t by = 0;
  return to_by(value, by) && add_to(Of::place(self), by) ? Py_NewRef(self) : nullptr;
}
template <typename Of>
PyObject* in_place_subtract(PyObject* self, PyObject* value) {
  if (!PyIndex_Check(value)) Py_RETURN_NOTIMPLEMENTED;
  std::int64_t by = 0;
  if (!to_by(value, by)) return nullptr;
  const bool subtracted = by == INT64_MIN ? no_room() : add_to(Of::place(self), -by);
  return subtracted ? Py_NewRef(self) : nullptr;
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"shards", nullptr};
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:ShardedCounter",
                                   const_cast<char**>(kNames), &given)) {
    return nullptr;
  }
  std::int64_t shards = 2 * std::int64_t{os::usable_processors()};
  if (given != nullptr && given != Py_None &&
      !to_int64({"ShardedCounter", "shards"}, given, 1, ShardedCounter<>::kMost, shards)) {
    return nullptr;
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  try {
    new (&counter_of(self)) ShardedCounter<>(static_cast<std::size_t>(shards));
  } catch (const std::bad_alloc&) {
    free_heap_object(self);  // not dealloc: there is no counter
    return PyErr_NoMemory();
  }
  return self;
}
void deallocate(PyObject* self) {
  counter_of(self).~ShardedCounter();
  free_heap_object(self);
}

__extension__ using Wide = unsigned __int128;

/// Shards may count in opposite directions, and their sum may need more than 64 bits.
PyObject* sum(PyObject* self) {
  Wide total = 0;
  counter_of(self).each([&](std::int64_t part) { total += static_cast<Wide>(part); });
  const auto low = static_cast<std::uint64_t>(total);
  const auto high = static_cast<std::int64_t>(static_cast<std::uint64_t>(total >> 64));
  if (high == (static_cast<std::int64_t>(low) < 0 ? -1 : 0)) {
    return PyLong_FromLongLong(static_cast<std::int64_t>(low));
  }
  const PyRef upper = PyRef::steal(PyLong_FromLongLong(high));
  const PyRef lower = PyRef::steal(PyLong_FromUnsignedLongLong(low));
  const PyRef bits = PyRef::steal(PyLong_FromLong(64));
  if (!upper || !lower || !bits) return nullptr;
  const PyRef shifted = PyRef::steal(PyNumber_Lshift(upper.get(), bits.get()));
  return shifted ? PyNumber_Or(shifted.get(), lower.get()) : nullptr;
}
PyObject* get(PyObject* self, PyObject*) { return sum(self); }
PyObject* get_shards(PyObject* self, void*) { return PyLong_FromSize_t(counter_of(self).shards()); }
PyObject* represent(PyObject* self) {
  const PyRef value = PyRef::steal(sum(self));
  return value ? PyUnicode_FromFormat("<cogway.sync.ShardedCounter, %S>", value.get()) : nullptr;
}

PyObject* local(PyObject* self, PyObject*) {
  PyTypeObject* type = state_of_type(Py_TYPE(self)).sync->counter_shard_type;
  PyObject* shard = type->tp_alloc(type, 0);
  if (shard == nullptr) return nullptr;
  as_shard(shard)->owner = Py_NewRef(self);
  as_shard(shard)->shard = shard_of_thread();
  return shard;
}
void deallocate_shard(PyObject* self) {
  Py_XDECREF(as_shard(self)->owner);
  free_heap_object(self);
}

#define COGWAY_ADDING(Of)                                                                   \
  {"add", add<Of>, METH_O, "add($self, by, /)\n--\n\nAdd; OverflowError changes nothing."}, \
      {"incr", incr<Of>, METH_NOARGS, "incr($self, /)\n--\n\nAdd one."}

PyMethodDef methods[] = {
    COGWAY_ADDING(OfThread),
    {"get", get, METH_NOARGS,
     "get($self, /)\n--\n\n"
     "Return the sum: all that was added before the call, and of what is added meanwhile some."},
    {"local", local, METH_NOARGS,
     "local($self, /)\n--\n\n"
     "Return the calling thread's shard, for it to keep and add to."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"shards", get_shards, nullptr, "Among how many words it is spread.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_nb_int, slot(sum)},
    {Py_nb_index, slot(sum)},
    {Py_nb_inplace_add, slot(in_place_add<OfThread>)},
    {Py_nb_inplace_subtract, slot(in_place_subtract<OfThread>)},
    {Py_tp_doc,
     const_cast<char*>(
         "ShardedCounter(shards=None)\n--\n\n"
         "A number that many threads add to and few read: each adds to a word of its own.\n\n"
         "`shards` is how many words there are, rounded up to a power of two; without it, enough\n"
         "for the processors. `int()` and `get()` give the sum. Additions of one thread do not\n"
         "wait for another's; without the GIL, references to the counter are counted in one\n"
         "place all the same, so a thread that adds much keeps what `local()` gives.\n\n"
         "Threads: all. For a value that decides something there is `AtomicInt64`.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.ShardedCounter", sizeof(CounterObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

PyMethodDef shard_methods[] = {
    COGWAY_ADDING(OfShard),
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot shard_slots[] = {
    {Py_tp_dealloc, slot(deallocate_shard)},
    {Py_tp_methods, shard_methods},
    {Py_nb_inplace_add, slot(in_place_add<OfShard>)},
    {Py_nb_inplace_subtract, slot(in_place_subtract<OfShard>)},
    {Py_tp_doc, const_cast<char*>("One thread's part of a ShardedCounter.\n\n"
                                  "Threads: all; made for one, which waits for no other then.")},
    {0, nullptr},
};
PyType_Spec shard_spec = {
    "cogway._core.CounterShard", sizeof(ShardObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, shard_slots};

}  // namespace

int add_sharded_counter_type(PyObject* module, ModuleState& state) {
  SyncState& sync = *state.sync;
  if (add_heap_type(module, &shard_spec, &sync.counter_shard_type, Export::visible) < 0) return -1;
  return add_heap_type(module, &spec, &sync.sharded_counter_type, Export::visible);
}

}  // namespace cogway
