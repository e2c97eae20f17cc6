// SPDX-License-Identifier: Apache-2.0
// The heap type `LocalWrapper`: one thread's stand-in for an object that many threads use. Without
// the GIL a reference count that all threads change is what using a shared object costs; the
// stand-in's own is changed by its thread alone.

#include "cogway/python/py_ref.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

struct WrapperObject {
  PyObject_HEAD PyObject* wrapped;  ///< owned; nullptr once cleared by the collector
};
WrapperObject* as_wrapper(PyObject* self) noexcept {
  return reinterpret_cast<WrapperObject*>(self);
}
void deallocate(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Py_CLEAR(as_wrapper(self)->wrapped);
  free_heap_object(self);
}
/// What it stands for, borrowed; the object itself when it is no wrapper.
PyObject* inner(PyObject* object) noexcept {
  if (Py_TYPE(object)->tp_dealloc != &deallocate) return object;
  PyObject* wrapped = as_wrapper(object)->wrapped;
  return wrapped == nullptr ? Py_None : wrapped;
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"wrapped", nullptr};
  PyObject* wrapped = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:LocalWrapper",
                                   const_cast<char**>(kNames), &wrapped)) {
    return nullptr;
  }
  PyObject* self = type->tp_alloc(type, 0);
  if (self != nullptr) as_wrapper(self)->wrapped = Py_NewRef(inner(wrapped));
  return self;
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_wrapper(self)->wrapped);
  return 0;
}
int clear_object(PyObject* self) {
  Py_CLEAR(as_wrapper(self)->wrapped);
  return 0;
}

using Unary = PyObject* (*)(PyObject*);
using Binary = PyObject* (*)(PyObject*, PyObject*);
using Ternary = PyObject* (*)(PyObject*, PyObject*, PyObject*);

template <Unary kDo>
PyObject* unary(PyObject* self) {
  return kDo(inner(self));
}
template <Binary kDo>
PyObject* binary(PyObject* left, PyObject* right) {
  return kDo(inner(left), inner(right));
}
template <Ternary kDo>
PyObject* ternary(PyObject* left, PyObject* right, PyObject* third) {
  return kDo(inner(left), inner(right), inner(third));
}
/// In place, the wrapper stands for the result from then on.
PyObject* renewed(PyObject* self, PyObject* result) {
  if (result == nullptr) return nullptr;
  if (result == as_wrapper(self)->wrapped) {
    Py_DECREF(result);
  } else {
    Py_XSETREF(as_wrapper(self)->wrapped, result);
  }
  return Py_NewRef(self);
}
template <Binary kDo>
PyObject* in_place(PyObject* self, PyObject* other) {
  return renewed(self, kDo(inner(self), inner(other)));
}
PyObject* in_place_power(PyObject* self, PyObject* other, PyObject* modulus) {
  return renewed(self, PyNumber_InPlacePower(inner(self), inner(other), inner(modulus)));
}

int truth(PyObject* self) { return PyObject_IsTrue(inner(self)); }
Py_hash_t hash(PyObject* self) { return PyObject_Hash(inner(self)); }
Py_ssize_t length(PyObject* self) { return PyObject_Size(inner(self)); }
PyObject* compare(PyObject* left, PyObject* right, int operation) {
  return PyObject_RichCompare(inner(left), inner(right), operation);
}
PyObject* item(PyObject* self, PyObject* key) { return PyObject_GetItem(inner(self), inner(key)); }
int set_item(PyObject* self, PyObject* key, PyObject* value) {
  return value == nullptr ? PyObject_DelItem(inner(self), inner(key))
                          : PyObject_SetItem(inner(self), inner(key), value);
}
int contains(PyObject* self, PyObject* value) {
  return PySequence_Contains(inner(self), inner(value));
}
PyObject* iterate(PyObject* self) { return PyObject_GetIter(inner(self)); }
PyObject* iterate_next(PyObject* self) {
  PyObject* iterator = inner(self);
  if (PyIter_Check(iterator)) return Py_TYPE(iterator)->tp_iternext(iterator);
  return PyErr_Format(PyExc_TypeError, "'%.100s' object is not an iterator",
                      Py_TYPE(iterator)->tp_name);
}
PyObject* call(PyObject* self, PyObject* arguments, PyObject* keywords) {
  return PyObject_Call(inner(self), arguments, keywords);
}
PyObject* attribute(PyObject* self, PyObject* name) {
  // Its own names first, of which there are few: "wrapped" and those of its type.
  if (PyObject* own = PyObject_GenericGetAttr(self, name); own != nullptr) return own;
  if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return nullptr;
  PyErr_Clear();
  return PyObject_GetAttr(inner(self), name);
}
int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(inner(self), name, value);
}
PyObject* represent(PyObject* self) {
  return PyUnicode_FromFormat("LocalWrapper(%R)", inner(self));
}
PyObject* text(PyObject* self) { return PyObject_Str(inner(self)); }

