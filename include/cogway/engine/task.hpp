// SPDX-License-Identifier: Apache-2.0
#pragma once
// One unit of work and, at the same time, its ticket: the record that is queued, run, awaited,
// cancelled. Records come from a process-wide pool and their memory is never given back, so a stale
// pointer can always be told by its generation. Not for storing data: payloads beyond
// kPayloadBytes live elsewhere.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task_state.hpp"
#include "cogway/engine/waiter.hpp"

namespace cogway {

class BufferRef;
class EngineCore;
class Kernel;
class TaskContext;
class TaskGroup;
class TaskRef;
struct CallBlock;
struct TaskFailure;

/// What a task does. One static table per kind of payload.
struct TaskOps {
  /// Runs the payload; called at most once. Failures: context.fail(code, message) and its result,
  /// or a bare code.
  StatusCode (*execute)(Task& task, TaskContext& context) noexcept;
  /// Releases what the payload holds. Called exactly once for every task that had ops set: after it
  /// ran, when it was cancelled before it ran, or when its engine was closed; on any thread.
  void (*dispose)(Task& task) noexcept;
  const char* name;  ///< for statistics and the report of abandoned work
};

/// **Threads**: everything public is callable from any thread, except payload(), which belongs to
/// ops.
/// **Ownership**: counted references (TaskRef); the engine holds one until the code has ended.
/// **Progress**: wait-free but for cancel() and add_waiter() (lock-free) and wait() (blocks).
/// **Order**: done() == true, a notified waiter or a returned wait() see all that the task wrote.
class alignas(kCacheLine) Task {
 public:
  static constexpr std::size_t kPayloadBytes = 88;

  [[nodiscard]] bool done() const noexcept { return waiters_.closed(); }

  // Only once done():
  [[nodiscard]] StatusCode status() const noexcept { return status_; }
  [[nodiscard]] Cause cause() const noexcept { return cause_; }
  /// Empty for a success; UTF-8, of at most 511 bytes for kernels.
  [[nodiscard]] std::string_view message() const noexcept;
  /// Outputs of a kernel that ended ok; the task keeps its reference too.
  [[nodiscard]] std::size_t output_count() const noexcept;
  [[nodiscard]] const BufferRef& output(std::size_t index) const noexcept;

  /// The kernel it calls; nullptr for a callable or a foreign payload.
  [[nodiscard]] Kernel* kernel() const noexcept { return kernel_; }
  /// Kernel name, or the name in ops.
  [[nodiscard]] std::string_view name() const noexcept;
  /// Nanoseconds that the work is expected to take, learned from earlier calls of the same kernel;
  /// 0 when not known. The loop bridge decides by it whether polling pays.
  [[nodiscard]] std::int64_t expected_ns() const noexcept;

  /// Has `waiter` notified once when the task is done; false when it is done already (not
  /// notified). The node must live until notified: a node cannot be taken back.
  bool add_waiter(Waiter* waiter) noexcept { return waiters_.add(waiter); }

  /// Ends the task with `cancelled`. One that has not started never runs; code that runs sees
  /// context.cancelled() and its buffers stay held until it returns. True when this call ended it.
  bool cancel() noexcept;

  /// The code has returned or will never run: buffers are no longer touched. Implies nothing about
  /// done(), and a cancelled task is done before it has ended.
  [[nodiscard]] bool ended() const noexcept { return state_.phase() == TaskPhase::ended; }
  /// Its code runs now.
  [[nodiscard]] bool running() const noexcept { return state_.phase() == TaskPhase::running; }

  /// Blocks until done or the deadline (of the monotonic clock); returns done(). Not from a worker.
  /// In a forked child it returns at once.
  bool wait_until(TimePoint deadline = kNever) noexcept;
  /// Sleeps at most once, until done, the deadline, or a signal; returns done(). For threads that
  /// must look at signals: call it in a loop.
  bool wait_once(TimePoint deadline = kNever) noexcept;

