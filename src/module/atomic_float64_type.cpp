// SPDX-License-Identifier: Apache-2.0
// The heap type `AtomicFloat64`.

#include <bit>
#include <cstdint>

#include "cogway/sync/atomic_number.hpp"
#include "module/atomic_methods.hpp"
#include "module/atomic_wait.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct Float64Kind {
  using Value = double;
  using Word = AtomicNumber<Value>;
  static constexpr const char* kName = "AtomicFloat64";
  static constexpr SharedWordKind kShared = SharedWordKind::float64;

  static PyObject* box(Value value) { return PyFloat_FromDouble(value); }
  static bool same(Value a, Value b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  }
  static int try_unbox(PyObject* object, Value& value) {
    if (PyFloat_CheckExact(object)) return value = PyFloat_AS_DOUBLE(object), 1;
    value = PyFloat_AsDouble(object);
    return value == -1.0 && PyErr_Occurred() != nullptr ? -1 : 1;
  }
  static bool try_operand(PyObject* object, Value& value) {
    if (!PyFloat_Check(object)) return false;  // what an int is as a float is Python's to say
    return value = PyFloat_AS_DOUBLE(object), true;
  }
};

PyMethodDef methods[] = {
    {"get", atomic_get<Float64Kind>, METH_NOARGS, "get($self, /)\n--\n\nReturn the value."},
    {"set", atomic_set<Float64Kind>, METH_O, "set($self, value, /)\n--\n\nReplace the value."},
    {"exchange", atomic_exchange<Float64Kind>, METH_O,
     "exchange($self, value, /)\n--\n\nReplace the value; return what it was."},
    {"compare_exchange", method(atomic_compare_exchange<Float64Kind>), METH_FASTCALL,
     "compare_exchange($self, expected, desired, /)\n--\n\n"
     "Replace the value where its bits are those of `expected`; return what it was.\n\n"
     "By bits: 0.0 is not -0.0, and a NaN is itself."},
    {"fetch_add", atomic_fetch_add<Float64Kind>, METH_O,
     "fetch_add($self, by, /)\n--\n\nAdd; return what it was."},
    {"fetch_sub", atomic_fetch_sub<Float64Kind>, METH_O,
     "fetch_sub($self, by, /)\n--\n\nSubtract; return what it was."},
    {"fetch_max", atomic_fetch_max<Float64Kind>, METH_O,
     "fetch_max($self, value, /)\n--\n\nKeep the greater; return what it was."},
    {"fetch_min", atomic_fetch_min<Float64Kind>, METH_O,
     "fetch_min($self, value, /)\n--\n\nKeep the smaller; return what it was."},
    COGWAY_ATOMIC_WAIT_METHODS(Float64Kind),
    {"on_bus", method(atomic_on_bus<Float64Kind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     kOnBusText},
    {"in_buffer", method(atomic_in_buffer<Float64Kind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     "in_buffer($type, /, buffer, offset=0)\n--\n\n"
     "Return an atomic whose word is the eight bytes at `offset` of a writable buffer.\n\n"
     "See `AtomicInt64.in_buffer`."},
    {"__format__", format_atomic<Float64Kind>, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"address", atomic_address<Float64Kind>, nullptr,
     "Where the word is, for native code; valid as long as the atomic lives.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(new_atomic<Float64Kind>)},
    {Py_tp_dealloc, slot(deallocate_atomic<Float64Kind>)},
    {Py_tp_repr, slot(represent_atomic<Float64Kind>)},
    {Py_tp_str, slot(unary<Float64Kind, PyObject_Str>)},
    {Py_tp_richcompare, slot(compare<Float64Kind>)},
    {Py_tp_hash, slot(PyObject_HashNotImplemented)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>(
         "AtomicFloat64(value=0.0, /)\n--\n\n"
         "A double that any number of threads change in one step each.\n\n"
         "Operators have Python's own meaning and give plain floats; in-place forms change the\n"
         "value in one step.\n\n"
         "Threads: all, and whoever else sees the word (see `in_buffer`). Only `wait` waits.")},
    {Py_nb_add, slot(binary<Float64Kind, PyNumber_Add>)},
    {Py_nb_subtract, slot(binary<Float64Kind, PyNumber_Subtract>)},
    {Py_nb_multiply, slot(binary<Float64Kind, PyNumber_Multiply>)},
    {Py_nb_true_divide, slot(binary<Float64Kind, PyNumber_TrueDivide>)},
    {Py_nb_floor_divide, slot(binary<Float64Kind, PyNumber_FloorDivide>)},
    {Py_nb_remainder, slot(binary<Float64Kind, PyNumber_Remainder>)},
    {Py_nb_divmod, slot(binary<Float64Kind, PyNumber_Divmod>)},
    {Py_nb_power, slot(power<Float64Kind>)},
    {Py_nb_negative, slot(unary<Float64Kind, PyNumber_Negative>)},
    {Py_nb_positive, slot(unary<Float64Kind, PyNumber_Positive>)},
    {Py_nb_absolute, slot(unary<Float64Kind, PyNumber_Absolute>)},
    {Py_nb_bool, slot(truth<Float64Kind>)},
    {Py_nb_int, slot(unary<Float64Kind, PyNumber_Long>)},
    {Py_nb_float, slot(unary<Float64Kind, PyNumber_Float>)},
    {Py_nb_inplace_add, slot(in_place_add<Float64Kind>)},
    {Py_nb_inplace_subtract, slot(in_place_subtract<Float64Kind>)},
    {Py_nb_inplace_multiply, slot(in_place<Float64Kind, PyNumber_Multiply>)},
    {Py_nb_inplace_true_divide, slot(in_place<Float64Kind, PyNumber_TrueDivide>)},
    {Py_nb_inplace_floor_divide, slot(in_place<Float64Kind, PyNumber_FloorDivide>)},
    {Py_nb_inplace_remainder, slot(in_place<Float64Kind, PyNumber_Remainder>)},
    {Py_nb_inplace_power, slot(in_place_power<Float64Kind>)},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.AtomicFloat64", sizeof(AtomicObject<Float64Kind>), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_atomic_float64_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->atomic_float64_type, Export::visible);
}

}  // namespace cogway
