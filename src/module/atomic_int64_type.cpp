// SPDX-License-Identifier: Apache-2.0
// The heap type `AtomicInt64`.

#include <cstdint>

#include "cogway/python/compat.hpp"
#include "cogway/sync/atomic_number.hpp"
#include "module/atomic_integer_spec.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct Int64Kind {
  using Value = std::int64_t;
  using Word = AtomicNumber<Value>;
  static constexpr const char* kName = "AtomicInt64";
  static constexpr SharedWordKind kShared = SharedWordKind::int64;
  static constexpr const char* kDocument =
      "AtomicInt64(value=0, /)\n--\n\n"
      "An integer of 64 bits that any number of threads change in one step each.\n\n"
      "Operators have Python's own meaning and give plain ints; in-place forms change the\n"
      "value in one step. What does not fit raises OverflowError and changes nothing.\n\n"
      "Threads: all, and whoever else sees the word (see `in_buffer`). Only `wait` waits.";

  static PyObject* box(Value value) { return PyLong_FromLongLong(value); }
  static bool same(Value a, Value b) { return a == b; }

  static int try_unbox(PyObject* object, Value& value) {
    Py_ssize_t small = 0;
    if (compact_int(object, &small)) return value = small, 1;
    const PyRef integer = PyRef::steal(PyNumber_Index(object));
    if (!integer) return -1;
    int overflow = 0;
    value = PyLong_AsLongLongAndOverflow(integer.get(), &overflow);
    if (overflow != 0) return 0;
    return value == -1 && PyErr_Occurred() != nullptr ? -1 : 1;
  }
  static bool try_operand(PyObject* object, Value& value) {
    if (!PyLong_Check(object)) return false;
    if (try_unbox(object, value) > 0) return true;
    PyErr_Clear();
    return false;
  }
  static bool unbox_wrapping(PyObject* object, Value& value) {
    const PyRef integer = PyRef::steal(PyNumber_Index(object));
    if (!integer) return false;
    value = static_cast<Value>(PyLong_AsUnsignedLongLongMask(integer.get()));
    return PyErr_Occurred() == nullptr;
  }
};

PyType_Spec spec = {"cogway._core.AtomicInt64", sizeof(AtomicObject<Int64Kind>), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, integer_slots<Int64Kind>};

}  // namespace

int add_atomic_int64_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->atomic_int64_type, Export::visible);
}

}  // namespace cogway
