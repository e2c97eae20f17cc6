// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tasks that wait for bytes of the bus. Nobody waits with them: whoever frees bytes moves them on.

#include <atomic>
#include <cstdint>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/freed_hook.hpp"
#include "cogway/engine/lane.hpp"
#include "cogway/engine/pump.hpp"
#include "cogway/engine/task.hpp"
#include "task_access.hpp"

namespace cogway {

class EngineCore;

/// First come, first served: a large request at the head holds the smaller ones behind it, so that
/// it cannot starve. Protocol: announce to the bus, queue, then try (pump); a release of bytes
/// pumps.
///
/// **Threads**: any. **Ownership**: a reference per parked task. **Progress**: lock-free.
/// **Order**: a dispatched task sees what was done before park().
class AdmissionQueue {
 public:
  AdmissionQueue(EngineCore& core, Bus& bus);
  ~AdmissionQueue() = default;

  /// Takes over the reference of a task in state parked.
  void park(Task* task) noexcept;
  /// Somebody waits: others go behind.
  [[nodiscard]] bool busy() const noexcept { return waiting_.load() != 0; }
  [[nodiscard]] std::uint64_t waiting() const noexcept { return waiting_.load(); }
  /// Moves on what can; after freed bytes, cancellation, or closing.
  void pump() noexcept;
  /// From now on pump() ends every task with engine_closed.
  void close() noexcept {
    closed_.store(true);
    pump();
  }

 private:
  static void freed(void* self) noexcept { static_cast<AdmissionQueue*>(self)->pump(); }
  void admit() noexcept;
  /// Decides about the head: true when it has left.
  bool admit_head() noexcept;

  EngineCore& core_;
  Bus& bus_;
  Lane<Task, TaskLink> parked_;
  Task* head_ = nullptr;  ///< taken from parked_, waits at the front; the pump's
  Pump<> pump_;
  std::atomic<std::uint64_t> waiting_{0};
  std::atomic<bool> closed_{false};
  FreedHook hook_;  ///< last: gone before what it calls
};

}  // namespace cogway