  // --- For ops: the Python layer and the engine ----------------------------------------------
  /// Inline storage of the payload, aligned to 8; owned by ops.
  [[nodiscard]] void* payload() noexcept { return payload_; }
  [[nodiscard]] const TaskOps* ops() const noexcept { return ops_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  [[nodiscard]] Priority priority() const noexcept { return priority_; }
  [[nodiscard]] bool cancel_requested() const noexcept { return state_.cancel_requested(); }

  /// A record that no worker runs: its owner (a Python worker, say) calls start() and then
  /// finish(). ops->execute is not used and may be null.
  static TaskRef make_external(const TaskOps* ops, Priority priority = Priority::normal,
                               TimePoint deadline = kNever);
  /// Claims the right to run an external task, which one of all who try gets; false when it was
  /// cancelled, or is another's: drop it.
  bool start() noexcept;
  /// Ends an external task with this outcome, which is ignored if it was cancelled meanwhile;
  /// disposes the payload, notifies. True when the outcome counted.
  bool finish(StatusCode code, Cause cause = Cause::none, std::string_view message = {}) noexcept;
  /// Ends it with this outcome if nothing else has; as cancel() but with another cause.
  bool resolve(StatusCode code, Cause cause, std::string_view message) noexcept;

  void retain() noexcept {
    // order: relaxed, the caller holds a reference already
    refs_.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept;

 private:
  [[nodiscard]] bool forked() const noexcept;

  friend class EngineCore;
  friend class TaskGroup;
  friend class TaskRef;
  friend struct TaskAccess;  ///< the engine's sources

  // First line: queue and life.
  std::atomic<Task*> next_{nullptr};    ///< link of the queue, admission list or pool that holds it
  WaiterList<Task> waiters_;            ///< closed once done
  std::atomic<std::uint64_t> refs_{0};  ///< generation << 32 | references
  TaskState<> state_;
  StatusCode status_ = StatusCode::ok;  ///< written by the one that resolves
  const TaskOps* ops_ = nullptr;
  EngineCore* core_ = nullptr;  ///< nullptr: external
  TimePoint deadline_ = kNever;
  Priority priority_ = Priority::normal;
  WorkerClass worker_class_ = WorkerClass::foreground;
  Cause cause_ = Cause::none;  ///< written by the one that resolves
  std::uint8_t flags_ = 0;     ///< engine's own
  std::uint32_t index_ = 0;    ///< place in the pool; never changes
  // Second line: what it does.
  Kernel* kernel_ = nullptr;
  CallBlock* call_ = nullptr;  ///< inputs, outputs and parameters; nullptr: none
  TaskGroup* group_ = nullptr;
  TaskFailure* failure_ = nullptr;  ///< message; set by the one that resolves
  alignas(8) std::byte payload_[kPayloadBytes];
  std::atomic<std::uint32_t> free_next_{0};  ///< pool's link between rows of free records
  std::uint32_t origin_ = 0;  ///< fork epoch << 8 | slot of the engine (see ResolveGuard)
};

/// A counted reference to a task. Same rules as std::shared_ptr: one object per thread.
class TaskRef {
 public:
  TaskRef() = default;
  /// Takes over a reference that the caller holds.
  static TaskRef adopt(Task* task) noexcept { return TaskRef(task); }
  static TaskRef share(Task* task) noexcept {
    if (task != nullptr) task->retain();
    return TaskRef(task);
  }
  TaskRef(const TaskRef& other) noexcept : task_(other.task_) {
    if (task_ != nullptr) task_->retain();
  }
  TaskRef(TaskRef&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  TaskRef& operator=(TaskRef other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~TaskRef() { reset(); }

  void reset() noexcept {
    if (task_ != nullptr) std::exchange(task_, nullptr)->release();
  }
  /// Gives the reference to the caller, who must release() it.
  [[nodiscard]] Task* leak() noexcept { return std::exchange(task_, nullptr); }
  [[nodiscard]] Task* get() const noexcept { return task_; }
  Task* operator->() const noexcept { return task_; }
  Task& operator*() const noexcept { return *task_; }
  explicit operator bool() const noexcept { return task_ != nullptr; }

 private:
  explicit TaskRef(Task* task) noexcept : task_(task) {}
  Task* task_ = nullptr;
};

}  // namespace cogway
