// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/task.hpp"

#include "call_block.hpp"
#include "cogway/base/assert.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/engine/kernel.hpp"
#include "completion.hpp"
#include "engine_core.hpp"
#include "record_pool.hpp"
#include "task_access.hpp"

namespace cogway {
namespace {

/// Tasks are linked through next_, which is atomic for the lanes; as a free record it is one
/// thread's.
class FreeLink {
 public:
  explicit FreeLink(std::atomic<Task*>& link) noexcept : link_(&link) {}
  // order: relaxed both, the record is the caller's alone; rows are published by the pool's head
  operator Task*() const noexcept { return link_->load(std::memory_order_relaxed); }
  FreeLink& operator=(Task* next) noexcept {
    // order: relaxed, as above
    link_->store(next, std::memory_order_relaxed);
    return *this;
  }

 private:
  std::atomic<Task*>* link_;
};

struct TaskTraits {
  using Cache = detail::RecordCache<Task>;
  static FreeLink link(Task& task) noexcept { return FreeLink(TaskAccess::next(task)); }
  static std::atomic<std::uint32_t>& row_link(Task& task) noexcept {
    return TaskAccess::row_link(task);
  }
  static std::uint32_t& index(Task& task) noexcept { return TaskAccess::index(task); }
  static std::uint32_t& row_count(Task& task) noexcept { return TaskAccess::origin(task); }
  static Cache& cache() noexcept { return cache_; }
  static void at_exit(Cache& cache) noexcept;

 private:
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Cache cache_;
};

using TaskPool = detail::RecordPool<Task, TaskTraits>;
constinit TaskPool pool_of_tasks;  // trivially destroyed: records outlive every engine

[[gnu::tls_model("initial-exec")]] constinit thread_local TaskTraits::Cache TaskTraits::cache_{};

void TaskTraits::at_exit(Cache& cache) noexcept {
  struct Flush {
    ~Flush() {
      TaskTraits::cache().stage = 2;
      pool_of_tasks.flush(TaskTraits::cache());
    }
  };
  if (cache.stage != 0) return;
  cache.stage = 1;
  thread_local Flush flush;
  (void)flush;
}

}  // namespace

static_assert(sizeof(Task) == 3 * kCacheLine, "queue and life in the first line");

// --- References ----------------------------------------------------------------------------------

Task* TaskAccess::take() {
  Task* task = pool_of_tasks.take();
  task->origin_ = 0;  // the pool's, while it was free
  TaskReferences(task->refs_).begin();
  return task;
}

void Task::release() noexcept {
  if (!TaskAccess::alone(*this) && !TaskReferences(refs_).drop()) return;
  if (call_ != nullptr) std::exchange(call_, nullptr)->give();
  if (failure_ != nullptr) delete std::exchange(failure_, nullptr);
  state_.reset();
  waiters_.reset();
  status_ = StatusCode::ok;
  cause_ = Cause::none;
  ops_ = nullptr;
  core_ = nullptr;
  origin_ = 0;
  deadline_ = kNever;
  flags_ = 0;
  kernel_ = nullptr;
  group_ = nullptr;
  TaskReferences(refs_).retire();
  pool_of_tasks.give(this);
}

TaskRef TaskAccess::try_share(Task* task, std::uint32_t generation) noexcept {
  if (!TaskReferences(task->refs_).try_share(generation)) return {};
  return TaskRef::adopt(task);
}

// --- Outcome -------------------------------------------------------------------------------------

void TaskAccess::set_outcome(Task& task, StatusCode code, Cause cause,
                             std::string_view message) noexcept {
  task.status_ = code;
  task.cause_ = code == StatusCode::ok ? Cause::none : cause;
  if (message.empty() || code == StatusCode::ok) return;
  try {
    task.failure_ = new TaskFailure{std::string(message)};
  } catch (const std::bad_alloc&) {
    task.failure_ = nullptr;  // the code and the cause still tell
  }
}

void TaskAccess::publish(Task& task) noexcept { complete(task.waiters_, task); }

void TaskAccess::dispose(Task& task) noexcept {
  if (task.ops_ != nullptr) task.ops_->dispose(task);
}

std::uint64_t TaskAccess::records() noexcept { return pool_of_tasks.records(); }
std::uint64_t TaskAccess::allocations() noexcept { return pool_of_tasks.allocations(); }

std::string_view Task::message() const noexcept {
  return failure_ == nullptr ? std::string_view{} : std::string_view(failure_->message);
}

std::size_t Task::output_count() const noexcept {
  return call_ == nullptr || status_ != StatusCode::ok ? 0 : call_->n_outputs;
}

const BufferRef& Task::output(std::size_t index) const noexcept {
  COGWAY_ASSERT(index < output_count(), "output() of a task that has no such output");
  return call_->buffers[index];
}

std::string_view Task::name() const noexcept {
  if (kernel_ != nullptr) return kernel_->name();
  return ops_ == nullptr ? "task" : ops_->name;
}

std::int64_t Task::expected_ns() const noexcept {
  return kernel_ == nullptr ? 0 : kernel_->expected_ns();
}

// --- Ending --------------------------------------------------------------------------------------

bool Task::resolve(StatusCode code, Cause cause, std::string_view message) noexcept {
  const ResolveGuard guard(origin_);
  const auto resolution = state_.resolve();
  if (!resolution.won) return false;
  TaskAccess::set_outcome(*this, code, cause, message);
  if (resolution.phase < TaskPhase::running) {
    // It never runs: the payload is ours. Free what it holds now, not when the queue comes to it.
    TaskAccess::dispose(*this);
    if (call_ != nullptr) call_->release_inputs();
    // A parked task's reservation is the admission queue's.
    if (call_ != nullptr && resolution.phase == TaskPhase::queued) call_->reservation.reset();
  }
  if (core_ != nullptr) core_->resolved(*this, cause, resolution.phase);
  TaskAccess::publish(*this);
  return true;
}

bool Task::cancel() noexcept {
  return !done() && resolve(StatusCode::cancelled, Cause::cancelled, "cancelled");
}

// --- Waiting -------------------------------------------------------------------------------------

bool Task::forked() const noexcept {
  return origin_ != 0 && origin_ >> 8 != (static_cast<std::uint32_t>(os::fork_epoch()) & 0xffffff);
}

bool Task::wait_once(TimePoint deadline) noexcept {
  if (forked()) return done();
  sleep_once(waiters_, deadline);
  return done();
}

bool Task::wait_until(TimePoint deadline) noexcept {
  while (!done()) {
    if (forked()) return false;  // nobody here will finish it
    if (!wait_once(deadline) && deadline != kNever && monotonic_now() >= deadline) return done();
  }
  return true;
}

// --- External ------------------------------------------------------------------------------------

TaskRef Task::make_external(const TaskOps* ops, Priority priority, TimePoint deadline) {
  Task* task = TaskAccess::take();
  task->ops_ = ops;
  task->priority_ = priority;
  task->deadline_ = deadline;
  return TaskRef::adopt(task);
}

bool Task::start() noexcept { return state_.try_claim(); }

bool Task::finish(StatusCode code, Cause cause, std::string_view message) noexcept {
  TaskAccess::dispose(*this);
  if (!state_.finish()) return false;
  TaskAccess::set_outcome(*this, code, cause, message);
  TaskAccess::publish(*this);
  return true;
}

}  // namespace cogway
