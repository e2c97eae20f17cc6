// SPDX-License-Identifier: Apache-2.0
// parallel_for: the caller works off the range; idle workers of its class are invited to help. An
// invitation is a task of the engine's own, so it is stolen, counted and drained like any other.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "cogway/base/os/crash_report.hpp"
#include "cogway/engine/parallel_range.hpp"
#include "cogway/engine/task_context.hpp"
#include "engine_core.hpp"
#include "record_pool.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

/// Shared by the caller and its invitations; recycled when the last of them is gone, so that one
/// that comes late finds a closed range and not freed memory.
struct ParallelJob {
  ParallelRange<> range;
  cogway_range_body body = nullptr;
  void* argument = nullptr;
  TaskContext* context = nullptr;  ///< the caller's; valid while the range is open
  os::CrashNote note;              ///< likewise: what the body is part of
  std::atomic<std::uint32_t> refs{0};
  std::uint32_t index = 0;
  std::uint32_t row_count = 0;
  std::atomic<std::uint32_t> row_link{0};
  ParallelJob* link = nullptr;
};

struct JobTraits {
  using Cache = detail::RecordCache<ParallelJob>;
  static ParallelJob*& link(ParallelJob& job) noexcept { return job.link; }
  static std::atomic<std::uint32_t>& row_link(ParallelJob& job) noexcept { return job.row_link; }
  static std::uint32_t& row_count(ParallelJob& job) noexcept { return job.row_count; }
  static std::uint32_t& index(ParallelJob& job) noexcept { return job.index; }
  static Cache& cache() noexcept { return cache_; }
  static void at_exit(Cache& cache) noexcept;

 private:
  [[gnu::tls_model("initial-exec")]] static constinit thread_local Cache cache_;
};

constinit detail::RecordPool<ParallelJob, JobTraits> pool_of_jobs;
[[gnu::tls_model("initial-exec")]] constinit thread_local JobTraits::Cache JobTraits::cache_{};

void JobTraits::at_exit(Cache& cache) noexcept {
  struct Flush {
    ~Flush() {
      JobTraits::cache().stage = 2;
      pool_of_jobs.flush(JobTraits::cache());
    }
  };
  if (cache.stage != 0) return;
  cache.stage = 1;
  thread_local Flush flush;
  (void)flush;
}

void drop(ParallelJob* job) noexcept {
  // order: acq_rel, release publishes this holder's use, acquire takes the others' for recycling
  if (job->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) pool_of_jobs.give(job);
}

/// Works until nothing is left; returns how many pieces it did.
std::uint64_t work(ParallelJob& job, const TaskContext& caller) noexcept {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::uint64_t pieces = 0;
  while (job.range.claim(begin, end)) {
    if (caller.cancelled()) {
      job.range.fail(COGWAY_CANCELLED);
      break;
    }
    ++pieces;
    if (const std::int32_t code = job.body(job.argument, begin, end); code != COGWAY_OK) {
      job.range.fail(code);
    }
  }
  return pieces;
}

ParallelJob*& job_of(Task& task) noexcept { return *static_cast<ParallelJob**>(task.payload()); }

StatusCode help(Task& task, TaskContext&) noexcept {
  ParallelJob& job = *job_of(task);
  if (!job.range.enter()) return StatusCode::ok;
  const os::CrashScope crash(job.note);
  DebugMode* debug = TaskAccess::core(*job.context).debug();
  if (debug != nullptr) debug->begin();
  const std::uint64_t pieces = work(job, *job.context);
  if (debug != nullptr && !debug->end(*Worker::current(), *job.context, job.note.name)) {
    job.range.fail(COGWAY_INTERNAL);
  }
  // Before leaving: the caller finds it counted.
  if (Worker* worker = Worker::current()) bump<std::uint64_t>(worker->pieces, pieces);
  job.range.leave();
  return StatusCode::ok;
}

void forget(Task& task) noexcept { drop(job_of(task)); }

constexpr TaskOps kHelpOps{&help, &forget, "parallel_for"};

/// Without helpers pieces serve cancellation alone.
constexpr std::int64_t kPiecesAlone = 8;

}  // namespace

StatusCode TaskContext::parallel_for(std::int64_t n, std::int64_t grain, cogway_range_body body,
                                     void* argument) noexcept {
  if (n < 0 || grain < 0 || body == nullptr) {
    return fail(StatusCode::invalid_argument, "parallel_for: n and grain must not be negative");
  }
  if (n == 0) return StatusCode::ok;
  grain = std::max<std::int64_t>(grain, 1);
  Worker* worker = Worker::current();
  if (worker != nullptr && &worker->core() != core_) worker = nullptr;
  if (worker != nullptr) bump<std::uint64_t>(worker->loops, 1);
  const std::int64_t workers = worker == nullptr ? 1 : worker->pool().count();
  const std::int64_t helpers = std::min(workers - 1, (n - 1) / grain);
  if (helpers == 0 || core_->manual()) {
    const std::int64_t piece = std::max(grain, n / kPiecesAlone);
    for (std::int64_t begin = 0; begin < n; begin += piece) {
      if (cancelled()) return StatusCode::cancelled;
      const std::int64_t end = piece < n - begin ? begin + piece : n;
      if (const std::int32_t code = body(argument, begin, end); code != COGWAY_OK) {
        return static_cast<StatusCode>(code);
      }
      if (end == n) break;
    }
    return StatusCode::ok;
  }
  ParallelJob* job = nullptr;
  try {
    job = pool_of_jobs.take();
  } catch (const std::bad_alloc&) {
    return fail(StatusCode::resource_exhausted, "parallel_for: no memory");
  }
  job->range.open(n, grain, helpers + 1);
  job->body = body;
  job->argument = argument;
  job->context = this;
  job->note = os::crash_note();
  // order: relaxed, published with the invitations
  job->refs.store(1, std::memory_order_relaxed);
  std::size_t invited = 0;
  for (std::int64_t i = 0; i < helpers; ++i) {
    SpawnOptions options;
    options.worker_class = worker->pool().worker_class();
    options.quiet = true;
    Task* task = nullptr;
    try {
      if (!core_->open_task(options, &task).ok()) break;
    } catch (const std::bad_alloc&) {
      break;  // fewer hands
    }
    // order: relaxed, published with the invitation
    job->refs.fetch_add(1, std::memory_order_relaxed);
    ::new (task->payload()) ParallelJob*(job);
    TaskAccess::ops(*task) = &kHelpOps;
    core_->submit(task, options, nullptr);
    ++invited;
  }
  if (invited != 0) worker->pool().wake(invited);
  work(*job, *this);
  const std::int32_t code = job->range.close();
  drop(job);
  return static_cast<StatusCode>(code);
}

}  // namespace cogway
