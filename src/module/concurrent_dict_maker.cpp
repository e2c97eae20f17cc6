// SPDX-License-Identifier: Apache-2.0
// get_or_create(): the value of a key, made by one caller while the others wait for it. Who makes
// it enters the key into the dict's second map; nothing is locked while the factory runs.

#include <algorithm>
#include <new>

#include "cogway/base/clock.hpp"
#include "cogway/python/thread_state.hpp"
#include "cogway/sync/flag.hpp"
#include "module/concurrent_dict.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// What the second map holds for a key: who makes its value, and whether that is over.
struct MakerObject {
  PyObject_HEAD unsigned long thread;
  Flag<> over;
};

MakerObject* as_maker(PyObject* object) noexcept { return reinterpret_cast<MakerObject*>(object); }

void dealloc(PyObject* object) {
  as_maker(object)->over.~Flag();
  free_heap_object(object);
}

PyType_Slot slots[] = {{Py_tp_dealloc, slot(dealloc)}, {0, nullptr}};
PyType_Spec spec = {
    "cogway._core.DictMaker", sizeof(MakerObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

PyRef new_maker(PyTypeObject* type) {
  MakerObject* maker = PyObject_New(MakerObject, type);
  if (maker == nullptr) return {};
  maker->thread = PyThread_get_thread_ident();
  new (&maker->over) Flag<>();
  return PyRef::steal(reinterpret_cast<PyObject*>(maker));
}

/// Waits without the GIL. -1 with the exception of a signal handler.
int wait_for(MakerObject* maker) {
  constexpr Nanoseconds kSignalCheck{200'000'000};  // a signal may wake another thread than this
  for (;;) {
    bool over = false;
    {
      const Detached detached;
      over = maker->over.wait(deadline_after(monotonic_now(), kSignalCheck));
    }
    if (over) return 0;
    if (PyErr_CheckSignals() < 0) return -1;
  }
}

/// Makes the value, unless somebody stored one before the key was entered.
PyRef make_value(ConcurrentDictObject* self, PyObject* key, PyObject* factory) {
  PyRef value;
  if (dict_get(self, key, value) != 0) return value;
  const PyRef made = PyRef::steal(PyObject_CallNoArgs(factory));
  if (made && dict_set_default(self, key, made.get(), value) < 0) return {};
  return value;
}

/// Takes the key out of the second map, whatever is raised, and lets the others go on.
void end_making(ObjectMap& makers, const ObjectKey::Probe& probe, PyObject* maker) {
  PyObject* raised = take_raised_exception();
  ProbeChange removal{.expected = ObjectKey::word(maker)};
  if (makers.put<ProbeWhen::expected>(probe, removal) == ProbeResult::failed) {
    PyErr_WriteUnraisable(probe.key());  // its __eq__ raises only now: waiters would find it again
  }
  as_maker(maker)->over.set();
  for (const ProbeWord word : {removal.old_key, removal.old_value}) {
    if (word != 0) ObjectKey::drop(word);
  }
  if (raised != nullptr) restore_raised_exception(raised);
}

}  // namespace

PyObject* dict_get_or_create(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  ConcurrentDictObject* self = as_concurrent_dict(object);
  if (count != 2 || !PyCallable_Check(arguments[1])) {
    PyErr_SetString(PyExc_TypeError, "get_or_create() takes a key and a callable");
    return nullptr;
  }
  PyObject* key = arguments[0];
  for (;;) {
    PyRef value;
    const int there = dict_get(self, key, value);
    if (there != 0) return value.release();
    ObjectKey::Probe probe;
    if (!ObjectKey::probe(key, probe)) return nullptr;
    const PyRef maker = new_maker(self->state->sync->dict_maker_type);
    if (!maker) return nullptr;
    ProbeChange entry{.key = probe.word, .value = ObjectKey::word(maker.new_ref())};
    Py_INCREF(key);
    ObjectMap& makers = self->makers();
    const ProbeResult entered = makers.put<ProbeWhen::absent>(probe, entry);
    for (const ProbeWord word : {entry.key, entry.value}) {
      if (word != 0) ObjectKey::drop(word);
    }
    if (entered == ProbeResult::absent) {
      value = make_value(self, key, arguments[1]);
      end_making(makers, probe, maker.get());
      return value.release();
    }
    if (entered == ProbeResult::failed) return nullptr;
    if (entered == ProbeResult::exhausted) return PyErr_NoMemory();
    const PyRef other = PyRef::steal(ObjectKey::object(entry.old_value));
    if (as_maker(other.get())->thread == PyThread_get_thread_ident() &&
        !as_maker(other.get())->over.is_set()) {
      return PyErr_Format(PyExc_RuntimeError,
                          "get_or_create(): the factory of key %R asked for the same key", key);
    }
    if (wait_for(as_maker(other.get())) < 0) return nullptr;
  }
}

int add_dict_maker_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->dict_maker_type, Export::hidden);
}

}  // namespace cogway