PyObject* get_wrapped(PyObject* self, void*) { return Py_NewRef(inner(self)); }
PyObject* enter(PyObject* self, PyObject*) {
  const PyRef entered = PyRef::steal(PyObject_CallMethod(inner(self), "__enter__", nullptr));
  if (!entered) return nullptr;
  return Py_NewRef(entered.get() == inner(self) ? self : entered.get());
}
PyObject* leave(PyObject* self, PyObject* arguments) {
  const PyRef exit = PyRef::steal(PyObject_GetAttrString(inner(self), "__exit__"));
  return exit ? PyObject_CallObject(exit.get(), arguments) : nullptr;
}
PyObject* format(PyObject* self, PyObject* specification) {
  return PyObject_Format(inner(self), specification);
}

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", leave, METH_VARARGS, nullptr},
    {"__format__", format, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"wrapped", get_wrapped, nullptr, "What it stands for.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(deallocate)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear_object)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_str, slot(text)},
    {Py_tp_hash, slot(hash)},
    {Py_tp_richcompare, slot(compare)},
    {Py_tp_getattro, slot(attribute)},
    {Py_tp_setattro, slot(set_attribute)},
    {Py_tp_call, slot(call)},
    {Py_tp_iter, slot(iterate)},
    {Py_tp_iternext, slot(iterate_next)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_mp_length, slot(length)},
    {Py_mp_subscript, slot(item)},
    {Py_mp_ass_subscript, slot(set_item)},
    {Py_sq_contains, slot(contains)},
    {Py_nb_add, slot(binary<PyNumber_Add>)},
    {Py_nb_subtract, slot(binary<PyNumber_Subtract>)},
    {Py_nb_multiply, slot(binary<PyNumber_Multiply>)},
    {Py_nb_matrix_multiply, slot(binary<PyNumber_MatrixMultiply>)},
    {Py_nb_true_divide, slot(binary<PyNumber_TrueDivide>)},
    {Py_nb_floor_divide, slot(binary<PyNumber_FloorDivide>)},
    {Py_nb_remainder, slot(binary<PyNumber_Remainder>)},
    {Py_nb_divmod, slot(binary<PyNumber_Divmod>)},
    {Py_nb_power, slot(ternary<PyNumber_Power>)},
    {Py_nb_lshift, slot(binary<PyNumber_Lshift>)},
    {Py_nb_rshift, slot(binary<PyNumber_Rshift>)},
    {Py_nb_and, slot(binary<PyNumber_And>)},
    {Py_nb_or, slot(binary<PyNumber_Or>)},
    {Py_nb_xor, slot(binary<PyNumber_Xor>)},
    {Py_nb_negative, slot(unary<PyNumber_Negative>)},
    {Py_nb_positive, slot(unary<PyNumber_Positive>)},
    {Py_nb_absolute, slot(unary<PyNumber_Absolute>)},
    {Py_nb_invert, slot(unary<PyNumber_Invert>)},
    {Py_nb_bool, slot(truth)},
    {Py_nb_int, slot(unary<PyNumber_Long>)},
    {Py_nb_index, slot(unary<PyNumber_Index>)},
    {Py_nb_float, slot(unary<PyNumber_Float>)},
    {Py_nb_inplace_add, slot(in_place<PyNumber_InPlaceAdd>)},
    {Py_nb_inplace_subtract, slot(in_place<PyNumber_InPlaceSubtract>)},
    {Py_nb_inplace_multiply, slot(in_place<PyNumber_InPlaceMultiply>)},
    {Py_nb_inplace_matrix_multiply, slot(in_place<PyNumber_InPlaceMatrixMultiply>)},
    {Py_nb_inplace_true_divide, slot(in_place<PyNumber_InPlaceTrueDivide>)},
    {Py_nb_inplace_floor_divide, slot(in_place<PyNumber_InPlaceFloorDivide>)},
    {Py_nb_inplace_remainder, slot(in_place<PyNumber_InPlaceRemainder>)},
    {Py_nb_inplace_power, slot(in_place_power)},
    {Py_nb_inplace_lshift, slot(in_place<PyNumber_InPlaceLshift>)},
    {Py_nb_inplace_rshift, slot(in_place<PyNumber_InPlaceRshift>)},
    {Py_nb_inplace_and, slot(in_place<PyNumber_InPlaceAnd>)},
    {Py_nb_inplace_or, slot(in_place<PyNumber_InPlaceOr>)},
    {Py_nb_inplace_xor, slot(in_place<PyNumber_InPlaceXor>)},
    {Py_tp_doc,
     const_cast<char*>(
         "LocalWrapper(wrapped)\n--\n\n"
         "One thread's stand-in for an object that many threads use.\n\n"
         "It does what the object does, and has `wrapped` beside. Without the GIL, threads that\n"
         "count references on one object wait for each other's cache lines: each with a wrapper\n"
         "of its own does not. In-place operators make it stand for the result.\n\n"
         "Threads: the one that made it.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.LocalWrapper", sizeof(WrapperObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};

}  // namespace

int add_local_wrapper_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->local_wrapper_type, Export::visible);
}

}  // namespace cogway
