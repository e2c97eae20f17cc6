// SPDX-License-Identifier: Apache-2.0
// The heap type `AtomicUInt64`.

#include <cstdint>

#include "cogway/python/compat.hpp"
#include "cogway/sync/atomic_number.hpp"
#include "module/atomic_integer_spec.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct UInt64Kind {
  using Value = std::uint64_t;
  using Word = AtomicNumber<Value>;
  static constexpr const char* kName = "AtomicUInt64";
  static constexpr SharedWordKind kShared = SharedWordKind::uint64;
  static constexpr const char* kDocument =
      "AtomicUInt64(value=0, /)\n--\n\n"
      "An unsigned integer of 64 bits that any number of threads change in one step each.\n\n"
      "Operators have Python's own meaning and give plain ints; in-place forms change the\n"
      "value in one step. What does not fit raises OverflowError and changes nothing.\n\n"
      "Threads: all, and whoever else sees the word (see `in_buffer`). Only `wait` waits.";

  static PyObject* box(Value value) { return PyLong_FromUnsignedLongLong(value); }
  static bool same(Value a, Value b) { return a == b; }

  static int try_unbox(PyObject* object, Value& value) {
    Py_ssize_t small = 0;
    if (compact_int(object, &small)) return value = static_cast<Value>(small), small >= 0 ? 1 : 0;
    const PyRef integer = PyRef::steal(PyNumber_Index(object));
    if (!integer) return -1;
    value = PyLong_AsUnsignedLongLong(integer.get());
    if (value != static_cast<Value>(-1) || PyErr_Occurred() == nullptr) return 1;
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return -1;
    PyErr_Clear();
    return 0;
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
    value = PyLong_AsUnsignedLongLongMask(integer.get());
    return PyErr_Occurred() == nullptr;
  }
};

PyType_Spec spec = {"cogway._core.AtomicUInt64", sizeof(AtomicObject<UInt64Kind>), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, integer_slots<UInt64Kind>};

}  // namespace

int add_atomic_uint64_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->atomic_uint64_type, Export::visible);
}

}  // namespace cogway
