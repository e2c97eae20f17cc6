// SPDX-License-Identifier: Apache-2.0
#include "engine_core.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "call_block.hpp"
#include "cogway/base/os/crash_report.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/base/os/processors.hpp"
#include "cogway/base/os/thread.hpp"
#include "cogway/engine/task_group.hpp"
#include "task_access.hpp"

namespace cogway {
namespace {

constexpr std::size_t kLogRecords = 256;

std::uint32_t new_origin(std::uint64_t epoch) noexcept {
  static std::atomic<std::uint32_t> serial{0};
  return static_cast<std::uint32_t>(epoch) << 8 | (serial.fetch_add(1) % ResolveGuard::kSlots);
}

EngineOptions resolved_options(EngineOptions options) {
  const auto refuse = [](const std::string& what) { throw std::invalid_argument(what); };
  const int processors = os::usable_processors();
  const auto check = [&](const char* name, int workers) {
    if (workers < 1 || workers > WorkerPool::kMaxWorkers) {
      refuse(std::string(name) + " must be 1 to " + std::to_string(WorkerPool::kMaxWorkers) +
             ", or kAuto, not " + std::to_string(workers));
    }
  };
  if (options.reserved_cores < 0) refuse("reserved_cores must not be negative");
  if (options.manual) {
    options.foreground_workers = options.background_workers = 1;
  }
  if (options.foreground_workers == EngineOptions::kAuto) options.foreground_workers = processors;
  if (options.background_workers == EngineOptions::kAuto) {
    options.background_workers = std::max(1, processors - options.reserved_cores);
  }
  check("foreground_workers", options.foreground_workers);
  check("background_workers", options.background_workers);
  for (int nice : {options.foreground_nice, options.background_nice}) {
    if (nice < -20 || nice > 19) refuse("niceness must be -20 to 19, not " + std::to_string(nice));
  }
  if (options.background_policy > os::SchedulingPolicy::idle) {
    refuse("background_policy must not be a real-time policy");
  }
  if (options.openmp_threads < EngineOptions::kAuto) {
    refuse("openmp_threads must be at least 0, or kAuto");
  }
  if (options.grace < Nanoseconds::zero()) refuse("grace must not be negative");
  if (options.clock != nullptr && !options.manual) {
    refuse("a manual clock needs a manual engine: threads wait by the system's clock");
  }
  return options;
}

constinit std::array<ResolveCount<>, ResolveGuard::kSlots> resolving{};

}  // namespace

// --- ResolveGuard --------------------------------------------------------------------------------

ResolveGuard::ResolveGuard(std::uint32_t origin) noexcept : count_(resolving[origin % kSlots]) {
  count_.enter();
}
ResolveGuard::~ResolveGuard() { count_.leave(); }
void ResolveGuard::wait(std::uint32_t origin) noexcept {
  while (!resolving[origin % kSlots].quiet()) os::yield_thread();
}

// --- EngineCore ----------------------------------------------------------------------------------

EngineCore::EngineCore(EngineOptions options)
    : options_(resolved_options(std::move(options))),
      fork_epoch_(os::fork_epoch()),
      origin_(new_origin(fork_epoch_)),
      clock_(options_.clock != nullptr ? options_.clock : &Clock::monotonic()),
      bus_(options_.bus != nullptr
               ? options_.bus
               : Bus::create(BusOptions{.capacity = options_.bus_bytes, .debug = options_.debug})),
      debug_(options_.debug
                 ? std::make_unique<DebugMode>(bus_->debug_report(), options_.attach_watch)
                 : nullptr),
      registry_(options_.registry != nullptr ? options_.registry : &KernelRegistry::process()),
      log_(kLogRecords),
      timer_(*this),
      admission_(std::make_unique<AdmissionQueue>(*this, *bus_)) {
  SpinBudget* budget = &SpinBudget::process();
  if (options_.spin >= Nanoseconds::zero()) {
    SpinBudget::Options own;
    own.longest = options_.spin;
    if (options_.spin == Nanoseconds::zero()) own.share = 0;
    budget = &own_budget_.emplace(own);
  }
  for (std::size_t i = 0; i < kWorkerClassCount; ++i) {
    pools_[i] = std::make_unique<WorkerPool>(*this, static_cast<WorkerClass>(i), options_, *budget);
  }
}

EngineCore::~EngineCore() {
  timer_.close();
  ResolveGuard::wait(origin_);
}

void EngineCore::start() {
  if (options_.crash_report) os::install_crash_report();
  try {
    pool(WorkerClass::foreground).resize(options_.foreground_workers, shared_from_this());
    pool(WorkerClass::background).resize(options_.background_workers, shared_from_this());
  } catch (...) {
    (void)stop(Nanoseconds::zero());
    throw;
  }
}

bool EngineCore::belongs_here() const noexcept { return os::fork_epoch() == fork_epoch_; }

std::uint64_t EngineCore::sum(Count what) const noexcept {
  std::uint64_t total = shared_tally_.read(what);
  for (const auto& pool : pools_) total += pool->sum(what);
  return total;
}

std::size_t EngineCore::in_flight() const noexcept {
  // The ended first: counts only grow, so that a difference of zero was true at that moment.
  const std::uint64_t ended = sum(Count::ended);
  const std::uint64_t submitted = sum(Count::submitted);
  return submitted > ended ? submitted - ended : 0;
}

int EngineCore::thread_budget(const WorkerPool& pool) const noexcept {
  if (options_.openmp_threads > 0) return options_.openmp_threads;
  if (!shares_threads()) {
    // order: relaxed, a hint: workers keep their count to the moment from about now on
    shares_threads_.store(true, std::memory_order_relaxed);
  }
  // Idle workers are about to take what is queued.
  const int sharers = std::max(
      {1, pool.busy(), std::min(pool.count(), pool.busy() + static_cast<int>(pool.queued()))});
  return std::max(1, pool.processor_count() / sharers);
}

void EngineCore::went_idle() noexcept {
  // A read-modify-write: if it comes before drain()'s exchange of the gate, drain() sees all that
  // this thread has counted; if after, this thread sees the gate.
  if (gate_.fetch_add(0) != 0) drained_.notify_all();
}

void EngineCore::resolved(Task& task, Cause cause, TaskPhase phase) noexcept {
  Count what = Count::failed;
  if (cause == Cause::cancelled) what = Count::cancelled;
  if (cause == Cause::deadline) what = Count::expired;
  shared_tally_.mine().add(what);
  if (phase == TaskPhase::parked) admission_->pump();
  if (phase == TaskPhase::running && !options_.manual && cause != Cause::abandoned) {
    try {
      timer_.abandon_at(TaskRef::share(&task), deadline_after(monotonic_now(), options_.grace));
    } catch (const std::exception& error) {
      log_.push(40, -1, "cogway.engine", error.what());  // it will not be replaced if it hangs
    }
  }
}

void EngineCore::abandon(Task& task) noexcept {
  for (const auto& pool : pools_) {
    if (Worker* worker = pool->take_from(&task)) give_up(*pool, worker, task);
  }
}

std::size_t EngineCore::abandon_all() noexcept {
  std::size_t abandoned = 0;
  for (const auto& pool : pools_) {
    const int slots = pool->slots();
    for (int i = 0; i < slots; ++i) {
      Worker* worker = pool->at(i);
      Task* task = worker == nullptr ? nullptr : worker->running();
      if (task == nullptr || !worker->take_from(task)) continue;
      give_up(*pool, worker, *task);
      ++abandoned;
    }
  }
  return abandoned;
}

/// `worker` has lost `task` to us, and with it the engine's reference, which is never given back:
/// the code may still touch everything that the task holds.
void EngineCore::give_up(WorkerPool& pool, Worker* worker, Task& task) noexcept {
  abandoned_.fetch_add(1);
  try {
    const std::string name(task.name());
    report_abandoned("engine '" + options_.name + "': " + name + " did not return; its " +
                     std::string(worker_class_name(pool.worker_class())) + " worker " +
                     std::to_string(worker->index()) + " was given up");
    log_.push(40, worker->index(), name, "did not return within the grace period: worker given up");
  } catch (const std::bad_alloc&) {
    // counted, if not named
  }
  task.resolve(StatusCode::unavailable, Cause::abandoned,
               "it did not return within the grace period; its worker was given up");
  // What the worker owes for tasks before this one: it will not come back to pay. It has left that
  // to us with the task, and its group is this task's.
  worker->flush_group();
  if (TaskGroup* group = TaskAccess::group(task)) group->finish(1, 1);
  try {
    pool.replace(worker, shared_from_this());
  } catch (const std::exception& error) {
    log_.push(50, worker->index(), "cogway.engine", error.what());
  }
  shared_tally_.mine().add(Count::ended);
  went_idle();
}

void EngineCore::close_task(Task* task) noexcept {
  task->resolve(StatusCode::unavailable, Cause::engine_closed,
                "the engine was stopped before it ran");
  end_unqueued(task);
}

}  // namespace cogway
