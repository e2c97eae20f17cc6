// SPDX-License-Identifier: Apache-2.0
#pragma once
// The method and slot tables of AtomicInt64 and AtomicUInt64, which differ in their Kind alone.

#include "module/atomic_methods.hpp"
#include "module/atomic_wait.hpp"

namespace cogway {

template <typename Kind>
inline PyMethodDef integer_methods[] = {
    {"get", atomic_get<Kind>, METH_NOARGS, "get($self, /)\n--\n\nReturn the value."},
    {"set", atomic_set<Kind>, METH_O, "set($self, value, /)\n--\n\nReplace the value."},
    {"exchange", atomic_exchange<Kind>, METH_O,
     "exchange($self, value, /)\n--\n\nReplace the value; return what it was."},
    {"compare_exchange", method(atomic_compare_exchange<Kind>), METH_FASTCALL,
     "compare_exchange($self, expected, desired, /)\n--\n\n"
     "Replace the value where it is `expected`; return what it was.\n\n"
     "It was replaced exactly when the result equals `expected`."},
    {"incr", atomic_incr<Kind>, METH_NOARGS,
     "incr($self, /)\n--\n\nAdd one; return the new value."},
    {"decr", atomic_decr<Kind>, METH_NOARGS,
     "decr($self, /)\n--\n\nSubtract one; return the new value."},
    {"fetch_add", atomic_fetch_add<Kind>, METH_O,
     "fetch_add($self, by, /)\n--\n\nAdd; return what it was. OverflowError changes nothing."},
    {"fetch_sub", atomic_fetch_sub<Kind>, METH_O,
     "fetch_sub($self, by, /)\n--\n\nSubtract; return what it was. OverflowError changes nothing."},
    {"fetch_and", atomic_fetch_and<Kind>, METH_O,
     "fetch_and($self, by, /)\n--\n\nTake the bitwise and; return what it was."},
    {"fetch_or", atomic_fetch_or<Kind>, METH_O,
     "fetch_or($self, by, /)\n--\n\nTake the bitwise or; return what it was."},
    {"fetch_xor", atomic_fetch_xor<Kind>, METH_O,
     "fetch_xor($self, by, /)\n--\n\nTake the bitwise exclusive or; return what it was."},
    {"fetch_max", atomic_fetch_max<Kind>, METH_O,
     "fetch_max($self, value, /)\n--\n\nKeep the greater; return what it was."},
    {"fetch_min", atomic_fetch_min<Kind>, METH_O,
     "fetch_min($self, value, /)\n--\n\nKeep the smaller; return what it was."},
    {"wrapping_fetch_add", atomic_wrapping_fetch_add<Kind>, METH_O,
     "wrapping_fetch_add($self, by, /)\n--\n\nAdd modulo 2**64; return what it was."},
    {"wrapping_fetch_sub", atomic_wrapping_fetch_sub<Kind>, METH_O,
     "wrapping_fetch_sub($self, by, /)\n--\n\nSubtract modulo 2**64; return what it was."},
    COGWAY_ATOMIC_WAIT_METHODS(Kind),
    {"in_buffer", method(atomic_in_buffer<Kind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS,
     "in_buffer($type, /, buffer, offset=0)\n--\n\n"
     "Return an atomic whose word is the eight bytes at `offset` of a writable buffer.\n\n"
     "Whoever sees that memory sees the same word: kernels, other interpreters, other\n"
     "processes. The value is what the memory holds. The buffer stays exported, and a\n"
     "cogway Buffer unfrozen, as long as the atomic lives."},
    {"on_bus", method(atomic_on_bus<Kind>), METH_CLASS | METH_FASTCALL | METH_KEYWORDS, kOnBusText},
    {"__format__", format_atomic<Kind>, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

template <typename Kind>
inline PyGetSetDef integer_properties[] = {
    {"address", atomic_address<Kind>, nullptr,
     "Where the word is, for native code; valid as long as the atomic lives.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

template <typename Kind>
inline PyType_Slot integer_slots[] = {
    {Py_tp_new, slot(new_atomic<Kind>)},
    {Py_tp_dealloc, slot(deallocate_atomic<Kind>)},
    {Py_tp_repr, slot(represent_atomic<Kind>)},
    {Py_tp_str, slot(unary<Kind, PyObject_Str>)},
    {Py_tp_richcompare, slot(compare<Kind>)},
    {Py_tp_hash, slot(PyObject_HashNotImplemented)},
    {Py_tp_methods, integer_methods<Kind>},
    {Py_tp_getset, integer_properties<Kind>},
    {Py_tp_doc, const_cast<char*>(Kind::kDocument)},
    {Py_nb_add, slot(binary<Kind, PyNumber_Add>)},
    {Py_nb_subtract, slot(binary<Kind, PyNumber_Subtract>)},
    {Py_nb_multiply, slot(binary<Kind, PyNumber_Multiply>)},
    {Py_nb_true_divide, slot(binary<Kind, PyNumber_TrueDivide>)},
    {Py_nb_floor_divide, slot(binary<Kind, PyNumber_FloorDivide>)},
    {Py_nb_remainder, slot(binary<Kind, PyNumber_Remainder>)},
    {Py_nb_divmod, slot(binary<Kind, PyNumber_Divmod>)},
    {Py_nb_power, slot(power<Kind>)},
    {Py_nb_lshift, slot(binary<Kind, PyNumber_Lshift>)},
    {Py_nb_rshift, slot(binary<Kind, PyNumber_Rshift>)},
    {Py_nb_and, slot(binary<Kind, PyNumber_And>)},
    {Py_nb_or, slot(binary<Kind, PyNumber_Or>)},
    {Py_nb_xor, slot(binary<Kind, PyNumber_Xor>)},
    {Py_nb_negative, slot(unary<Kind, PyNumber_Negative>)},
    {Py_nb_positive, slot(unary<Kind, PyNumber_Positive>)},
    {Py_nb_absolute, slot(unary<Kind, PyNumber_Absolute>)},
    {Py_nb_invert, slot(unary<Kind, PyNumber_Invert>)},
    {Py_nb_bool, slot(truth<Kind>)},
    {Py_nb_int, slot(unary<Kind, PyNumber_Long>)},
    {Py_nb_index, slot(unary<Kind, PyNumber_Index>)},
    {Py_nb_float, slot(unary<Kind, PyNumber_Float>)},
    {Py_nb_inplace_add, slot(in_place_add<Kind>)},
    {Py_nb_inplace_subtract, slot(in_place_subtract<Kind>)},
    {Py_nb_inplace_multiply, slot(in_place<Kind, PyNumber_Multiply>)},
    // Refused by update_by(), rather than that the name be bound to a float.
    {Py_nb_inplace_true_divide, slot(in_place<Kind, PyNumber_TrueDivide>)},
    {Py_nb_inplace_floor_divide, slot(in_place<Kind, PyNumber_FloorDivide>)},
    {Py_nb_inplace_remainder, slot(in_place<Kind, PyNumber_Remainder>)},
    {Py_nb_inplace_power, slot(in_place_power<Kind>)},
    {Py_nb_inplace_lshift, slot(in_place<Kind, PyNumber_Lshift>)},
    {Py_nb_inplace_rshift, slot(in_place<Kind, PyNumber_Rshift>)},
    {Py_nb_inplace_and, slot(in_place<Kind, PyNumber_And>)},
    {Py_nb_inplace_or, slot(in_place<Kind, PyNumber_Or>)},
    {Py_nb_inplace_xor, slot(in_place<Kind, PyNumber_Xor>)},
    {0, nullptr},
};

}  // namespace cogway
