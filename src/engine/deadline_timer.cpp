// SPDX-License-Identifier: Apache-2.0
#include "deadline_timer.hpp"

#include <algorithm>
#include <utility>

#include "cogway/base/os/thread.hpp"
#include "engine_core.hpp"
#include "task_access.hpp"

namespace cogway {
namespace {
/// How long the thread stays when nothing is due: deadlines come in rows.
constexpr Nanoseconds kLinger = std::chrono::seconds{1};
constexpr std::size_t kTidyAt = 256;
}  // namespace

void DeadlineTimer::expire_at(Task& task, TimePoint when) {
  add({when, &task, TaskAccess::generation(task), {}});
}

void DeadlineTimer::abandon_at(TaskRef task, TimePoint when) {
  add({when, nullptr, 0, std::move(task)});
}

void DeadlineTimer::add(Entry entry) {
  std::thread finished;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    tidy();
    const bool first = heap_.empty() || entry.when < heap_.front().when;
    heap_.push_back(std::move(entry));
    std::push_heap(heap_.begin(), heap_.end(), Later{});
    if (core_.manual()) return;
    if (!running_) {
      std::thread fresh([this] { run(); });  // first: if it is refused, nothing has changed
      finished = std::exchange(thread_, std::move(fresh));  // it has left its loop, or never was
      running_ = true;
    } else if (first) {
      changed_.notify_one();
    }
  }
  if (finished.joinable()) finished.join();
}

/// Removes what is stale once that is more than half: constant work per entry in the long run.
void DeadlineTimer::tidy() {
  // order: relaxed, a hint
  const std::size_t stale = stale_.load(std::memory_order_relaxed);
  if (stale < kTidyAt || stale < heap_.size() / 2) return;
  // order: relaxed, a hint
  stale_.store(0, std::memory_order_relaxed);
  std::erase_if(heap_, [](const Entry& entry) {
    return entry.running ? entry.running->ended()
                         : !TaskAccess::try_share(entry.task, entry.generation);
  });
  std::make_heap(heap_.begin(), heap_.end(), Later{});
}

void DeadlineTimer::act(Entry& entry) {
  if (entry.running) {
    core_.abandon(*entry.running);
    return;
  }
  if (const TaskRef task = TaskAccess::try_share(entry.task, entry.generation)) {
    core_.expire(*task);
  }
}

void DeadlineTimer::fire(TimePoint now) {
  for (;;) {
    Entry due;
    {
      const std::scoped_lock lock(mutex_);
      if (heap_.empty() || heap_.front().when > now) return;
      std::pop_heap(heap_.begin(), heap_.end(), Later{});
      due = std::move(heap_.back());
      heap_.pop_back();
    }
    act(due);
  }
}

void DeadlineTimer::run() {
  os::set_this_thread_name("cw-timer");
  TimePoint leave = kNever;
  for (;;) {
    fire(monotonic_now());
    std::unique_lock lock(mutex_);
    if (closed_) return;
    const TimePoint now = monotonic_now();
    if (heap_.empty()) {
      if (leave == kNever) leave = deadline_after(now, kLinger);
      if (now >= leave) {
        running_ = false;
        return;
      }
      changed_.wait_until(lock, leave);
      continue;
    }
    leave = kNever;
    // By value: while we wait the heap may move.
    const TimePoint next = heap_.front().when;
    if (next > now) changed_.wait_until(lock, next);
  }
}

void DeadlineTimer::close() noexcept {
  std::thread thread;
  std::vector<Entry> dropped;  // references are released outside the lock
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    thread = std::move(thread_);
    dropped = std::move(heap_);
    changed_.notify_all();
  }
  if (thread.joinable()) thread.join();
}

std::size_t DeadlineTimer::size() const {
  const std::scoped_lock lock(mutex_);
  return heap_.size();
}

}  // namespace cogway
