// SPDX-License-Identifier: Apache-2.0
#pragma once
// Python objects in a row that grows: the store of ConcurrentQueue and ConcurrentDeque.

#include <Python.h>

#include <cstddef>
#include <utility>

namespace cogway {

/// **Threads**: one at a time, under the owner's critical section; runs no Python code.
/// **Ownership**: of a reference to each item; whoever takes one out has it.
/// **Progress**: constant but when it grows, and insert() and erase(), which move what is behind.
/// **Order**: the section's.
class ItemRing {
 public:
  ItemRing() noexcept = default;
  ItemRing(const ItemRing&) = delete;
  ItemRing& operator=(const ItemRing&) = delete;
  ItemRing(ItemRing&& other) noexcept { swap(other); }
  ItemRing& operator=(ItemRing&& other) noexcept {
    swap(other);
    return *this;
  }
  /// Drops what is in it: not inside a section.
  ~ItemRing();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] PyObject* at(std::size_t i) const noexcept { return cells_[place(i)]; }

  /// Room for so many more. False, without an exception: there is no memory.
  [[nodiscard]] bool reserve(std::size_t more = 1) noexcept {
    return size_ + more <= capacity_ || grow(more);
  }
  // Each needs room.
  void push_back(PyObject* item) noexcept { cells_[place(size_++)] = item; }
  void push_front(PyObject* item) noexcept {
    head_ = place(capacity_ - 1);
    cells_[head_] = item;
    ++size_;
  }
  void insert(std::size_t i, PyObject* item) noexcept;

  // Each needs an item.
  [[nodiscard]] PyObject* pop_back() noexcept { return cells_[place(--size_)]; }
  [[nodiscard]] PyObject* pop_front() noexcept {
    PyObject* item = cells_[head_];
    head_ = place(1);
    --size_;
    return item;
  }
  [[nodiscard]] PyObject* erase(std::size_t i) noexcept;
  [[nodiscard]] PyObject* replace(std::size_t i, PyObject* item) noexcept {
    return std::exchange(cells_[place(i)], item);
  }
  /// What was at `steps` from the front comes to the front; fewer steps than items.
  void rotate(std::size_t steps) noexcept;

  void swap(ItemRing& other) noexcept {
    std::swap(cells_, other.cells_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }
  int traverse(visitproc visit, void* arg) const;

 private:
  [[nodiscard]] std::size_t place(std::size_t i) const noexcept {
    return (head_ + i) & (capacity_ - 1);
  }
  bool grow(std::size_t more) noexcept;

  PyObject** cells_ = nullptr;
  std::size_t capacity_ = 0;  ///< a power of two, or 0
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace cogway
