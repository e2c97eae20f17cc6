// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/task_queue.hpp"

#include <atomic>
#include <mutex>
#include <optional>

#include "cogway/sync/event_count.hpp"
#include "cogway/sync/pi_mutex.hpp"
#include "cogway/sync/spin_budget.hpp"
#include "entry_gate.hpp"
#include "task_access.hpp"
#include "task_lanes.hpp"

namespace cogway {
namespace {

SpinBudget& budget_for(const TaskQueueOptions& options, std::optional<SpinBudget>* own) {
  if (options.spin < Nanoseconds::zero()) return SpinBudget::process();
  SpinBudget::Options limits;
  limits.longest = options.spin;
  if (options.spin == Nanoseconds::zero()) limits.share = 0;
  return own->emplace(limits);
}

}  // namespace

struct TaskQueue::Impl {
  explicit Impl(const TaskQueueOptions& options)
      : capacity(options.capacity),
        budget(budget_for(options, &own_budget)),
        lanes(options.order, options.ageing),
        waiting(budget) {}

  /// Takes the oldest of the lane in turn; takers share one age, under a lock that none waits for
  /// long.
  Task* take() noexcept {
    Task* task = nullptr;
    const std::scoped_lock lock(mutex);
    return lanes.take(&task, 1, 1, ages) == 1 ? task : nullptr;
  }

  const std::size_t capacity;
  std::optional<SpinBudget> own_budget;
  SpinBudget& budget;
  TaskLanes lanes;
  EventCount<> waiting;
  PiMutex mutex;  ///< over ages: takers are Python workers, whose turns are long beside it
  LaneAges ages;
  EntryGate<> gate;  ///< over push(): close() loses nothing that is on its way in
  std::atomic<std::uint64_t> pushed{0}, popped{0};
};

TaskQueue::TaskQueue(const TaskQueueOptions& options) : impl_(std::make_unique<Impl>(options)) {}

TaskQueue::~TaskQueue() {
  while (Task* task = impl_->take()) {
    const TaskRef taken = TaskRef::adopt(task);
    taken->resolve(StatusCode::unavailable, Cause::engine_closed,
                   "its queue was closed before it ran");
  }
}

bool TaskQueue::push(TaskRef task) noexcept {
  if (!impl_->gate.enter()) return false;
  const bool full = impl_->capacity != 0 && impl_->lanes.size() >= impl_->capacity;
  const bool queued = !full && TaskAccess::state(*task).enqueue();
  if (queued) {
    impl_->pushed.fetch_add(1);
    impl_->lanes.push(task.leak());
  }
  if (impl_->gate.leave()) {
    impl_->waiting.notify_all();  // who waits for what is on its way in need wait no longer
  } else if (queued) {
    impl_->waiting.notify_one([&] { return !impl_->lanes.empty(); });
  }
  return queued;
}

TaskRef TaskQueue::try_pop() noexcept {
  while (Task* task = impl_->take()) {
    TaskRef taken = TaskRef::adopt(task);
    if (TaskAccess::state(*task).resolved()) continue;
    impl_->popped.fetch_add(1);
    return taken;
  }
  return {};
}

TaskRef TaskQueue::pop(TimePoint deadline) noexcept {
  TaskRef task;
  (void)impl_->waiting.wait(
      [&] {
        task = try_pop();
        if (task || !impl_->gate.settled()) return static_cast<bool>(task);
        task = try_pop();  // what the last pusher brought after our look
        return true;
      },
      deadline, [&] { return !impl_->lanes.empty(); });
  return task;
}

void TaskQueue::close() noexcept {
  impl_->gate.close();
  impl_->waiting.notify_all();
}

bool TaskQueue::closed() const noexcept { return impl_->gate.closed(); }
std::size_t TaskQueue::size() const noexcept { return impl_->lanes.size(); }

TaskQueueStatistics TaskQueue::statistics() const noexcept {
  TaskQueueStatistics result;
  result.pushed = impl_->pushed.load();
  result.popped = impl_->popped.load();
  result.queued = impl_->lanes.size();
  const EventCountStatistics waits = impl_->waiting.statistics();
  result.parks = waits.parks;
  result.wakes = waits.wakes;
  const SpinStatistics spin = impl_->budget.statistics();
  result.spins = spin.spins;
  result.spin_hits = spin.hits;
  result.spin_ns = static_cast<std::uint64_t>(spin.spent.count());
  result.wasted_spin_ns = static_cast<std::uint64_t>(spin.wasted.count());
  return result;
}

}  // namespace cogway
