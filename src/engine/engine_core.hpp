// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an engine is made of. It outlives the Engine object as long as a thread of it runs:
// abandoned work keeps everything that it may touch.
//
//   submitter ──► WorkerPool (foreground | background): lanes ──► workers, stealing from each other
//       │                 ▲
//       └─► AdmissionQueue┘  (waits for bytes of the bus; the freed-bytes hook moves it on)
//   DeadlineTimer: a thread while deadlines or grace periods run, else none

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "admission_queue.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/engine/log_ring.hpp"
#include "cogway/engine/options.hpp"
#include "cogway/engine/statistics.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/engine/task_context.hpp"
#include "cogway/sync/event_count.hpp"
#include "cogway/sync/pi_mutex.hpp"
#include "deadline_timer.hpp"
#include "debug_mode.hpp"
#include "post_table.hpp"
#include "resolve_count.hpp"
#include "tally.hpp"
#include "worker_pool.hpp"

namespace cogway {

/// Stages of an engine's life; only upwards.
enum class Gate : std::uint32_t {
  open,
  draining,  ///< only tasks of this engine may spawn
  stopped,
};

/// A kernel call on its way in: checked, not yet queued.
struct PreparedCall {
  Task* task = nullptr;
  bool parks = false;                ///< must wait for bytes
  StatusCode code = StatusCode::ok;  ///< not ok: well-formed, but its kernel refuses the data
  std::string message;
};

class EngineCore : public std::enable_shared_from_this<EngineCore> {
 public:
  explicit EngineCore(EngineOptions options);
  ~EngineCore();
  EngineCore(const EngineCore&) = delete;
  EngineCore& operator=(const EngineCore&) = delete;
  void start();

  // --- submission.cpp ----------------------------------------------------------------------------
  Admission open_task(const SpawnOptions& options, Task** task);
  void submit(Task* task, const SpawnOptions& options, TaskRef* ticket) noexcept;
  void attach(Task* task, const SpawnOptions& options, TaskRef* ticket);
  void attach_or_fail(Task* task, const SpawnOptions& options, TaskRef* ticket) noexcept;
  void end_unqueued(Task* task) noexcept;
  void drop(Task* task) noexcept;
  Admission c_spawn(KernelCall& call, TaskRef* ticket);
  Admission c_spawn_batch(std::span<KernelCall> calls, TaskGroup& group);
  Admission describe(KernelCall& call, std::span<Layout> layouts);
  Admission open_call(KernelCall& call, TaskGroup* group, PreparedCall* prepared);
  bool accept(KernelCall& call, PreparedCall& prepared, TaskRef* ticket);
  /// The worker that the affinity means; -1: none.
  static std::int32_t target_worker(const WorkerPool& pool, const Affinity& affinity) noexcept;
  /// Hands a queued task (state queued) to its pool, without waking.
  void dispatch(Task* task, std::int32_t pinned_worker, bool in_turn = false) noexcept;
  Admission refuse(Cause cause, StatusCode code, std::string message) noexcept;
  static bool hold_kernel(Task& task, Kernel& kernel) noexcept;
  static void let_go_of_kernel(Task& task) noexcept;
  Admission refuse_released(Task* task, const Kernel& kernel) noexcept;

  // --- execution.cpp -----------------------------------------------------------------------------
  /// Calls the task's kernel. *parked: it has not run, and is to wait for bytes of the bus.
  StatusCode run_kernel(Task& task, TaskContext& context, Worker& worker, bool* parked) noexcept;
  /// Calls the task's C++ callable.
  StatusCode run_callable(Task& task, TaskContext& context) noexcept;
  /// Describes and reserves on the worker, for kernels that want it so.
  StatusCode prepare_on_worker(Task& task, TaskContext& context, bool* parked) noexcept;
  void expire(Task& task) noexcept;

