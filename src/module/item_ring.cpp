// SPDX-License-Identifier: Apache-2.0
#include "module/item_ring.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace cogway {

ItemRing::~ItemRing() {
  while (size_ != 0) Py_DECREF(pop_front());
  delete[] cells_;
}

bool ItemRing::grow(std::size_t more) noexcept {
  constexpr std::size_t kLeast = 8;
  const std::size_t capacity = std::bit_ceil(std::max(kLeast, size_ + more));
  auto** cells = new (std::nothrow) PyObject*[capacity];
  if (cells == nullptr) return false;
  for (std::size_t i = 0; i < size_; ++i) cells[i] = at(i);
  delete[] cells_;
  cells_ = cells;
  capacity_ = capacity;
  head_ = 0;
  return true;
}

void ItemRing::insert(std::size_t i, PyObject* item) noexcept {
  for (std::size_t j = size_; j > i; --j) cells_[place(j)] = cells_[place(j - 1)];
  cells_[place(i)] = item;
  ++size_;
}

PyObject* ItemRing::erase(std::size_t i) noexcept {
  PyObject* item = at(i);
  for (std::size_t j = i + 1; j < size_; ++j) cells_[place(j - 1)] = cells_[place(j)];
  --size_;
  return item;
}

void ItemRing::rotate(std::size_t steps) noexcept {
  for (; steps != 0; --steps) {
    PyObject* item = pop_front();
    push_back(item);
  }
}

int ItemRing::traverse(visitproc visit, void* arg) const {
  for (std::size_t i = 0; i < size_; ++i) Py_VISIT(at(i));
  return 0;
}

}  // namespace cogway
