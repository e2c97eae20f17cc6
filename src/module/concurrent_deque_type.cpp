// SPDX-License-Identifier: Apache-2.0
// The heap type `ConcurrentDeque`.

#include <cstdint>
#include <new>

#include "module/arguments.hpp"
#include "module/concurrent_deque.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

bool extend(PyObject* self, PyObject* iterable, DequeEnd end) {
  const PyRef iterator = PyRef::steal(PyObject_GetIter(iterable));  // of a deque: as it is now
  if (!iterator) return false;
  while (const PyRef item = PyRef::steal(PyIter_Next(iterator.get()))) {
    if (!deque_add(self, item.get(), end)) return false;
  }
  return PyErr_Occurred() == nullptr;
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* const kNames[] = {"iterable", "maxlen", nullptr};
  PyObject* iterable = nullptr;
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO:ConcurrentDeque",
                                   const_cast<char**>(kNames), &iterable, &given)) {
    return nullptr;
  }
  std::int64_t most = -1;
  if (given != nullptr && given != Py_None &&
      !to_int64({"ConcurrentDeque", "maxlen"}, given, 0, PY_SSIZE_T_MAX, most)) {
    return nullptr;
  }
  PyRef self = PyRef::steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  new (&as_deque(self.get())->ring) ItemRing();
  as_deque(self.get())->most = most < 0 ? SIZE_MAX : static_cast<std::size_t>(most);
  if (iterable != nullptr && !extend(self.get(), iterable, DequeEnd::right)) return nullptr;
  return self.release();
}
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return as_deque(self)->ring.traverse(visit, arg);
}
int clear_object(PyObject* self) {
  ItemRing items;
  as_deque(self)->ring.swap(items);
  return 0;
}
void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  (void)clear_object(self);
  as_deque(self)->ring.~ItemRing();
  free_heap_object(self);
}

template <DequeEnd kEnd>
PyObject* append(PyObject* self, PyObject* item) {
  return deque_add(self, item, kEnd) ? Py_NewRef(Py_None) : nullptr;
}
template <DequeEnd kEnd>
PyObject* extend_method(PyObject* self, PyObject* iterable) {
  return extend(self, iterable, kEnd) ? Py_NewRef(Py_None) : nullptr;
}
PyObject* or_index_error(PyObject* item, const char* text) {
  if (item == nullptr) PyErr_SetString(PyExc_IndexError, text);
  return item;
}
template <DequeEnd kEnd>
PyObject* pop(PyObject* self, PyObject*) {
  return or_index_error(deque_take(self, kEnd), "pop from an empty ConcurrentDeque");
}
template <DequeEnd kEnd>
PyObject* peek(PyObject* self, PyObject*) {
  PyObject* item = deque_at(self, kEnd == DequeEnd::right ? -1 : 0);
  return or_index_error(item, "peek at an empty ConcurrentDeque");
}
PyObject* clear_method(PyObject* self, PyObject*) {
  deque_clear(self);
  Py_RETURN_NONE;
}
PyObject* remove(PyObject* self, PyObject* item) {
  const int removed = deque_remove(self, item);
  if (removed > 0) Py_RETURN_NONE;
  if (removed == 0) PyErr_Format(PyExc_ValueError, "%R is not in the ConcurrentDeque", item);
  return nullptr;
}
PyObject* rotate(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  static constexpr const char* kNames[] = {"n"};
  PyObject* given = nullptr;
  std::int64_t n = 1;
  if (!bind_arguments({"rotate", kNames, 1, 0}, arguments, count, keywords, &given) ||
      !to_int64({"rotate", "n"}, given, PY_SSIZE_T_MIN + 1, PY_SSIZE_T_MAX, n)) {
    return nullptr;
  }
  deque_rotate(self, static_cast<Py_ssize_t>(n));
  Py_RETURN_NONE;
}
PyObject* snapshot(PyObject* self, PyObject*) { return deque_snapshot(self).release(); }
PyObject* iterate(PyObject* self) {
  const PyRef list = deque_snapshot(self);
  return list ? PyObject_GetIter(list.get()) : nullptr;
}
PyObject* iterate_reversed(PyObject* self, PyObject*) {
  const PyRef list = deque_snapshot(self);
  return list && PyList_Reverse(list.get()) == 0 ? PyObject_GetIter(list.get()) : nullptr;
}
Py_ssize_t length(PyObject* self) { return static_cast<Py_ssize_t>(deque_size(self)); }
PyObject* item_at(PyObject* self, PyObject* key) {
  const Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
  if (i == -1 && PyErr_Occurred() != nullptr) return nullptr;
  return or_index_error(deque_at(self, i), "ConcurrentDeque index out of range");
}
int contains(PyObject* self, PyObject* item) {
  const PyRef list = deque_snapshot(self);
  return list ? PySequence_Contains(list.get(), item) : -1;
}
PyObject* compare(PyObject* self, PyObject* other, int operation) {
  if (Py_TYPE(self) != Py_TYPE(other)) Py_RETURN_NOTIMPLEMENTED;
  const PyRef here = deque_snapshot(self);
  const PyRef there = deque_snapshot(other);
  return here && there ? PyObject_RichCompare(here.get(), there.get(), operation) : nullptr;
}
PyObject* represent(PyObject* self) {
  const int entered = Py_ReprEnter(self);
  if (entered != 0) return entered > 0 ? PyUnicode_FromString("ConcurrentDeque([...])") : nullptr;
  const PyRef list = deque_snapshot(self);
  PyObject* text = list ? PyUnicode_FromFormat("ConcurrentDeque(%R)", list.get()) : nullptr;
  Py_ReprLeave(self);
  return text;
}
PyObject* get_maxlen(PyObject* self, void*) {
  if (as_deque(self)->most == SIZE_MAX) Py_RETURN_NONE;
  return PyLong_FromSize_t(as_deque(self)->most);
}
PyObject* reduce(PyObject* self, PyObject*) {
  const PyRef list = deque_snapshot(self);
  const PyRef most = PyRef::steal(get_maxlen(self, nullptr));
  if (!list || !most) return nullptr;
  return Py_BuildValue("O(OO)", Py_TYPE(self), list.get(), most.get());
}

