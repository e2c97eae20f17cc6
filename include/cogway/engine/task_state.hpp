// SPDX-License-Identifier: Apache-2.0
#pragma once
// The life of a task in one word.
//
// clang-format off
//   created ──► queued ──► running ──► ended
//      │          ▲           │
//      └──► parked┘◄──────────┘
// clang-format on
//
// Resolved, beside the phase: somebody has won the right to write the outcome (the worker that ran
// it, cancel(), the deadline, or closing the engine).
//
// Exactly one resolve() or finish() wins; try_start() fails on a resolved task, so a task cancelled
// before it starts never runs. A running task that somebody else resolves keeps running until its
// code returns; finish() then reports that it lost, and its results are dropped. A worker that was
// given up has lost the outcome before it returns: it leaves.
//
// **Threads**: enqueue, park, try_start, finish and leave belong to whoever holds the task at that
// stage; try_claim, resolve and the queries to anyone. **Ownership**: none. **Progress**:
// lock-free.
// **Order**: enqueue() publishes the payload to resolve() and try_claim(); to the worker, the queue
// does. What finish() or resolve() wins is published by WaiterList::close().

#include <atomic>
#include <cstdint>

namespace cogway {

enum class TaskPhase : std::uint8_t { created = 0, parked = 1, queued = 2, running = 3, ended = 4 };

template <template <typename> class Atom = std::atomic>
class TaskState {
 public:
  /// created or parked → queued. False: resolved meanwhile, do not queue.
  bool enqueue() noexcept { return move_to(TaskPhase::queued); }

  /// created → queued for a task that nobody else can reach yet.
  void enqueue_fresh() noexcept {
    // order: relaxed, the queue publishes the task
    word_.store(static_cast<std::uint32_t>(TaskPhase::queued), std::memory_order_relaxed);
  }
  /// queued → running for a task that nobody can resolve: its only reference is the caller's.
  void start_alone() noexcept {
    // order: relaxed, nobody else looks
    word_.store(static_cast<std::uint32_t>(TaskPhase::running), std::memory_order_relaxed);
  }

  /// created or running → parked (waits for bytes of the bus). False: resolved meanwhile.
  bool park() noexcept { return move_to(TaskPhase::parked); }

  /// queued → running. False: resolved meanwhile, must not run.
  bool try_start() noexcept { return move_to(TaskPhase::running); }

  /// created or queued → running for a task that several hold, each of whom may try: one of them
  /// gets it. False: somebody else has it, or it was resolved.
  bool try_claim() noexcept {
    // order: relaxed, only a first guess for the exchange below
    std::uint32_t old = word_.load(std::memory_order_relaxed);
    for (;;) {
      const TaskPhase phase = phase_of(old);
      if ((old & kResolved) != 0) return false;
      if (phase != TaskPhase::created && phase != TaskPhase::queued) return false;
      const auto next = (old & ~kPhaseMask) | static_cast<std::uint32_t>(TaskPhase::running);
      // order: acquire, pairs with enqueue() release; the payload, for who did not take the task
      // from the queue
      if (word_.compare_exchange_weak(old, next, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
  }

  /// The code has returned (or never will start, for a queued task that is given up). True when
  /// this call also won the outcome.
  bool finish() noexcept {
    // order: release, pairs with phase() acquire; buffers are no longer touched
    return (word_.fetch_or(kResolved | kEnded, std::memory_order_release) & kResolved) == 0;
  }

  /// The code has returned, but whoever took the task from its worker decides the outcome.
  void leave() noexcept {
    // order: release, pairs with phase() and resolve() acquire; buffers are no longer touched
    word_.fetch_or(kEnded, std::memory_order_release);
  }

  struct Resolution {
    bool won = false;                      ///< this call decides the outcome
    TaskPhase phase = TaskPhase::created;  ///< where the task was
  };

  /// Takes the outcome away from the task's own code and asks that code to stop.
  Resolution resolve() noexcept {
    // order: relaxed, only a first guess for the exchange below
    std::uint32_t old = word_.load(std::memory_order_relaxed);
    for (;;) {
      if ((old & kResolved) != 0) return {false, phase_of(old)};
      // order: acquire, pairs with enqueue() release; the payload, which the caller may dispose of
      if (word_.compare_exchange_weak(old, old | kResolved | kCancel, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return {true, phase_of(old)};
      }
    }
  }

  /// Asks the running code to stop without deciding the outcome.
  void request_cancel() noexcept {
    // order: relaxed, a hint that carries no data
    word_.fetch_or(kCancel, std::memory_order_relaxed);
  }

  [[nodiscard]] bool cancel_requested() const noexcept {
    // order: relaxed, a hint that carries no data; polled by kernels
    return (word_.load(std::memory_order_relaxed) & kCancel) != 0;
  }
  [[nodiscard]] bool resolved() const noexcept {
    // order: relaxed, the outcome itself is published by the waiter list
    return (word_.load(std::memory_order_relaxed) & kResolved) != 0;
  }
  [[nodiscard]] TaskPhase phase() const noexcept {
    // order: acquire, pairs with finish() release; ended means that buffers are no longer touched
    return phase_of(word_.load(std::memory_order_acquire));
  }
  /// Only while nobody else can reach the task.
  void reset() noexcept {
    // order: relaxed, the owner is alone
    word_.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kPhaseMask = 3;
  static constexpr std::uint32_t kEnded = 4;
  static constexpr std::uint32_t kCancel = 8;
  static constexpr std::uint32_t kResolved = 16;

  static TaskPhase phase_of(std::uint32_t word) noexcept {
    return (word & kEnded) != 0 ? TaskPhase::ended : static_cast<TaskPhase>(word & kPhaseMask);
  }

  bool move_to(TaskPhase phase) noexcept {
    // order: relaxed, only a first guess for the exchange below
    std::uint32_t old = word_.load(std::memory_order_relaxed);
    for (;;) {
      if ((old & kResolved) != 0) return false;
      std::uint32_t next = (old & ~kPhaseMask) | static_cast<std::uint32_t>(phase);
      // order: release, pairs with resolve() acquire; publishes the payload
      if (word_.compare_exchange_weak(old, next, std::memory_order_release,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
  }

  Atom<std::uint32_t> word_{0};
};

}  // namespace cogway
