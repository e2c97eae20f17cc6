// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python calls of an engine that run now, and where: what closing it asks to stop and, when
// that does not help, gives up. Queued calls are the task queue's.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cogway/engine/task.hpp"
#include "cogway/sync/pi_mutex.hpp"

namespace cogway {

/// **Threads**: any; a Running belongs to the thread that runs its call.
/// **Ownership**: borrows each task from whoever runs it, for as long as its Running lives.
/// **Progress**: entering and leaving lock for the time of a few pointer writes.
/// **Order**: the lock's; a call that was entered before stop_all() sees it by its next
/// asked_to_stop().
class RunningCalls {
 public:
  /// One call, on the stack of the thread that runs it.
  class Running {
   public:
    Running(RunningCalls& calls, Task& task, std::uint64_t thread) noexcept;
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running();

    /// Its ticket was cancelled, its deadline passed, or the engine is closing.
    [[nodiscard]] bool asked_to_stop() const noexcept;

   private:
    friend class RunningCalls;
    RunningCalls& calls_;
    Task& task_;
    const std::uint64_t thread_;
    Running* next_ = nullptr;
    Running* previous_ = nullptr;
  };

  /// Asks every call to stop, those too that begin from now on. What they still return counts.
  void stop_all() noexcept { stopping_.store(true); }
  /// Thread and task of each call.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, TaskRef>> list() const;
  [[nodiscard]] std::size_t count() const noexcept;

 private:
  mutable PiMutex mutex_;
  Running* first_ = nullptr;
  std::atomic<bool> stopping_{false};
};

}  // namespace cogway
