// SPDX-License-Identifier: Apache-2.0
#pragma once
// Wrong queues whose calls cannot be ordered: each has one fault that loses, doubles or overtakes,
// and the checks of histories must find it.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "cogway/queue/mpmc_queue.hpp"
#include "mutants.hpp"

namespace cogway::model::mutants {

/// A priority queue that remembers where it found something last, to spare itself the look at lanes
/// that are empty: its note overwrites that of a push to a more urgent lane.
template <typename T, template <typename> class Atom>
class HintedPriorityQueue {
 public:
  bool try_push(T value, std::size_t lane) {
    if (!lanes_[lane].try_push(value)) return false;
    std::size_t hint = hint_.load();
    while (lane < hint && !hint_.compare_exchange_weak(hint, lane)) {
    }
    return true;
  }
  std::optional<T> try_pop(std::size_t* lane) {
    for (std::size_t i = hint_.load(); i < 2; ++i) {
      if (std::optional<T> value = lanes_[i].try_pop()) {
        hint_.store(i);  // the bug
        *lane = i;
        return value;
      }
    }
    return std::nullopt;
  }
  std::size_t capacity() const { return 2; }

 private:
  MpmcQueue<T, Atom> lanes_[2] = {MpmcQueue<T, Atom>(2), MpmcQueue<T, Atom>(2)};
  Atom<std::size_t> hint_{0};
};

/// A lane of a ring and a second queue for what does not fit. It takes from the second one when it
/// has seen the ring empty, without a second look at the ring: what one pusher put there meanwhile
/// is overtaken by what it pushed after that.
template <typename Node, template <typename> class Atom>
class OvertakingLane {
 public:
  void push(Node* node) {
    if (!second_.empty() || !ring_.try_push(node)) (void)second_.try_push(node);
  }
  std::size_t try_take(Node** out, std::size_t) {
    std::optional<Node*> node = ring_.try_pop();
    if (!node) node = second_.try_pop();
    if (node) *out = *node;
    return node ? 1 : 0;
  }

 private:
  MpmcQueue<Node*, Atom> ring_{2};
  MpmcQueue<Node*, Atom> second_{4};
};

/// Looks whether it is empty, then whether it is closed: what was pushed in between is left behind.
template <typename T, template <typename> class Atom>
class HastyQueue : public MpmcQueue<T, Atom> {
 public:
  using MpmcQueue<T, Atom>::MpmcQueue;
  bool drained() const { return this->empty() && this->closed(); }
};

/// A ring whose producers claim a place by a look and a store: two may claim the same.
template <typename T, template <typename> class Atom>
class UnclaimedRing {
 public:
  explicit UnclaimedRing(std::size_t) {}
  bool try_push(T value) {
    const std::uint64_t tail = tail_.load();
    if (tail - head_.load() == 2) return false;
    cells_[tail % 2].store(value);
    tail_.store(tail + 1);
    return true;
  }
  std::optional<T> try_pop() {
    const std::uint64_t head = head_.load();
    if (head == tail_.load()) return std::nullopt;
    const T value = cells_[head % 2].load();
    head_.store(head + 1);
    return value;
  }
  std::size_t capacity() const { return 2; }

 private:
  Atom<T> cells_[2];
  Atom<std::uint64_t> tail_{0};
  Atom<std::uint64_t> head_{0};
};

/// A stack that takes what is pushed beside its polling reader by a look and a store: what comes in
/// between is lost.
template <typename Node, template <typename> class Atom>
class LeakyPolledStack : public PolledStack<Node, Atom> {
 public:
  template <typename Hold>
  PolledPush push(Node* node, Hold&&) {
    Node* head = head_.load();
    do {
      if (head == &mark_) return PolledPush::closed;
      node->next.store(head);
    } while (!head_.compare_exchange_weak(head, node));
    return PolledPush::quiet;
  }
  Node* take_all() { return take(nullptr); }
  Node* close() { return take(&mark_); }

 private:
  Node* take(Node* next) {
    Node* newest = head_.load();
    head_.store(next);  // the bug
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* const older = static_cast<Node*>(newest->next.load());
      newest->next.store(oldest);
      oldest = std::exchange(newest, older);
    }
    return oldest;
  }
  Node mark_;
  Atom<Node*> head_{nullptr};
};

/// Which entries are free, kept by a stack without a tag.
template <template <typename> class Atom>
class UntaggedFreeList {
 public:
  explicit UntaggedFreeList(std::uint32_t capacity)
      : links_(std::make_unique<Atom<std::uint32_t>[]>(capacity)) {
    for (std::uint32_t i = capacity; i > 0; --i) free_.push(links_.get(), i - 1);
  }
  std::uint32_t acquire() { return free_.pop(links_.get()); }
  void release(std::uint32_t index) { free_.push(links_.get(), index); }

 private:
  std::unique_ptr<Atom<std::uint32_t>[]> links_;
  UntaggedIndexStack<Atom> free_;
};

/// A lane that is a stack, from which everybody takes without the right to: a node that goes away
/// and comes back is taken for one that never left.
template <typename Node, template <typename> class Atom>
class UnclaimedStackLane {
 public:
  void push(Node* node) {
    Node* head = head_.load();
    do {
      node->link.store(head);
    } while (!head_.compare_exchange_weak(head, node));
  }
  std::size_t try_take(Node** out, std::size_t) {
    Node* head = head_.load();
    do {
      if (head == nullptr) return 0;
    } while (!head_.compare_exchange_weak(head, head->link.load()));
    *out = head;
    return 1;
  }

 private:
  Atom<Node*> head_{nullptr};
};

}  // namespace cogway::model::mutants
