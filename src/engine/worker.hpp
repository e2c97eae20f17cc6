// SPDX-License-Identifier: Apache-2.0
#pragma once
// One native worker: a thread, its deque of tasks spawned by tasks, its inbox of tasks pinned to
// it, its scratch memory and its counters. In manual mode the same without a thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/base/os/thread.hpp"
#include "cogway/engine/lane.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/queue/work_stealing_deque.hpp"
#include "guarded_memory.hpp"
#include "nap_rule.hpp"
#include "occupancy.hpp"
#include "scratch_arena.hpp"
#include "tally.hpp"
#include "task_lanes.hpp"

namespace cogway {

class EngineCore;
class Kernel;
class WorkerPool;

/// Calls and failures of each kernel on one worker; a table that grows by chunks.
class KernelTally {
 public:
  struct Cell {
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failures{0};
  };
  KernelTally() = default;
  ~KernelTally();
  /// The worker's own; nullptr when memory is short (the call is then not counted).
  Cell* cell(std::uint32_t id) noexcept;
  /// Any thread.
  [[nodiscard]] const Cell* look(std::uint32_t id) const noexcept;

 private:
  static constexpr std::uint32_t kChunk = 64;
  static constexpr std::uint32_t kChunks = 64;
  std::array<std::atomic<Cell*>, kChunks> chunks_{};
};

/// **Threads**: the worker's thread, but for inbox, deque (stealing) and what is atomic.
/// **Ownership**: the pool's; an abandoned worker belongs to nobody and is never freed.
class Worker {
 public:
  static constexpr std::size_t kDequeCapacity = 1024;
  static constexpr std::size_t kBatch = 16;

  Worker(EngineCore& core, WorkerPool& pool, std::int32_t index);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Starts the thread; it holds the core alive.
  void start(std::shared_ptr<EngineCore> core);
  void join();
  void detach() { thread_.detach(); }
  [[nodiscard]] bool started() const noexcept { return thread_.joinable(); }

  /// The worker whose thread this is, or nullptr.
  [[nodiscard]] static Worker* current() noexcept;

  /// The next task from anywhere, or nullptr.
  Task* next() noexcept;
  /// Runs it and ends it. Returns false when the worker was abandoned meanwhile.
  bool run(Task* task) noexcept;
  /// Pushes to the own deque; false when full. Only the worker's thread.
  bool push_own(Task* task) noexcept { return deque_.try_push(task); }
  /// Tells the groups of the tasks run what they are owed.
  void flush_group() noexcept;
  /// Moves what is left in deque and inbox to the pool's lanes; the worker's thread, which leaves.
  void surrender() noexcept;
  /// Takes one task out of inbox or deque; any thread.
  Task* take_queued() noexcept;

  [[nodiscard]] EngineCore& core() const noexcept { return core_; }
  [[nodiscard]] WorkerPool& pool() const noexcept { return pool_; }
  [[nodiscard]] std::int32_t index() const noexcept { return index_; }
  [[nodiscard]] ScratchArena& scratch() noexcept { return scratch_; }
  [[nodiscard]] GuardedScratch& guarded_scratch() noexcept { return guarded_scratch_; }
  [[nodiscard]] TallyCell& tally() noexcept { return tally_; }
  [[nodiscard]] const TallyCell& tally() const noexcept { return tally_; }
  [[nodiscard]] KernelTally& kernel_tally() noexcept { return kernel_tally_; }
  [[nodiscard]] const KernelTally& kernel_tally() const noexcept { return kernel_tally_; }
  [[nodiscard]] bool has_pinned_work() const noexcept { return !inbox_.empty(); }
  [[nodiscard]] std::size_t deque_size() const noexcept { return deque_.size(); }
  [[nodiscard]] bool has_work() const noexcept { return !deque_.empty() || !inbox_.empty(); }

  /// Takes the task away from its worker, which thereby is abandoned. True: this call did it.
  bool take_from(Task* task) noexcept { return current_.take(task); }
  [[nodiscard]] Task* running() const noexcept { return current_.running(); }

