// SPDX-License-Identifier: Apache-2.0
#pragma once
// The workers of one class with their queue: who runs a task, who is woken, who joins and leaves.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cogway/base/os/thread.hpp"
#include "cogway/engine/options.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/sync/event_count.hpp"
#include "cogway/sync/pi_mutex.hpp"
#include "cogway/sync/spin_budget.hpp"
#include "task_lanes.hpp"
#include "worker.hpp"

namespace cogway {

/// **Threads**: submit and wake any; resize and stop one at a time (the engine's lock).
/// **Ownership**: owns its workers. **Progress**: submit wait-free; resize and join block.
/// **Order**: a worker sees all that the submitter did before submit.
class WorkerPool {
 public:
  static constexpr int kMaxWorkers = 256;

  WorkerPool(EngineCore& core, WorkerClass worker_class, const EngineOptions& options,
             SpinBudget& budget);
  ~WorkerPool();

  /// Queues a task (state queued, the queue's reference is the caller's) without waking.
  /// `in_turn`: behind what is queued already, even from a worker of the pool.
  void push(Task* task, bool in_turn = false) noexcept;
  /// To one worker's inbox; false when there is no such worker.
  bool push_pinned(Task* task, std::int32_t worker) noexcept;
  void wake(std::size_t count) noexcept {
    if (!manual_) idle_.notify(static_cast<std::uint32_t>(count > 1024 ? 1024 : count));
  }
  /// Wake-ups are anonymous: one meant for a worker with pinned tasks may reach another, which
  /// finds nothing and passes it on.
  void relay(const Worker* awake) noexcept;
  /// Also those that nap.
  void wake_all() noexcept;
  /// Whether a worker that has nothing to do may be out of reach: another one is at work or looks
  /// for some, and stays reachable. nap() ends what this began.
  [[nodiscard]] bool begin_nap() noexcept;
  /// Sleeps for so long, or until wake_all().
  void nap(Nanoseconds time) noexcept;

  /// Has the system schedule all workers so, those too that are started later.
  void reschedule(const os::ThreadSchedule& wish);
  /// A worker's thread that begins is scheduled as was asked for, and known from then on.
  void admit(Worker& worker, os::ThreadId thread);

  /// Sets the number of workers; waits for those that leave unless they run something endless.
  void resize(int count, const std::shared_ptr<EngineCore>& core);
  /// Asks all to leave when they find nothing; joins those that have (called again and again).
  void close() noexcept;
  /// Workers that have left are joined; returns how many still run.
  std::size_t join_finished();
  /// Puts a fresh worker in the place of an abandoned one.
  void replace(Worker* abandoned, const std::shared_ptr<EngineCore>& core);
  /// What was spawned by, or pinned to, workers that were given up; nullptr: nothing.
  Task* take_from_lost() noexcept;
  /// Anything queued anywhere, for who ends what no worker will run; nullptr: nothing.
  Task* take_left_over() noexcept;
  /// The worker that runs `task` loses it; nullptr when none runs it.
  Worker* take_from(Task* task) noexcept;
  /// Workers that could run here (see Affinity); -1 when none is pinned within `cpus`.
  [[nodiscard]] std::int32_t worker_within(const std::vector<int>& cpus) const noexcept;

  /// Over all workers that the class ever had.
  [[nodiscard]] std::uint64_t sum(Count what) const noexcept;
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const std::scoped_lock lock(mutex_);
    for (const auto& worker : owned_) visit(*worker);
    // order: relaxed, written under the lock
    for (const Worker* worker = lost_.load(std::memory_order_relaxed); worker != nullptr;
         worker = worker->next_lost_) {
      visit(*worker);
    }
  }

  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release
    return closed_.load(std::memory_order_acquire);
  }
  [[nodiscard]] int count() const noexcept {
    // order: acquire, pairs with resize() release; the slots below it are filled
    return count_.load(std::memory_order_acquire);
  }
  [[nodiscard]] Worker* at(int index) const noexcept {
    // order: acquire, pairs with resize() release; publishes the worker
    return workers_[static_cast<std::size_t>(index)].load(std::memory_order_acquire);
  }
  /// One past the highest slot ever used: what thieves and statistics look at.
  [[nodiscard]] int slots() const noexcept {
    // order: acquire, pairs with resize() release
    return slots_.load(std::memory_order_acquire);
  }
  [[nodiscard]] WorkerClass worker_class() const noexcept { return worker_class_; }
  [[nodiscard]] const std::string& thread_name() const noexcept { return thread_name_; }
  [[nodiscard]] TaskLanes& lanes() noexcept { return lanes_; }
  [[nodiscard]] std::uint64_t naps() const noexcept {
    // order: relaxed, a statistic
    return naps_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] EventCount<>& idle() noexcept { return idle_; }
  [[nodiscard]] EngineCore& core() const noexcept { return core_; }
  [[nodiscard]] const SpinBudget& budget() const noexcept { return budget_; }
  /// Processors that the class may keep busy.
  [[nodiscard]] int processor_count() const noexcept { return processor_count_; }
  /// Workers between finding work and running out of it.
  [[nodiscard]] int busy() const noexcept {
    // order: relaxed, a hint
    return busy_.load(std::memory_order_relaxed);
  }
  /// One more, or one less.
  void count_busy(int change) noexcept {
    // order: relaxed, as above
    busy_.fetch_add(change, std::memory_order_relaxed);
  }
  /// Tasks in the lanes and, on a worker's thread, in its deque; about right.
  [[nodiscard]] std::size_t queued() const noexcept;
  /// Nothing queued anywhere; exact only while nobody submits.
  [[nodiscard]] bool empty() const noexcept;

 private:
  friend class Worker;
  Worker* make(int index);
  std::unique_ptr<Worker> disown(Worker* worker);
  void plan_processors();

  EngineCore& core_;
  const WorkerClass worker_class_;
  const EngineOptions& options_;
  SpinBudget& budget_;
  const bool manual_;
  std::string thread_name_;
  int processor_count_ = 1;
  std::vector<int> processors_;  ///< that this class may use; empty: any
  TaskLanes lanes_;
  EventCount<> idle_;
  std::atomic<bool> closed_{false};
  std::atomic<int> busy_{0};
  std::atomic<std::uint32_t> naps_ended_{0};  ///< by wake_all(); what nap() sleeps on
  std::atomic<int> napping_{0};
  std::atomic<std::uint64_t> naps_{0};
  std::atomic<bool> pins_{false};  ///< somebody has pinned a task to a worker, ever
  std::atomic<int> count_{0};
  std::atomic<int> slots_{0};
  std::array<std::atomic<Worker*>, kMaxWorkers> workers_{};
  std::atomic<Worker*> lost_{
      nullptr};            ///< newest abandoned: counted, never freed; grows under lock
  mutable PiMutex mutex_;  ///< over what follows
  std::vector<std::unique_ptr<Worker>> owned_;  ///< all not abandoned
  os::ThreadSchedule schedule_;                 ///< what reschedule() asked for
};

}  // namespace cogway
