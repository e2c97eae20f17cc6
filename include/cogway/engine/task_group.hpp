// SPDX-License-Identifier: Apache-2.0
#pragma once
// Completion of many tasks as one event: what c_map awaits, and what C++ code waits for. The last
// task to finish notifies; nothing is woken per task.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cogway/base/cacheline.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/engine/waiter.hpp"

namespace cogway {

/// **Threads**: one owner adds, seals and destroys; finish() is the engine's; the rest anyone.
/// **Ownership**: the owner's; it must outlive done(). After the last notification nothing touches
/// it, so a waiter may free it. The destructor of an undone group waits.
/// **Progress**: finish() is wait-free; wait() blocks.
/// **Order**: done() or a notification publish everything that all the tasks wrote.
class TaskGroup {
 public:
  /// `keep` collects the tickets of the batch in order of submission, for results().
  explicit TaskGroup(bool keep = false) noexcept;
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// No more tasks come: the group is done when those added have ended. Once.
  void seal() noexcept;
  /// seal() unless sealed, then blocks until done or the deadline (monotonic clock); returns
  /// done().
  bool wait_until(TimePoint deadline = kNever) noexcept;
  /// Sleeps at most once, as Task::wait_once(). seal() first.
  bool wait_once(TimePoint deadline = kNever) noexcept;
  void wait() noexcept { (void)wait_until(kNever); }

  [[nodiscard]] bool done() const noexcept { return waiters_.closed(); }
  /// No more tasks come; may lag behind.
  [[nodiscard]] bool sealed() const noexcept {
    // order: relaxed, a hint
    return sealed_.load(std::memory_order_relaxed);
  }
  /// Tasks that have not ended; may lag behind while a worker runs a row of the group's tasks.
  [[nodiscard]] std::size_t remaining() const noexcept;
  /// Tasks that did not end ok, so far.
  [[nodiscard]] std::size_t failures() const noexcept {
    // order: relaxed, a statistic until done(), which publishes it
    return failures_.load(std::memory_order_relaxed);
  }
  /// Notified once when done; false when it is done already.
  bool add_waiter(GroupWaiter* waiter) noexcept { return waiters_.add(waiter); }

  /// Cancels every task kept (keep == true); returns how many it ended.
  std::size_t cancel() noexcept;
  /// The tickets in order of submission; valid from the end of the submission on.
  [[nodiscard]] const std::vector<TaskRef>& results() const noexcept { return results_; }

  // --- The engine's --------------------------------------------------------------------------
  void add(std::size_t count) noexcept {
    // order: relaxed both, the owner's; others read it as a statistic
    added_.store(added_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void finish(std::size_t count, std::size_t failed) noexcept;
  void keep(TaskRef task);
  void reserve(std::size_t count) {
    if (keep_) results_.reserve(results_.size() + count);
  }
  [[nodiscard]] bool keeps() const noexcept { return keep_; }
  /// Adds bytes of the bus that the results kept will hold; returns the sum. What cannot all be
  /// held at once would wait for itself.
  std::uint64_t hold(std::uint64_t bytes) noexcept {
    // order: relaxed, a sum that orders nothing
    return held_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  }

 private:
  alignas(kCacheLine) std::atomic<std::int64_t> remaining_;  ///< as GroupCount; by finishers
  std::atomic<std::size_t> failures_{0};                     ///< by finishers
  alignas(kCacheLine) WaiterList<TaskGroup> waiters_;
  std::atomic<std::uint64_t> held_bytes_{0};  ///< written by submitters and workers
  std::vector<TaskRef> results_;              ///< owner's
  std::atomic<std::size_t> added_{0};         ///< owner's
  bool keep_;
  std::atomic<bool> sealed_{false};  ///< written by the owner
};

}  // namespace cogway
