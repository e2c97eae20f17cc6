// SPDX-License-Identifier: Apache-2.0
// The ends of an engine: let everything finish (drain), make everything finish (stop), and the
// change of size in between.

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cogway/base/os/thread.hpp"
#include "cogway/engine/engine.hpp"
#include "engine_core.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

/// Between the end of a worker's last task and the end of its thread.
constexpr Nanoseconds kLeaving = std::chrono::milliseconds{100};
/// What a submitter may need between the gate and its queue: its thread may be off the processor.
constexpr Nanoseconds kSubmitting = std::chrono::milliseconds{200};

struct AbandonedWork {
  std::mutex mutex;
  std::vector<std::string> lines;
};

AbandonedWork& abandoned() {
  static AbandonedWork* const list = new AbandonedWork();  // read at exit
  return *list;
}

}  // namespace

void report_abandoned(std::string line) {
  AbandonedWork& list = abandoned();
  const std::scoped_lock lock(list.mutex);
  list.lines.push_back(std::move(line));
}

std::vector<std::string> abandoned_work() {
  AbandonedWork& list = abandoned();
  const std::scoped_lock lock(list.mutex);
  return list.lines;
}

bool EngineCore::drain(TimePoint deadline, bool once) {
  if (!belongs_here()) return false;
  std::uint32_t open = static_cast<std::uint32_t>(Gate::open);
  gate_.compare_exchange_strong(open, static_cast<std::uint32_t>(Gate::draining));
  if (manual()) {
    while (run_one()) {
    }
    return in_flight() == 0;
  }
  if (!once) return drained_.wait([this] { return in_flight() == 0; }, deadline);
  if (in_flight() == 0) return true;
  drained_.prepare_wait();
  if (in_flight() == 0) {
    drained_.cancel_wait();
    return true;
  }
  (void)drained_.commit_wait(deadline);
  return in_flight() == 0;
}

bool EngineCore::run_one() {
  for (const auto& pool : pools_) {
    Worker* worker = pool->at(0);
    const WorkerScope scope(worker);
    Task* task = worker->next();
    if (task == nullptr) continue;
    (void)worker->run(task);
    worker->flush_group();
    return true;
  }
  return false;
}

std::size_t EngineCore::stop(Nanoseconds grace) {
  if (!belongs_here()) return 0;
  const std::scoped_lock lock(life_);
  if (grace < Nanoseconds::zero()) grace = options_.grace;
  gate_.exchange(static_cast<std::uint32_t>(Gate::stopped));
  stopping_.store(true);
  posts_.close();
  admission_->close();
  if (manual()) {
    while (run_one()) {  // ends them: the engine is stopping
    }
  }
  for (const auto& pool : pools_) pool->close();
  const auto all_left = [this] {
    std::size_t running = 0;
    for (const auto& pool : pools_) running += pool->join_finished();
    return running == 0;
  };
  std::size_t abandoned = 0;
  // A worker may have ended its task just now, and only be about to leave: then there is nothing to
  // abandon, and it is waited for again.
  Nanoseconds patience = grace;
  while (!drained_.wait(all_left, deadline_after(monotonic_now(), patience))) {
    abandoned += abandon_all();
    patience = kLeaving;
  }
  end_left_over(std::max(grace, kSubmitting));
  timer_.close();
  ResolveGuard::wait(origin_);
  return abandoned;
}

void EngineCore::close_left_over() noexcept {
  for (const auto& pool : pools_) {
    while (Task* task = pool->take_left_over()) close_task(task);
  }
}

/// Ends what no worker will run: what abandoned ones had queued, and what submitters bring who
/// passed the gate before it closed. They have counted themselves before they looked at it, so
/// in_flight() tells when the last one is through. One that stays away longer than `patience`,
/// in foreign code or with an abandoned worker, ends its task itself (dispatch()).
void EngineCore::end_left_over(Nanoseconds patience) noexcept {
  const Worker* here = Worker::current();
  const bool from_task = here != nullptr && &here->core() == this;  // which would wait for itself
  const TimePoint deadline = deadline_after(monotonic_now(), patience);
  for (;;) {
    close_left_over();
    if (from_task || in_flight() == 0 || monotonic_now() >= deadline) return;
    os::yield_thread();
  }
}

Status EngineCore::resize(int foreground, int background) {
  if (!belongs_here()) {
    return {StatusCode::failed_precondition,
            "engine '" + options_.name + "' belongs to the parent process"};
  }
  const std::scoped_lock lock(life_);
  if (gate() != Gate::open) {
    return {StatusCode::failed_precondition, "engine '" + options_.name + "' is closed"};
  }
  if (manual()) {
    return {StatusCode::failed_precondition, "a manual engine has no threads to resize"};
  }
  for (int count : {foreground, background}) {
    if (count == EngineOptions::kAuto || (count >= 1 && count <= WorkerPool::kMaxWorkers)) continue;
    return {StatusCode::invalid_argument, "the number of workers must be 1 to " +
                                              std::to_string(WorkerPool::kMaxWorkers) + ", not " +
                                              std::to_string(count)};
  }
  try {
    if (foreground != EngineOptions::kAuto) {
      pool(WorkerClass::foreground).resize(foreground, shared_from_this());
    }
    if (background != EngineOptions::kAuto) {
      pool(WorkerClass::background).resize(background, shared_from_this());
    }
  } catch (const std::exception& error) {
    return {StatusCode::resource_exhausted, std::string("no further worker: ") + error.what()};
  }
  return {};
}

}  // namespace cogway
