// SPDX-License-Identifier: Apache-2.0
#pragma once
// A queue of tasks in priority lanes with ageing, that threads wait on: what stands before each
// class of native workers, and what a pool of Python workers (another layer's) stands behind. Not a
// place for tasks that spawned each other: those go to the worker's own deque.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cogway/base/clock.hpp"
#include "cogway/engine/options.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task.hpp"

namespace cogway {

struct TaskQueueOptions {
  QueueOrder order = QueueOrder::fifo;
  std::uint32_t ageing = 16;               ///< as EngineOptions::ageing
  std::size_t capacity = 0;                ///< 0: no limit
  Nanoseconds spin{EngineOptions::kAuto};  ///< as EngineOptions::spin
};

struct TaskQueueStatistics {
  std::uint64_t pushed = 0, popped = 0, queued = 0;
  std::uint64_t spins = 0, spin_hits = 0, parks = 0, wakes = 0;
  std::uint64_t spin_ns = 0, wasted_spin_ns = 0;
};

/// **Threads**: any push, any pop. **Ownership**: holds a reference to each task in it; a task that
/// is left when the queue is destroyed ends with engine_closed.
/// **Progress**: push is lock-free; try_pop takes turns with other takers; pop
/// waits. **Order**: per lane FIFO (as seen by one pusher) or LIFO; pop() sees what the pusher did
/// before push(). **Linearizable?** Per lane and pusher; across lanes urgency is approximate.
class TaskQueue {
 public:
  explicit TaskQueue(const TaskQueueOptions& options = {});
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Queues by the task's priority and wakes one sleeper. False: full, closed, or the task has been
  /// cancelled (it is dropped then: it is done).
  bool push(TaskRef task) noexcept;
  /// The next task, or empty. Tasks cancelled while they waited are dropped on the way.
  [[nodiscard]] TaskRef try_pop() noexcept;
  /// Waits for one; empty at the deadline, or when closed and empty: then no push is under way, and
  /// nothing will ever come.
  [[nodiscard]] TaskRef pop(TimePoint deadline = kNever) noexcept;
  /// No more pushes; wakes everybody. What is queued, or being pushed, may still be popped.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] TaskQueueStatistics statistics() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cogway
