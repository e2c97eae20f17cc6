// SPDX-License-Identifier: Apache-2.0
#pragma once
// What must happen at a point in time: deadlines of tasks, ends of grace periods. A thread of its
// own while something is due in the future, and for a second after; none on an idle engine.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/engine/task.hpp"

namespace cogway {

class EngineCore;

/// **Threads**: any; close() once. **Ownership**: weak references for deadlines (an expired timer
/// of a task that is long done finds another generation), strong ones for grace periods.
/// **Progress**: one short lock per task with a deadline; none for others. **Order**: none.
class DeadlineTimer {
 public:
  explicit DeadlineTimer(EngineCore& core) noexcept : core_(core) {}
  ~DeadlineTimer() { close(); }
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  /// Ends `task` at its deadline with deadline_exceeded. The caller holds a reference.
  void expire_at(Task& task, TimePoint when);
  /// At that time gives up the worker that still runs `task`.
  void abandon_at(TaskRef task, TimePoint when);
  /// A task with a deadline is done: its entry is stale.
  void went_stale() noexcept {
    // order: relaxed, decides only when to tidy up
    stale_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Fires what is due at `now` on the calling thread; for manual engines.
  void fire(TimePoint now);
  /// Drops all entries, joins the thread.
  void close() noexcept;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    TimePoint when;
    Task* task = nullptr;
    std::uint32_t generation = 0;
    TaskRef running;  ///< set: end of a grace period
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const noexcept { return a.when > b.when; }
  };

  void add(Entry entry);
  void tidy();
  void run();
  void act(Entry& entry);

  EngineCore& core_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> heap_;  ///< soonest first
  std::thread thread_;
  bool running_ = false;
  bool closed_ = false;
  std::atomic<std::size_t> stale_{0};
};

}  // namespace cogway
