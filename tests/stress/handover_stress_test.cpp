// SPDX-License-Identifier: Apache-2.0
// HandoverQueue under load: threads and tasks that put, get and give up all the while. What is
// lost, comes twice or is not woken shows in the sums or hangs the test.

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "cogway/sync/handover_queue.hpp"
#include "cogway/sync/word_lock.hpp"

using namespace cogway;
using namespace std::chrono_literals;

namespace {

struct Row {
  using Item = std::int64_t;
  struct Place {};
  std::deque<Item> items;
  [[nodiscard]] std::size_t size() const { return items.size(); }
  void insert(Item item, Place) { items.push_back(item); }
  Item take() {
    const Item item = items.front();
    items.pop_front();
    return item;
  }
  void put_back(Item item) { items.push_front(item); }
};

/// A waiter that is told through a function, as a task of an event loop is, and stays until then.
struct Told : WaitNode<> {
  Told() {
    notify = [](WaitNode<>* node) noexcept { static_cast<Told*>(node)->told_.store(true); };
  }
  void await() const {
    while (!told_) std::this_thread::yield();
  }

 private:
  std::atomic<bool> told_{false};
};

/// A queue under one lock, as the module drives it under its sections.
class Driven {
 public:
  explicit Driven(std::size_t most) : core_(most) {}

  /// False: closed, or the deadline came.
  bool put(std::int64_t item, TimePoint deadline = kNever) {
    WaitNode<> node;
    PutTurn turn = PutTurn::fresh;
    for (;;) {
      const QueueStep step = step_put(&node, turn, item);
      if (step != QueueStep::waits) return step == QueueStep::done;
      if (!node.park(deadline) && withdraw_put(node)) return false;
      if (node.outcome() == WaitOutcome::broken) return false;
      turn = node.outcome() == WaitOutcome::granted ? PutTurn::given : PutTurn::again;
    }
  }
  bool get(std::int64_t& item, TimePoint deadline = kNever) {
    WaitNode<> node;
    const QueueStep step = step_get(&node, item);
    if (step != QueueStep::waits) return step == QueueStep::done;
    if (!node.park(deadline) && withdraw_get(node)) return false;
    item = node.value;
    return node.outcome() == WaitOutcome::granted;
  }
  /// As a task that is cancelled at once: whether it had an item all the same, which goes back.
  bool get_and_give_up() {
    Told node;
    std::int64_t item = 0;
    const QueueStep step = step_get(&node, item);
    if (step == QueueStep::closed) return false;
    if (step == QueueStep::waits) {
      if (withdraw_get(node)) return false;
      node.await();
      if (node.outcome() != WaitOutcome::granted) return false;
      item = node.value;
    }
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    core_.give_back_item(item, row_, wakes);
    return true;
  }
  /// As a task that waits for room, and gives back what it was given.
  void put_and_give_up(std::int64_t item, std::atomic<std::int64_t>& sum) {
    Told node;
    const QueueStep step = step_put(&node, PutTurn::fresh, item);
    if (step == QueueStep::done) sum += item;
    if (step != QueueStep::waits || withdraw_put(node)) return;
    node.await();
    if (node.outcome() != WaitOutcome::granted) return;
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    core_.give_back_room(row_, wakes);
  }
  void close() {
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    core_.close(wakes);
  }

 private:
  QueueStep step_put(WaitNode<>* node, PutTurn turn, std::int64_t item) {
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    return core_.put(node, turn, item, {}, row_, wakes);
  }
  QueueStep step_get(WaitNode<>* node, std::int64_t& item) {
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    return core_.get(node, item, row_, wakes);
  }
  bool withdraw_put(WaitNode<>& node) {
    WakeBatch<> wakes;
    const std::lock_guard guard(lock_);
    return core_.withdraw_put(node, row_, wakes);
  }
  bool withdraw_get(WaitNode<>& node) {
    const std::lock_guard guard(lock_);
    return core_.withdraw_get(node);
  }

  WordLock<> lock_;
  HandoverQueue<Row> core_;
  Row row_;
};

struct Sums {
  std::atomic<std::int64_t> put{0};
  std::atomic<std::int64_t> got{0};
};

}  // namespace

TEST_CASE("what threads put, threads get, while tasks and deadlines come in between") {
  Driven queue(2);
  Sums sums;
  constexpr int kEach = 20'000;
  std::atomic<bool> over{false};
  std::vector<std::thread> putters;
  std::vector<std::thread> others;
  for (int t = 0; t < 2; ++t) {
    putters.emplace_back([&] {
      for (std::int64_t i = 1; i <= kEach; ++i) {
        // Some give up for want of room, and try again.
        while (!queue.put(i, i % 3 == 0 ? monotonic_now() + 20us : kNever)) {
        }
        sums.put += i;
      }
    });
    others.emplace_back([&] {
      std::int64_t item = 0;
      while (queue.get(item)) sums.got += item;
    });
  }
  others.emplace_back([&] {
    std::int64_t item = 0;
    while (!over) {
      if (queue.get(item, monotonic_now() + 10us)) sums.got += item;
    }
  });
  others.emplace_back([&] {
    while (!over) (void)queue.get_and_give_up();
  });
  others.emplace_back([&] {
    for (std::int64_t i = 1; !over; ++i) queue.put_and_give_up(i % 7, sums.put);
  });
  for (std::thread& thread : putters) thread.join();
  over = true;
  for (std::size_t i = 2; i < others.size(); ++i) others[i].join();
  queue.close();
  others[0].join();
  others[1].join();
  std::int64_t item = 0;
  while (queue.get(item)) sums.got += item;
  CHECK(sums.put == sums.got);
}
