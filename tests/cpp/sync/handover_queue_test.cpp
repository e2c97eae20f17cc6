// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/handover_queue.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace cogway;

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

struct Driven {
  explicit Driven(std::size_t most) : core(most) {}
  QueueStep put(WaitNode<>* node, Row::Item item, PutTurn turn = PutTurn::fresh) {
    WakeBatch<> wakes;
    return core.put(node, turn, item, {}, row, wakes);
  }
  QueueStep get(WaitNode<>* node, Row::Item& item) {
    WakeBatch<> wakes;
    return core.get(node, item, row, wakes);
  }
  HandoverQueue<Row> core;
  Row row;
};

void told(WaitNode<>*) noexcept {}

}  // namespace

TEST_CASE("items come in order and wait for room") {
  Driven queue(2);
  CHECK(queue.put(nullptr, 1) == QueueStep::done);
  CHECK(queue.put(nullptr, 2) == QueueStep::done);
  CHECK(queue.put(nullptr, 3) == QueueStep::waits);
  Row::Item item = 0;
  CHECK(queue.get(nullptr, item) == QueueStep::done);
  CHECK(item == 1);
  CHECK(queue.get(nullptr, item) == QueueStep::done);
  CHECK(item == 2);
  CHECK(queue.get(nullptr, item) == QueueStep::waits);
}

TEST_CASE("an item goes to who has waited longest, and back when it is not wanted") {
  Driven queue(0);
  WaitNode<> first;
  WaitNode<> second;
  Row::Item item = 0;
  CHECK(queue.get(&first, item) == QueueStep::waits);
  CHECK(queue.get(&second, item) == QueueStep::waits);
  CHECK(queue.put(nullptr, 7) == QueueStep::done);
  CHECK(first.outcome() == WaitOutcome::granted);
  CHECK(first.value == 7);
  CHECK_FALSE(queue.core.withdraw_get(first));
  {
    WakeBatch<> wakes;
    queue.core.give_back_item(first.value, queue.row, wakes);
  }
  CHECK(second.outcome() == WaitOutcome::granted);
  {
    WakeBatch<> wakes;
    queue.core.give_back_item(second.value, queue.row, wakes);
  }
  CHECK(queue.row.size() == 1);
}

TEST_CASE("room is given to a task, and told to a thread") {
  Driven queue(1);
  WaitNode<> task;
  WaitNode<> thread;
  task.notify = &told;
  CHECK(queue.put(nullptr, 1) == QueueStep::done);
  CHECK(queue.put(&task, 2) == QueueStep::waits);
  CHECK(queue.put(&thread, 3) == QueueStep::waits);
  Row::Item item = 0;
  CHECK(queue.get(nullptr, item) == QueueStep::done);
  CHECK(task.outcome() == WaitOutcome::granted);
  CHECK(queue.put(nullptr, 4) == QueueStep::waits);  // the room is taken
  CHECK(queue.put(&task, 2, PutTurn::given) == QueueStep::done);
  CHECK(queue.get(nullptr, item) == QueueStep::done);
  CHECK(thread.outcome() == WaitOutcome::retry);
  CHECK(queue.put(&thread, 3, PutTurn::again) == QueueStep::done);
}

TEST_CASE("closing tells all, and what is in can be had") {
  Driven queue(1);
  WaitNode<> putter;
  WaitNode<> joiner;
  CHECK(queue.put(nullptr, 1) == QueueStep::done);
  CHECK(queue.put(&putter, 2) == QueueStep::waits);
  CHECK_FALSE(queue.core.join(joiner));
  WakeBatch<> wakes;
  queue.core.close(wakes);
  CHECK(putter.outcome() == WaitOutcome::broken);
  CHECK(queue.put(nullptr, 3) == QueueStep::closed);
  Row::Item item = 0;
  CHECK(queue.get(nullptr, item) == QueueStep::done);
  CHECK(queue.get(nullptr, item) == QueueStep::closed);
  CHECK(queue.core.finish(1, wakes));
  CHECK(joiner.outcome() == WaitOutcome::granted);
  CHECK_FALSE(queue.core.finish(1, wakes));
}
