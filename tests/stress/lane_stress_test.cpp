// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "cogway/engine/lane.hpp"
#include "cogway/engine/task_queue.hpp"
#include "pusher_order_spec.hpp"
#include "queue_stress.hpp"

using namespace cogway;
using namespace cogway::testing;

namespace {

constexpr int kRounds = 1000;
constexpr int kCalls = 6;

struct Node {
  std::atomic<Node*> link{nullptr};
  int pusher = 0;
  int id = 0;
};
struct Link {
  static std::atomic<Node*>& of(Node& node) noexcept { return node.link; }
};

/// A lane and the nodes that two threads push into it.
struct TestLane : Lane<Node, Link> {
  explicit TestLane(QueueOrder order) : Lane<Node, Link>(order, 2) {}
  Node nodes[2][kCalls];

  Node& push_next(int pusher, int i) {
    Node& node = nodes[pusher][i];
    node.pusher = pusher;
    node.id = pusher * 1000 + i;
    push(&node);
    return node;
  }
};

}  // namespace

TEST_CASE("lane histories keep the order of each pusher") {
  using Recorder = CallRecorder<TransferCall>;
  const auto pusher = [](int self) {
    return [=](TestLane& lane, Recorder& recorder) {
      for (int i = 0; i < kCalls; ++i) {
        recorder.record([&] {
          const Node& node = lane.push_next(self, i);
          return TransferCall{Act::push, {{self, node.id}}};
        });
      }
    };
  };
  const auto taker = [](TestLane& lane, Recorder& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      recorder.record([&] {
        Node* found[3];
        const std::size_t count = lane.try_take(found, 3);
        TransferCall call{Act::pop};
        for (std::size_t k = 0; k < count; ++k) {
          call.values.emplace_back(found[k]->pusher, found[k]->id);
        }
        return call;
      });
    }
  };
  check_histories<PusherOrderSpec, TestLane>(
      stress_rounds(kRounds), [] { return std::make_unique<TestLane>(QueueOrder::fifo); },
      {pusher(0), pusher(1), taker, taker}, allow_takes_to_miss,
      [](const TestLane&) { return PusherOrderSpec{}; });
}

TEST_CASE("lane histories of a stack are linearizable, but for misses beside others") {
  const auto pusher = [](int self) {
    return [=](TestLane& lane, StressRecorder& recorder) {
      for (int i = 0; i < kCalls; ++i) {
        recorder.record([&] { return QueueCall{Act::push, lane.push_next(self, i).id}; });
      }
    };
  };
  const auto taker = [](TestLane& lane, StressRecorder& recorder) {
    for (int i = 0; i < kCalls; ++i) {
      recorder.record([&] {
        Node* node = nullptr;
        return lane.try_take(&node, 1) == 1 ? QueueCall{Act::pop, node->id} : QueueCall{Act::pop};
      });
    }
  };
  check_histories<LifoSpec, TestLane>(
      stress_rounds(kRounds), [] { return std::make_unique<TestLane>(QueueOrder::lifo); },
      {pusher(0), pusher(1), taker, taker}, allow_misses_beside_others,
      [](const TestLane&) { return LifoSpec{2 * kCalls}; });
}

TEST_CASE("task queue histories keep the order of each pusher, and the end is the end") {
  using Recorder = CallRecorder<TransferCall>;
  struct Queue : TaskQueue {
    TaskRef tasks[2][kCalls];
    std::atomic<int> pushers{2};

    std::pair<int, int> find(const TaskRef& task) const {
      for (int pusher = 0; pusher < 2; ++pusher) {
        for (int i = 0; i < kCalls; ++i) {
          if (tasks[pusher][i].get() == task.get()) return {pusher, i};
        }
      }
      return {-1, -1};
    }
  };
  static constexpr TaskOps kOps{nullptr, [](Task&) noexcept {}, "history"};
  const auto pusher = [](int self) {
    return [=](Queue& queue, Recorder& recorder) {
      for (int i = 0; i < kCalls; ++i) {
        recorder.record([&] {
          CHECK(queue.push(queue.tasks[self][i]));
          return TransferCall{Act::push, {{self, i}}};
        });
      }
      if (queue.pushers.fetch_sub(1) == 1) queue.close();
    };
  };
  const auto popper = [](Queue& queue, Recorder& recorder) {
    for (bool more = true; more;) {
      recorder.record([&] {
        const TaskRef task = queue.pop();
        more = static_cast<bool>(task);
        TransferCall call{Act::pop};
        if (more) call.values.push_back(queue.find(task));
        return call;
      });
    }
  };
  check_histories<PusherOrderSpec, Queue>(
      stress_rounds(kRounds),
      [] {
        auto queue = std::make_unique<Queue>();
        for (auto& row : queue->tasks) {
          for (TaskRef& task : row) task = Task::make_external(&kOps);
        }
        return queue;
      },
      {pusher(0), pusher(1), popper, popper},
      [](const History<TransferCall>& history) {  // who waits misses nothing
        std::size_t popped = 0;
        for (const auto& operation : history) {
          if (operation.call.act == Act::pop) popped += operation.call.values.size();
        }
        CHECK(popped == 2 * kCalls);
      },
      [](const Queue&) { return PusherOrderSpec{}; });
}