  /// Where the worker stands between live and gone.
  enum class Stage : std::uint8_t {
    live,
    asked,  ///< to leave when the task at hand has ended (resize)
    left,   ///< the loop has ended; join() will not wait long
  };
  [[nodiscard]] Stage stage() const noexcept { return stage_.load(); }
  /// live → asked, or back; false when it has left already.
  bool ask_to_leave() noexcept { return change_stage(Stage::live, Stage::asked); }
  bool ask_to_stay() noexcept { return change_stage(Stage::asked, Stage::live); }

  /// Asks the system for it if the thread runs; any thread, under the pool's lock.
  void reschedule(const os::ThreadSchedule& wish);

  // Plain counters and facts, written by the worker alone (what was granted: by reschedule() too).
  std::atomic<const char*> running_name{nullptr};
  std::atomic<std::int64_t> busy_since_ns{0};  ///< 0: idle
  std::atomic<std::uint64_t> busy_ns{0}, executed{0}, stolen{0}, loops{0}, pieces{0};
  std::atomic<std::int32_t> thread_id{0}, granted_nice{0}, budget{0};
  std::atomic<os::SchedulingPolicy> granted_policy{os::SchedulingPolicy::other};
  std::atomic<bool> pinned{false};
  std::atomic<bool> waiting{false};  ///< for work; perhaps asleep

  Lane<Task, TaskLink>& inbox() noexcept { return inbox_; }
  std::vector<int> processors;  ///< pinned to; set before start()

 private:
  friend class WorkerPool;
  /// False: the worker was abandoned.
  bool loop() noexcept;
  /// The queue was empty: true when the worker is to go, and now counts as gone.
  bool leaves() noexcept;
  [[nodiscard]] bool wants_to_leave() const noexcept;
  bool change_stage(Stage from, Stage to) noexcept {
    return stage_.compare_exchange_strong(from, to);
  }
  void prepare_thread();
  /// Between two tasks of the background: lets another thread have the processor if one wants it.
  void step_aside() noexcept;
  void begin_work() noexcept;
  void limit_thread_pools() noexcept;
  void end_work() noexcept;
  void rest_thread_pools() noexcept;
  /// The pool counts this worker as busy, or no longer.
  void count_in() noexcept;
  void count_out() noexcept;
  Task* steal() noexcept;
  Task* wait_for_work() noexcept;
  Task* nap() noexcept;
  Task* rest() noexcept;
  void count_end(Task* task, bool ok) noexcept;

  EngineCore& core_;
  WorkerPool& pool_;
  const std::int32_t index_;
  std::uint32_t tick_ = 0;
  std::uint32_t random_;
  LaneAges ages_;
  NapRule nap_rule_;
  TaskGroup* group_ = nullptr;  ///< owed: group_done_ of which group_failed_ failed
  std::size_t group_done_ = 0;
  std::size_t group_failed_ = 0;
  TimePoint stepped_aside_{};
  bool teams_ = false;    ///< a task might use threads beside its own, since there was work
  bool counted_ = false;  ///< in the pool's busy(); of a worker given up, the pool lets go itself
  ScratchArena scratch_;
  GuardedScratch guarded_scratch_;  ///< of debug mode
  KernelTally kernel_tally_;
  std::thread thread_;
  std::atomic<Stage> stage_{Stage::left};
  Worker* next_lost_ = nullptr;  ///< the pool's list of those given up; written before it is in it
  alignas(kCacheLine) Occupancy<Task> current_;  ///< the task at hand
  alignas(kCacheLine) TallyCell tally_;
  Lane<Task, TaskLink> inbox_;
  WorkStealingDeque<Task*> deque_{kDequeCapacity};
};

/// The calling thread stands for `worker` while one lives: manual mode.
class WorkerScope {
 public:
  explicit WorkerScope(Worker* worker) noexcept;
  ~WorkerScope();
  WorkerScope(const WorkerScope&) = delete;
  WorkerScope& operator=(const WorkerScope&) = delete;

 private:
  Worker* outer_;
};

/// Adds to a counter that the calling thread alone writes.
template <typename T>
void bump(std::atomic<T>& counter, T by) noexcept {
  // order: relaxed, a statistic with one writer
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace cogway