  // --- engine_core.cpp ---------------------------------------------------------------------------
  /// Somebody other than the running code decided the outcome of `task`.
  void resolved(Task& task, Cause cause, TaskPhase phase) noexcept;
  /// The grace of a resolved task is over: if it still runs, its worker is given up.
  void abandon(Task& task) noexcept;
  /// The same for whatever runs now; returns how many.
  std::size_t abandon_all() noexcept;
  void give_up(WorkerPool& pool, Worker* worker, Task& task) noexcept;
  void went_idle() noexcept;
  /// The task's record leaves the engine: its code has ended or never will run.
  void left(Task* task, TallyCell* owned) noexcept;
  [[nodiscard]] std::uint64_t sum(Count what) const noexcept;
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// How many threads of its own a task of that class may keep busy now; see EngineOptions.
  [[nodiscard]] int thread_budget(const WorkerPool& pool) const noexcept;
  /// Somebody has asked for a share: how many workers are busy must be true to the moment.
  [[nodiscard]] bool shares_threads() const noexcept {
    // order: relaxed, a hint
    return shares_threads_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] TimePoint now() const noexcept { return clock_->now(); }
  [[nodiscard]] bool manual() const noexcept { return options_.manual; }
  [[nodiscard]] bool belongs_here() const noexcept;
  [[nodiscard]] Gate gate() const noexcept { return static_cast<Gate>(gate_.load()); }
  [[nodiscard]] WorkerPool& pool(WorkerClass worker_class) noexcept {
    return *pools_[static_cast<std::size_t>(worker_class)];
  }
  /// Running code is to stop, whatever it is.
  [[nodiscard]] bool stopping() const noexcept {
    // order: relaxed, a hint that carries no data; polled by kernels
    return stopping_.load(std::memory_order_relaxed);
  }

  // --- shutdown.cpp ------------------------------------------------------------------------------
  bool drain(TimePoint deadline, bool once);
  bool run_one();
  std::size_t stop(Nanoseconds grace);
  void end_left_over(Nanoseconds patience) noexcept;
  void close_left_over() noexcept;
  Status resize(int foreground, int background);
  void close_task(Task* task) noexcept;

  // --- statistics.cpp ----------------------------------------------------------------------------
  [[nodiscard]] EngineStatistics statistics() const;

  [[nodiscard]] Bus& bus() const noexcept { return *bus_; }
  [[nodiscard]] const std::shared_ptr<Bus>& shared_bus() const noexcept { return bus_; }
  [[nodiscard]] KernelRegistry& registry() const noexcept { return *registry_; }
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }
  [[nodiscard]] LogRing& log() noexcept { return log_; }
  /// Null without debug mode.
  [[nodiscard]] DebugMode* debug() const noexcept { return debug_.get(); }
  [[nodiscard]] PostTable& posts() noexcept { return posts_; }
  [[nodiscard]] SharedTally& shared_tally() noexcept { return shared_tally_; }
  [[nodiscard]] AdmissionQueue& admission() noexcept { return *admission_; }
  [[nodiscard]] DeadlineTimer& timer() noexcept { return timer_; }
  [[nodiscard]] const std::atomic<bool>& stopping_flag() const noexcept { return stopping_; }
  /// A worker's thread is about to end.
  void worker_left() noexcept { drained_.notify_all(); }
  [[nodiscard]] std::string too_large(std::uint64_t bytes) const;
  [[nodiscard]] std::uint32_t origin() const noexcept { return origin_; }

 private:
  friend class Engine;

  EngineOptions options_;
  std::uint64_t fork_epoch_;
  std::uint32_t origin_;
  const Clock* clock_;
  std::shared_ptr<Bus> bus_;
  std::unique_ptr<DebugMode> debug_;  ///< null without debug mode
  KernelRegistry* registry_;
  mutable std::atomic<bool> shares_threads_{false};  ///< set once, read after each task
  std::optional<SpinBudget> own_budget_;
  LogRing log_;
  PostTable posts_;
  SharedTally shared_tally_;
  std::atomic<std::uint32_t> gate_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> abandoned_{0};
  EventCount<> drained_;  ///< drain() and stop() wait here
  DeadlineTimer timer_;
  std::unique_ptr<AdmissionQueue> admission_;
  std::array<std::unique_ptr<WorkerPool>, kWorkerClassCount> pools_;
  PiMutex life_;  ///< over resize, stop and the replacement of workers
};

/// While one lives, no engine of its slot is destroyed: taken by whoever may decide a task's
/// outcome from outside, before it does. Tasks know the slot, so that the engine need not be
/// touched to find it.
class ResolveGuard {
 public:
  static constexpr std::uint32_t kSlots = 256;
  explicit ResolveGuard(std::uint32_t origin) noexcept;
  ~ResolveGuard();
  ResolveGuard(const ResolveGuard&) = delete;
  ResolveGuard& operator=(const ResolveGuard&) = delete;
  /// Waits until nobody is inside for this slot; all tasks of the engine must have been decided.
  static void wait(std::uint32_t origin) noexcept;

 private:
  ResolveCount<>& count_;
};

/// Adds to abandoned_work().
void report_abandoned(std::string line);

}  // namespace cogway
