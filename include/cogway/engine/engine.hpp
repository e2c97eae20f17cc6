// SPDX-License-Identifier: Apache-2.0
#pragma once
// Owner of native workers, their queues and the bus. Takes kernel calls, C++ callables and foreign
// payloads; gives tickets. Knows no Python. Laws of its life:
//
//   1. An accepted task ends exactly once: run, cancelled, expired, or given up by stop().
//   2. Submission never waits: it is accepted or refused, with cause and message.
//   3. drain() lets everything accepted end; stop() cancels; after either, submissions are refused.
//   4. Code that does not return within the grace period is abandoned: its thread is left behind
//   with
//      everything it touches (never freed), its ticket ends, abandoned_work() names it.
//   5. In a forked child the engine is inert: calls are refused, nothing is joined.

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cogway/engine/call.hpp"
#include "cogway/engine/callable_task.hpp"
#include "cogway/engine/log_ring.hpp"
#include "cogway/engine/options.hpp"
#include "cogway/engine/post_port.hpp"
#include "cogway/engine/statistics.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/engine/task_context.hpp"
#include "cogway/engine/task_group.hpp"

namespace cogway {

class Bus;
class DebugReport;
class KernelRegistry;

/// **Threads**: any, also workers (spawning from a task goes to that worker's own deque); drain,
/// stop, resize and destruction not from a worker. **Ownership**: tickets may outlive the engine.
/// **Progress**: submission is lock-free unless a deadline is set; drain, stop, resize block.
/// **Order**: a task sees all that its submitter did before.
class Engine {
 public:
  /// std::invalid_argument for options that make no sense, std::system_error when threads or memory
  /// are refused.
  explicit Engine(EngineOptions options = {});
  /// stop(grace) unless stopped.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- Submission ------------------------------------------------------------------------------
  /// Calls a kernel. On success *ticket (if not null) is the task.
  Admission c_spawn(KernelCall& call, TaskRef* ticket);
  /// Many at once: all are checked first, then all dispatched with one wake; or none, and the
  /// admission's index says which was refused. Calls belong to `group`, which may keep the tickets.
  Admission c_spawn_batch(std::span<KernelCall> calls, TaskGroup& group);
  /// A payload of another layer: `ops` with up to kPayloadBytes of payload, copied.
  Admission spawn(const TaskOps* ops, const void* payload, std::size_t bytes,
                  const SpawnOptions& options, TaskRef* ticket);
  /// A callable: void(), void(TaskContext&), StatusCode(TaskContext&) or Status(...). An exception
  /// is a failure (internal, what()). Small callables are stored in the record.
  template <typename Function>
  Admission spawn(Function&& function, const SpawnOptions& options = {}, TaskRef* ticket = nullptr);

  /// Expires an external task at its deadline, as it does its own. Before anybody else knows it.
  void watch(const TaskRef& external);
  /// What `quiet` submissions left out: wakes workers for `count` tasks.
  void wake(WorkerClass worker_class, std::size_t count) noexcept;
  /// Checks a call and says what its outputs need, without making it. Kernels that describe on a
  /// worker are described here and now. `layouts` has room for the kernel's outputs.
  Admission describe(KernelCall& call, std::span<Layout> layouts);

  // --- Posts -----------------------------------------------------------------------------------
  /// Where posts of that name (TaskContext::post()) will wait for the caller. Closed by its
  /// consumer or by stop(). std::invalid_argument: name or capacity; std::logic_error: the name is
  /// in use, or the engine is closed.
  [[nodiscard]] std::shared_ptr<PostPort> open_port(std::string name,
                                                    const PortOptions& options = {});

