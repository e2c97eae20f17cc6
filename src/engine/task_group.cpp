// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/task_group.hpp"

#include "cogway/base/assert.hpp"
#include "completion.hpp"
#include "group_count.hpp"

namespace cogway {

TaskGroup::TaskGroup(bool keep) noexcept : remaining_(GroupCount<>::kOpen), keep_(keep) {}

TaskGroup::~TaskGroup() { wait(); }

void TaskGroup::finish(std::size_t count, std::size_t failed) noexcept {
  if (GroupCount(remaining_, failures_).finish(count, failed)) complete(waiters_, *this);
}

void TaskGroup::seal() noexcept {
  COGWAY_ASSERT(!sealed_, "a group is sealed once");
  sealed_ = true;
  // order: relaxed, this thread's own
  const std::size_t added = added_.load(std::memory_order_relaxed);
  if (GroupCount(remaining_, failures_).seal(added)) complete(waiters_, *this);
}

std::size_t TaskGroup::remaining() const noexcept {
  // order: relaxed both, a statistic
  std::int64_t count = remaining_.load(std::memory_order_relaxed);
  if (count > GroupCount<>::kOpen / 2) {  // not sealed yet
    const std::size_t added = added_.load(std::memory_order_relaxed);
    count += static_cast<std::int64_t>(added) - GroupCount<>::kOpen;
  }
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

bool TaskGroup::wait_once(TimePoint deadline) noexcept {
  sleep_once(waiters_, deadline);
  return done();
}

bool TaskGroup::wait_until(TimePoint deadline) noexcept {
  if (!sealed_) seal();
  while (!done()) {
    if (!wait_once(deadline) && deadline != kNever && monotonic_now() >= deadline) return done();
  }
  return true;
}

void TaskGroup::keep(TaskRef task) { results_.push_back(std::move(task)); }

std::size_t TaskGroup::cancel() noexcept {
  std::size_t ended = 0;
  for (const TaskRef& task : results_) ended += task->cancel() ? 1 : 0;
  return ended;
}

}  // namespace cogway
