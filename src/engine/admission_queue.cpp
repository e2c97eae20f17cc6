// SPDX-License-Identifier: Apache-2.0
#include "admission_queue.hpp"

#include "call_block.hpp"
#include "engine_core.hpp"

namespace cogway {

AdmissionQueue::AdmissionQueue(EngineCore& core, Bus& bus)
    : core_(core), bus_(bus), hook_(bus.freed_hooks(), &AdmissionQueue::freed, this) {}

void AdmissionQueue::park(Task* task) noexcept {
  waiting_.fetch_add(1);
  bus_.freed_hooks().announce_waiter();
  parked_.push(task);
  pump();
}

void AdmissionQueue::pump() noexcept {
  if (waiting_.load() == 0) return;
  pump_.run([this] { admit(); });
}

void AdmissionQueue::admit() noexcept {
  for (;;) {
    if (head_ == nullptr && parked_.try_take(&head_, 1) == 0) return;
    if (!admit_head()) return;
    head_ = nullptr;
    bus_.freed_hooks().retire_waiter();
    waiting_.fetch_sub(1);
  }
}

bool AdmissionQueue::admit_head() noexcept {
  Task* task = head_;
  if (closed_.load()) {
    core_.close_task(task);
    return true;
  }
  if (TaskAccess::state(*task).resolved()) {
    core_.end_unqueued(task);
    return true;
  }
  CallBlock& call = *TaskAccess::call(*task);
  Reservation reservation = bus_.try_reserve(call.needed);
  if (!reservation) return false;
  const std::int32_t pinned = call.pinned_worker;
  // While the task is parked the reservation is ours, also if somebody cancels it now.
  call.reservation = std::move(reservation);
  if (!TaskAccess::state(*task).enqueue()) {
    call.reservation.reset();  // now, not when the last ticket goes
    core_.end_unqueued(task);
    return true;
  }
  core_.dispatch(task, pinned);
  core_.pool(TaskAccess::worker_class(*task)).wake(1);
  return true;
}

}  // namespace cogway
