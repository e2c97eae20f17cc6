// SPDX-License-Identifier: Apache-2.0
#include "module/concurrent_deque.hpp"

namespace cogway {

bool deque_add(PyObject* self, PyObject* item, DequeEnd end) {
  ConcurrentDequeObject* deque = as_deque(self);
  if (deque->most == 0) return true;
  bool memory = true;
  PyObject* dropped = nullptr;
  Py_INCREF(item);
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  ItemRing& ring = deque->ring;
  if (ring.size() == deque->most) {
    dropped = end == DequeEnd::right ? ring.pop_front() : ring.pop_back();
  }
  memory = ring.reserve();
  if (memory) end == DequeEnd::right ? ring.push_back(item) : ring.push_front(item);
  COGWAY_END_CRITICAL_SECTION()
  Py_XDECREF(dropped);  // after the step: it may run anything
  if (memory) return true;
  Py_DECREF(item);
  PyErr_NoMemory();
  return false;
}

PyObject* deque_take(PyObject* self, DequeEnd end) {
  PyObject* item = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  ItemRing& ring = as_deque(self)->ring;
  if (ring.size() != 0) item = end == DequeEnd::right ? ring.pop_back() : ring.pop_front();
  COGWAY_END_CRITICAL_SECTION()
  return item;
}

PyObject* deque_at(PyObject* self, Py_ssize_t i) {
  PyObject* item = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  const ItemRing& ring = as_deque(self)->ring;
  const auto size = static_cast<Py_ssize_t>(ring.size());
  const Py_ssize_t place = i < 0 ? i + size : i;
  if (place >= 0 && place < size) item = Py_NewRef(ring.at(static_cast<std::size_t>(place)));
  COGWAY_END_CRITICAL_SECTION()
  return item;
}

std::size_t deque_size(PyObject* self) {
  std::size_t size = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  size = as_deque(self)->ring.size();
  COGWAY_END_CRITICAL_SECTION()
  return size;
}

PyRef deque_snapshot(PyObject* self) {
  for (;;) {
    const std::size_t room = deque_size(self);
    PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(room)));  // may run the collector
    if (!list) return {};
    bool fits = false;
    COGWAY_BEGIN_CRITICAL_SECTION(self)
    const ItemRing& ring = as_deque(self)->ring;
    fits = ring.size() == room;
    for (std::size_t i = 0; fits && i < room; ++i) {
      PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), Py_NewRef(ring.at(i)));
    }
    COGWAY_END_CRITICAL_SECTION()
    if (fits) return list;
  }
}

void deque_rotate(PyObject* self, Py_ssize_t steps) {
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  ItemRing& ring = as_deque(self)->ring;
  const auto size = static_cast<Py_ssize_t>(ring.size());
  if (size > 1) {
    // To the right by so many is to the left by the others.
    const Py_ssize_t right = (steps % size + size) % size;
    ring.rotate(static_cast<std::size_t>((size - right) % size));
  }
  COGWAY_END_CRITICAL_SECTION()
}

void deque_clear(PyObject* self) {
  ItemRing items;  // dropped last: that may run anything
  COGWAY_BEGIN_CRITICAL_SECTION(self)
  as_deque(self)->ring.swap(items);
  COGWAY_END_CRITICAL_SECTION()
}

int deque_remove(PyObject* self, PyObject* item) {
  for (;;) {
    const PyRef list = deque_snapshot(self);
    if (!list) return -1;
    const Py_ssize_t size = PyList_GET_SIZE(list.get());
    Py_ssize_t found = 0;
    for (; found < size; ++found) {
      const int same = PyObject_RichCompareBool(PyList_GET_ITEM(list.get(), found), item, Py_EQ);
      if (same < 0) return -1;
      if (same > 0) break;
    }
    if (found == size) return 0;
    // It is the first still if what is before it is as it was.
    PyObject* removed = nullptr;
    COGWAY_BEGIN_CRITICAL_SECTION(self)
    ItemRing& ring = as_deque(self)->ring;
    bool current = static_cast<std::size_t>(found) < ring.size();
    for (Py_ssize_t i = 0; current && i <= found; ++i) {
      current = ring.at(static_cast<std::size_t>(i)) == PyList_GET_ITEM(list.get(), i);
    }
    if (current) removed = ring.erase(static_cast<std::size_t>(found));
    COGWAY_END_CRITICAL_SECTION()
    if (removed == nullptr) continue;
    Py_DECREF(removed);
    return 1;
  }
}

}  // namespace cogway
