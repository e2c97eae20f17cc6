// SPDX-License-Identifier: Apache-2.0
#pragma once
// Retired objects on the way to their end: a list for one thread, and where those of ended threads
// wait for another.

#include <atomic>
#include <cstddef>
#include <utility>

#include "cogway/sync/retirable.hpp"

namespace cogway::detail {

template <typename T>
void delete_retired(Retirable* object) {
  delete static_cast<T*>(object);
}

/// A singly linked list and its length.
class RetiredList {
 public:
  RetiredList() = default;
  explicit RetiredList(Retirable* chain) noexcept : first_(chain), last_(chain) {
    for (count_ = chain != nullptr ? 1 : 0; last_ != nullptr && last_->next_retired != nullptr;
         ++count_) {
      last_ = last_->next_retired;
    }
  }
  RetiredList(RetiredList&& other) noexcept
      : first_(std::exchange(other.first_, nullptr)),
        last_(std::exchange(other.last_, nullptr)),
        count_(std::exchange(other.count_, 0)) {}
  RetiredList& operator=(const RetiredList&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] Retirable* first() const noexcept { return first_; }
  [[nodiscard]] Retirable* last() const noexcept { return last_; }

  void push(Retirable* object) noexcept {
    object->next_retired = first_;
    if (first_ == nullptr) last_ = object;
    first_ = object;
    ++count_;
  }
  Retirable* pop() noexcept {
    Retirable* object = first_;
    first_ = object->next_retired;
    if (--count_ == 0) last_ = nullptr;
    return object;
  }
  /// Takes all of `other`.
  void append(RetiredList&& other) noexcept {
    if (other.empty()) return;
    other.last_->next_retired = first_;
    if (first_ == nullptr) last_ = other.last_;
    first_ = std::exchange(other.first_, nullptr);
    count_ += std::exchange(other.count_, 0);
    other.last_ = nullptr;
  }
  /// Ends all of them; how many there were. What they retire meanwhile goes elsewhere.
  std::size_t destroy_all() noexcept {
    const std::size_t count = count_;
    while (!empty()) {
      Retirable* object = pop();
      object->destroy(object);
    }
    return count;
  }

 private:
  Retirable* first_ = nullptr;
  Retirable* last_ = nullptr;
  std::size_t count_ = 0;
};

/// What ended threads could not destroy yet. Taken whole, so that there is no ABA.
template <template <typename> class Atom>
class Orphans {
 public:
  void leave(RetiredList list) noexcept {
    if (list.empty()) return;
    // order: relaxed, no pairing: a first guess
    Retirable* head = first_.load(std::memory_order_relaxed);
    do {
      list.last()->next_retired = head;
      // order: release, pairs with adopt() acquire; publishes the links. model: the checker does
      // not watch them, and all else was published when this member collected for the last time
    } while (!first_.compare_exchange_weak(head, list.first(), std::memory_order_release,
                                           std::memory_order_relaxed));  // order: relaxed, a guess
  }
  [[nodiscard]] RetiredList adopt() noexcept {
    // order: relaxed, no pairing: a guess; what comes now is found next time
    if (first_.load(std::memory_order_relaxed) == nullptr) return {};
    // order: acquire, pairs with leave() release; publishes the links. model: see leave()
    return RetiredList(first_.exchange(nullptr, std::memory_order_acquire));
  }

 private:
  Atom<Retirable*> first_{nullptr};  ///< by all
};

}  // namespace cogway::detail