  // --- Life ------------------------------------------------------------------------------------
  /// Refuses new tasks, waits until all accepted ones have ended. False: the deadline came first
  /// (monotonic clock); call stop() then. Manual: runs everything here.
  bool drain(TimePoint deadline = kNever);
  /// As drain(), but sleeps at most once: for threads that must look at signals.
  bool drain_once(TimePoint deadline = kNever);
  /// Refuses new tasks, cancels queued and running ones, waits up to `grace` (negative: the
  /// options'), abandons what has not returned. Returns the number of workers abandoned.
  /// Idempotent.
  std::size_t stop(Nanoseconds grace = Nanoseconds{EngineOptions::kAuto});
  [[nodiscard]] bool closed() const noexcept;
  /// Changes the number of workers under load; nothing queued is lost, running tasks end where they
  /// are. kAuto: leave as it is. Refused (invalid_argument, failed_precondition) if ≤ 0 or closed.
  Status resize(int foreground, int background = EngineOptions::kAuto);
  /// Has the system schedule the workers of a class so, those too that are started later, and lets
  /// what it refuses be: what was granted is in the statistics. std::invalid_argument: a processor
  /// below 0. Real-time workers must not spin for long (EngineOptions::spin).
  void schedule_workers(WorkerClass worker_class, const os::ThreadSchedule& schedule);

  // --- Manual mode -----------------------------------------------------------------------------
  /// Runs the next task of either class here; false when none is queued.
  bool run_one();
  /// Runs until nothing is queued; returns how many ran.
  std::size_t run_all();
  /// Moves the clock and expires what fell due.
  void advance(Nanoseconds duration);

  // --- Looking ---------------------------------------------------------------------------------
  [[nodiscard]] Bus& bus() const noexcept;
  [[nodiscard]] std::shared_ptr<Bus> shared_bus() const noexcept;
  [[nodiscard]] KernelRegistry& registry() const noexcept;
  [[nodiscard]] const EngineOptions& options() const noexcept;
  [[nodiscard]] EngineStatistics statistics() const;
  [[nodiscard]] int workers(WorkerClass worker_class) const noexcept;
  /// Tasks accepted whose code has not ended.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// The engine's time: the monotonic or the manual clock's.
  [[nodiscard]] TimePoint now() const noexcept;
  [[nodiscard]] LogRing& log() const noexcept;
  /// What debug mode found, on the bus and in kernels; null without it.
  [[nodiscard]] std::shared_ptr<DebugReport> debug_report() const noexcept;
  /// False in a child forked after the engine was made.
  [[nodiscard]] bool belongs_to_this_process() const noexcept;
  /// The calling thread is one of this engine's workers.
  [[nodiscard]] bool on_worker() const noexcept;

 private:
  std::shared_ptr<EngineCore> core_;
};

/// One line per piece of work that was abandoned in this process, oldest first: engine, kernel, how
/// long it had run. For the report at exit.
[[nodiscard]] std::vector<std::string> abandoned_work();

namespace detail {

/// A fresh record for `core`, or a refusal. The caller fills the payload, then submits.
Admission begin_task(EngineCore& core, const SpawnOptions& options, Task** task);
/// Queues a task from begin_task(); ops must be set. Never fails.
void submit_task(EngineCore& core, Task* task, const TaskOps* ops, const SpawnOptions& options,
                 TaskRef* ticket) noexcept;
/// Gives back a record from begin_task() that will not be submitted.
void drop_task(EngineCore& core, Task* task) noexcept;

}  // namespace detail

template <typename Function>
Admission Engine::spawn(Function&& function, const SpawnOptions& options, TaskRef* ticket) {
  using Stored = std::decay_t<Function>;
  using Ops = detail::CallableOps<Stored>;
  Task* task = nullptr;
  if (Admission refused = detail::begin_task(*core_, options, &task); !refused.ok()) return refused;
  try {
    if constexpr (Ops::kInline) {
      ::new (task->payload()) Stored(std::forward<Function>(function));
    } else {
      ::new (task->payload())
          std::unique_ptr<Stored>(std::make_unique<Stored>(std::forward<Function>(function)));
    }
  } catch (...) {
    detail::drop_task(*core_, task);
    throw;
  }
  detail::submit_task(*core_, task, &Ops::kOps, options, ticket);
  return {};
}

}  // namespace cogway
