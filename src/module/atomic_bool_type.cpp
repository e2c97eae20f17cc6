// SPDX-License-Identifier: Apache-2.0
// The heap type `AtomicBool`.

#include <cstdint>
#include <optional>

#include "cogway/sync/atomic_number.hpp"
#include "module/atomic_methods.hpp"
#include "module/atomic_wait.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// A byte; in placed memory any that is not zero is true, as everywhere in C.
struct BoolKind {
  using Value = std::uint8_t;
  using Word = AtomicNumber<Value>;
  static constexpr const char* kName = "AtomicBool";
  static constexpr SharedWordKind kShared = SharedWordKind::boolean;

  static PyObject* box(Value value) { return PyBool_FromLong(value); }
  static bool same(Value a, Value b) { return a == b; }
  static int try_unbox(PyObject* object, Value& value) {
    const int truth = PyObject_IsTrue(object);
    value = truth > 0 ? 1 : 0;
    return truth < 0 ? -1 : 1;
  }
};

PyObject* compare_exchange(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (!two_arguments("compare_exchange", count)) return nullptr;
  std::uint8_t expected = 0;
  std::uint8_t desired = 0;
  if (!unbox<BoolKind>(arguments[0], expected)) return nullptr;
  if (!unbox<BoolKind>(arguments[1], desired)) return nullptr;
  const auto old = word_of<BoolKind>(self).fetch_update([=](std::uint8_t now) {
    return (now != 0) == (expected != 0) ? std::optional<std::uint8_t>(desired) : std::nullopt;
  });
  return PyBool_FromLong(old ? expected : !expected);
}

PyMethodDef methods[] = {
    {"get", atomic_get<BoolKind>, METH_NOARGS, "get($self, /)\n--\n\nReturn the value."},
    {"set", atomic_set<BoolKind>, METH_O, "set($self, value, /)\n--\n\nReplace the value."},
    {"exchange", atomic_exchange<BoolKind>, METH_O,
     "exchange($self, value, /)\n--\n\nReplace the value; return what it was."},
    {"compare_exchange", method(compare_exchange), METH_FASTCALL,
     "compare_exchange($self, expected, desired, /)\n--\n\n"
     "Replace the value where it is `expected`; return what it was."},
    {"fetch_and", atomic_fetch_and<BoolKind>, METH_O,
     "fetch_and($self, by, /)\n--\n\nTake the and; return what it was."},
    {"fetch_or", atomic_fetch_or<BoolKind>, METH_O,
     "fetch_or($self, by, /)\n--\n\nTake the or; return what it was."},
    {"fetch_xor", atomic_fetch_xor<BoolKind>, METH_O,
     "fetch_xor($self, by, /)\n--\n\nTake the exclusive or; return what it was."},
    COGWAY_ATOMIC_WAIT_METHODS(BoolKind),
    {"on_bus", method(atomic_on_bus<BoolKind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     kOnBusText},
    {"in_buffer", method(atomic_in_buffer<BoolKind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     "in_buffer($type, /, buffer, offset=0)\n--\n\n"
     "Return an atomic that is the byte at `offset` of a writable buffer.\n\n"
     "See `AtomicInt64.in_buffer`."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"address", atomic_address<BoolKind>, nullptr,
     "Where the byte is, for native code; valid as long as the atomic lives.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(new_atomic<BoolKind>)},
    {Py_tp_dealloc, slot(deallocate_atomic<BoolKind>)},
    {Py_tp_repr, slot(represent_atomic<BoolKind>)},
    {Py_tp_richcompare, slot(compare<BoolKind>)},
    {Py_tp_hash, slot(PyObject_HashNotImplemented)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>(
         "AtomicBool(value=False, /)\n--\n\n"
         "A flag that any number of threads change in one step each.\n\n"
         "Whatever it is given counts by its truth. Operators give plain bools; in-place\n"
         "forms change the value in one step.\n\n"
         "Threads: all, and whoever else sees the byte (see `in_buffer`). Only `wait` waits.")},
    {Py_nb_and, slot(binary<BoolKind, PyNumber_And>)},
    {Py_nb_or, slot(binary<BoolKind, PyNumber_Or>)},
    {Py_nb_xor, slot(binary<BoolKind, PyNumber_Xor>)},
    {Py_nb_bool, slot(truth<BoolKind>)},
    {Py_nb_inplace_and, slot(in_place<BoolKind, PyNumber_And>)},
    {Py_nb_inplace_or, slot(in_place<BoolKind, PyNumber_Or>)},
    {Py_nb_inplace_xor, slot(in_place<BoolKind, PyNumber_Xor>)},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.AtomicBool", sizeof(AtomicObject<BoolKind>), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_atomic_bool_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->atomic_bool_type, Export::visible);
}

}  // namespace cogway
