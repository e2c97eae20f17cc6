// SPDX-License-Identifier: Apache-2.0
#pragma once
// The engine's way into a task record: what Task keeps from its users.

#include <string>
#include <string_view>

#include "cogway/engine/task.hpp"
#include "cogway/engine/task_context.hpp"
#include "task_references.hpp"

namespace cogway {

/// Why a task failed, in words. Made on failure only.
struct TaskFailure {
  std::string message;
};

struct TaskAccess {
  enum Flag : std::uint8_t {
    kTimed = 1,    ///< the deadline timer may hold a weak reference
    kPinned = 2,   ///< queued in one worker's inbox
    kCounted = 4,  ///< counted as queued (EngineOptions::queue_capacity)
  };

  static std::atomic<Task*>& next(Task& task) noexcept { return task.next_; }
  static std::atomic<std::uint64_t>& refs(Task& task) noexcept { return task.refs_; }
  static std::atomic<std::uint32_t>& row_link(Task& task) noexcept { return task.free_next_; }
  static std::uint32_t& index(Task& task) noexcept { return task.index_; }
  static TaskState<>& state(Task& task) noexcept { return task.state_; }
  static WaiterList<Task>& waiters(Task& task) noexcept { return task.waiters_; }
  static const TaskOps*& ops(Task& task) noexcept { return task.ops_; }
  static EngineCore*& core(Task& task) noexcept { return task.core_; }
  static std::uint32_t& origin(Task& task) noexcept { return task.origin_; }
  static TimePoint& deadline(Task& task) noexcept { return task.deadline_; }
  static Priority& priority(Task& task) noexcept { return task.priority_; }
  static WorkerClass& worker_class(Task& task) noexcept { return task.worker_class_; }
  static std::uint8_t& flags(Task& task) noexcept { return task.flags_; }
  static Kernel*& kernel(Task& task) noexcept { return task.kernel_; }
  static CallBlock*& call(Task& task) noexcept { return task.call_; }
  static TaskGroup*& group(Task& task) noexcept { return task.group_; }

  /// A record with one reference, state created, nothing else set. Throws std::bad_alloc.
  static Task* take();

  /// The only reference is the caller's: nobody can cancel, await or expire the task.
  static bool alone(Task& task) noexcept {
    return TaskReferences(task.refs_).alone() && (task.flags_ & kTimed) == 0;
  }

  /// Generation of a live task, for try_share().
  static std::uint32_t generation(Task& task) noexcept {
    return TaskReferences(task.refs_).generation();
  }
  /// A reference to `task` if it is still the one of that generation, else empty.
  static TaskRef try_share(Task* task, std::uint32_t generation) noexcept;

  /// Writes the outcome. Only by the one who won it.
  static void set_outcome(Task& task, StatusCode code, Cause cause,
                          std::string_view message) noexcept;
  /// Publishes the outcome and notifies. Only by the one who won it, after set_outcome().
  static void publish(Task& task) noexcept;
  /// Calls ops->dispose. By whoever owns the payload: the one that ran it, or that won the outcome
  /// before it ran.
  static void dispose(Task& task) noexcept;

  // A task's context is the engine's to make, and its message to read.
  static TaskContext context(EngineCore& core, Task& task) noexcept {
    return TaskContext(core, task);
  }
  static EngineCore& core(const TaskContext& context) noexcept { return *context.core_; }
  static void set_call(TaskContext& context, CallBlock* call) noexcept { context.call_ = call; }
  static Cause cause(const TaskContext& context) noexcept { return context.cause_; }
  static std::string_view message(const TaskContext& context) noexcept {
    return {context.message_, context.message_size_};
  }

  static std::uint64_t records() noexcept;
  static std::uint64_t allocations() noexcept;
};

/// The link of lanes and chains.
struct TaskLink {
  static std::atomic<Task*>& of(Task& task) noexcept { return TaskAccess::next(task); }
};

}  // namespace cogway
