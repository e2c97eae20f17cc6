// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which task a worker runs, and who ends it: the worker when its code returns, or whoever gives the
// worker up before that. Not the task's outcome: that is TaskState's.

#include <atomic>

namespace cogway {

/// free ──begin()──► occupied ──end() or take()──► free
///
/// **Threads**: begin() and end() by the worker, the rest by any.
/// **Ownership**: of the engine's reference to the task: of end() and take() one gets it.
/// **Progress**: wait-free.
/// **Order**: running() and take() see what the worker did before begin(); who lost at end() sees
/// what came before take().
template <typename Task, template <typename> class Atom = std::atomic>
class Occupancy {
 public:
  void begin(Task* task) noexcept {
    // order: release, pairs with running() and take() acquire; publishes the started task
    task_.store(task, std::memory_order_release);
  }
  /// False: somebody took the task while it ran; the worker is given up.
  [[nodiscard]] bool end() noexcept {
    // order: acquire, pairs with take() release: one of the two ends the task
    return task_.exchange(nullptr, std::memory_order_acquire) != nullptr;
  }
  /// Takes `task` away from the worker, which thereby is given up. True: this call did it.
  [[nodiscard]] bool take(Task* task) noexcept {
    // order: acq_rel, pairs with begin() and end(): one of the two ends the task
    return task_.compare_exchange_strong(task, nullptr, std::memory_order_acq_rel);
  }
  [[nodiscard]] Task* running() const noexcept {
    // order: acquire, pairs with begin() release; the task is readable while it is pinned. model:
    // who takes it then acquires as well
    return task_.load(std::memory_order_acquire);
  }

 private:
  Atom<Task*> task_{nullptr};  ///< taken by whoever ends it
};

}  // namespace cogway
