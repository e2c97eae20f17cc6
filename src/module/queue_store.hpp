// SPDX-License-Identifier: Apache-2.0
#pragma once
// The items of a ConcurrentQueue in the order in which they are taken.

#include <cstddef>
#include <cstdint>

#include "module/item_ring.hpp"

namespace cogway {

enum class StoreOrder : std::uint8_t { fifo, lifo, priority };

/// By priority the row is sorted, the least item last, so that taking compares nothing: a place
/// that was found for a new item stays right while items are only taken.
///
/// **Threads**, **Ownership**, **Progress**, **Order**: as ItemRing.
class QueueStore {
 public:
  using Item = std::intptr_t;  ///< a PyObject*, as a WaitNode carries it
  using Place = std::size_t;   ///< by priority: how many stay before it

  explicit QueueStore(StoreOrder order) noexcept : order_(order) {}

  [[nodiscard]] StoreOrder order() const noexcept { return order_; }
  [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
  [[nodiscard]] PyObject* at(std::size_t i) const noexcept { return ring_.at(i); }
  /// Changes with each item that comes in.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  [[nodiscard]] bool reserve() noexcept { return ring_.reserve(); }

  void insert(Item item, Place place) noexcept {
    ++version_;
    if (order_ == StoreOrder::priority && place < ring_.size()) {
      ring_.insert(place, to_object(item));
    } else {
      ring_.push_back(to_object(item));
    }
  }
  [[nodiscard]] Item take() noexcept {
    return to_item(order_ == StoreOrder::fifo ? ring_.pop_front() : ring_.pop_back());
  }
  void put_back(Item item) noexcept {
    ++version_;
    if (!ring_.reserve()) Py_FatalError("no memory for an item that is given back to its queue");
    order_ == StoreOrder::fifo ? ring_.push_front(to_object(item))
                               : ring_.push_back(to_object(item));
  }
  void swap(ItemRing& ring) noexcept { ring_.swap(ring); }
  int traverse(visitproc visit, void* arg) const { return ring_.traverse(visit, arg); }

  static PyObject* to_object(Item item) noexcept { return reinterpret_cast<PyObject*>(item); }
  static Item to_item(PyObject* object) noexcept { return reinterpret_cast<Item>(object); }

 private:
  ItemRing ring_;
  std::uint64_t version_ = 0;
  const StoreOrder order_;
};

}  // namespace cogway