PyMethodDef methods[] = {
    {"append", append<DequeEnd::right>, METH_O,
     "append($self, item, /)\n--\n\nAdd an item on the right."},
    {"appendleft", append<DequeEnd::left>, METH_O,
     "appendleft($self, item, /)\n--\n\nAdd an item on the left."},
    {"extend", extend_method<DequeEnd::right>, METH_O,
     "extend($self, iterable, /)\n--\n\nAdd items on the right, each in a step of its own."},
    {"extendleft", extend_method<DequeEnd::left>, METH_O,
     "extendleft($self, iterable, /)\n--\n\n"
     "Add items on the left, each in a step of its own: the last comes out first."},
    {"pop", pop<DequeEnd::right>, METH_NOARGS,
     "pop($self, /)\n--\n\nTake the item on the right; IndexError when there is none."},
    {"popleft", pop<DequeEnd::left>, METH_NOARGS,
     "popleft($self, /)\n--\n\nTake the item on the left; IndexError when there is none."},
    {"peek", peek<DequeEnd::right>, METH_NOARGS,
     "peek($self, /)\n--\n\nReturn the item on the right; IndexError when there is none."},
    {"peekleft", peek<DequeEnd::left>, METH_NOARGS,
     "peekleft($self, /)\n--\n\nReturn the item on the left; IndexError when there is none."},
    {"remove", remove, METH_O,
     "remove($self, item, /)\n--\n\n"
     "Take out the first item from the left that equals; ValueError when there is none."},
    {"rotate", method(rotate), METH_FASTCALL | METH_KEYWORDS,
     "rotate($self, /, n=1)\n--\n\nMove the last `n` items to the left end, in one step."},
    {"clear", clear_method, METH_NOARGS, "clear($self, /)\n--\n\nRemove everything in one step."},
    {"snapshot", snapshot, METH_NOARGS,
     "snapshot($self, /)\n--\n\nReturn a list of what was in it at one moment."},
    {"__reversed__", iterate_reversed, METH_NOARGS, nullptr},
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"maxlen", get_maxlen, nullptr, "How many items it keeps; None: any number.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

#ifdef COGWAY_MANAGED_WEAKREF
constexpr unsigned kWeakFlag = Py_TPFLAGS_MANAGED_WEAKREF;
#else
constexpr unsigned kWeakFlag = 0;
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ConcurrentDequeObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
#endif

PyType_Slot slots[] = {
    {Py_tp_new, slot(create)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_clear, slot(clear_object)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_richcompare, slot(compare)},
    {Py_tp_hash, slot(PyObject_HashNotImplemented)},
    {Py_tp_iter, slot(iterate)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
#ifndef COGWAY_MANAGED_WEAKREF
    {Py_tp_members, members},
#endif
    {Py_mp_length, slot(length)},
    {Py_mp_subscript, slot(item_at)},
    {Py_sq_contains, slot(contains)},
    {Py_tp_doc,
     const_cast<char*>(
         "ConcurrentDeque(iterable=(), maxlen=None)\n--\n\n"
         "Items with two ends that any number of threads use at once; each call is one step.\n\n"
         "As collections.deque; beyond `maxlen` the other end drops an item. Iterating sees one\n"
         "moment and is never disturbed. No lock is held while Python code runs.\n\n"
         "Threads: all of one interpreter. Never waits.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.ConcurrentDeque", sizeof(ConcurrentDequeObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | kWeakFlag,
                    slots};

}  // namespace

int add_concurrent_deque_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.sync->concurrent_deque_type, Export::visible);
}

}  // namespace cogway
