// SPDX-License-Identifier: Apache-2.0
// From a call to a queued task. Nothing here waits.

#include <algorithm>
#include <bit>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "call_block.hpp"
#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "cogway/engine/task_group.hpp"
#include "engine_core.hpp"
#include "invocation.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {

Admission EngineCore::refuse(Cause cause, StatusCode code, std::string message) noexcept {
  shared_tally_.mine().add(Count::refused);
  return {cause, Status(code, std::move(message))};
}

std::string EngineCore::too_large(std::uint64_t bytes) const {
  return "the outputs need " + std::to_string(bytes) + " bytes, the whole bus has " +
         std::to_string(bus_->capacity()) + ": make it larger (bus_bytes=)";
}

Admission EngineCore::open_task(const SpawnOptions& options, Task** task) {
  if (!belongs_here()) {
    return refuse(Cause::engine_forked, StatusCode::failed_precondition,
                  "engine '" + options_.name +
                      "' belongs to the parent process: make a new one after fork()");
  }
  Worker* worker = Worker::current();
  if (worker != nullptr && &worker->core() != this) worker = nullptr;
  // Count first, then look at the gate: drain() closes the gate first, then looks at the count.
  TallyCell& tally = worker != nullptr ? worker->tally() : shared_tally_.mine();
  worker != nullptr ? tally.add_owned(Count::submitted) : tally.add(Count::submitted);
  const auto take_back = [&] {
    shared_tally_.mine().add(Count::ended);
    went_idle();  // drain() may have seen the count
  };
  const Gate stage = gate();
  if (stage != Gate::open && (stage == Gate::stopped || worker == nullptr)) {
    take_back();
    return refuse(Cause::engine_closed, StatusCode::unavailable,
                  "engine '" + options_.name + "' is closed");
  }
  WorkerPool& pool = this->pool(options.worker_class);
  if (options_.queue_capacity != 0 && pool.lanes().size() >= options_.queue_capacity) {
    take_back();
    return refuse(Cause::queue_full, StatusCode::resource_exhausted,
                  "engine '" + options_.name + "': " + std::to_string(options_.queue_capacity) +
                      " tasks wait already in class '" +
                      std::string(worker_class_name(options.worker_class)) + "'");
  }
  if (options.affinity != nullptr && !options.affinity->any() &&
      target_worker(pool, *options.affinity) < 0) {
    take_back();
    return refuse(Cause::invalid, StatusCode::invalid_argument,
                  "no worker of class '" + std::string(worker_class_name(options.worker_class)) +
                      "' satisfies the affinity: it has " + std::to_string(pool.count()) +
                      " workers, " + (options_.pin ? "pinned" : "not pinned (Engine(pin=True))"));
  }
  try {
    *task = TaskAccess::take();
  } catch (...) {
    take_back();
    throw;
  }
  TaskAccess::core(**task) = this;
  TaskAccess::origin(**task) = origin_;
  TaskAccess::priority(**task) = options.priority;
  TaskAccess::worker_class(**task) = options.worker_class;
  TaskAccess::deadline(**task) = options.deadline;
  return {};
}

std::int32_t EngineCore::target_worker(const WorkerPool& pool, const Affinity& affinity) noexcept {
  if (affinity.worker == Affinity::kAnyWorker) return pool.worker_within(affinity.cpus);
  if (affinity.worker < 0 || affinity.worker >= pool.count()) return -1;
  return affinity.worker;
}

void EngineCore::drop(Task* task) noexcept {
  TaskAccess::core(*task) = nullptr;
  left(task, nullptr);
}

void EngineCore::left(Task* task, TallyCell* owned) noexcept {
  let_go_of_kernel(*task);
  if ((TaskAccess::flags(*task) & TaskAccess::kTimed) != 0) timer_.went_stale();
  task->release();
  if (owned != nullptr) {
    owned->add_owned(Count::ended);
  } else {
    shared_tally_.mine().add(Count::ended);
    went_idle();
  }
}

/// The task's hold on its kernel's code, from here until the code has returned or never will run.
bool EngineCore::hold_kernel(Task& task, Kernel& kernel) noexcept {
  if (kernel.owner() != nullptr && !kernel.owner()->try_hold()) return false;
  TaskAccess::kernel(task) = &kernel;
  return true;
}

void EngineCore::let_go_of_kernel(Task& task) noexcept {
  Kernel* kernel = TaskAccess::kernel(task);
  if (kernel != nullptr && kernel->owner() != nullptr) kernel->owner()->let_go();
}

Admission EngineCore::refuse_released(Task* task, const Kernel& kernel) noexcept {
  drop(task);
  return refuse(Cause::invalid, StatusCode::failed_precondition,
                "the function behind kernel '" + kernel.name() + "' has been released");
}

/// What options say about a task that will be queued: group, timer, ticket.
void EngineCore::attach(Task* task, const SpawnOptions& options, TaskRef* ticket) {
  if (options.group != nullptr) {
    options.group->add(1);
    TaskAccess::group(*task) = options.group;
    if (options.group->keeps()) options.group->keep(TaskRef::share(task));
  }
  if (ticket != nullptr) *ticket = TaskRef::share(task);
  if (options.deadline != kNever) {
    TaskAccess::flags(*task) |= TaskAccess::kTimed;
    timer_.expire_at(*task, options.deadline);
  }
}

void EngineCore::dispatch(Task* task, std::int32_t pinned_worker, bool in_turn) noexcept {
  WorkerPool& target = pool(TaskAccess::worker_class(*task));
  if (pinned_worker < 0 || !target.push_pinned(task, pinned_worker)) target.push(task, in_turn);
  // Past the gate before it closed, and so late that stop() may not have waited for us.
  if (stopping()) close_left_over();
}

void EngineCore::submit(Task* task, const SpawnOptions& options, TaskRef* ticket) noexcept {
  std::int32_t pinned = -1;
  if (options.affinity != nullptr && !options.affinity->any()) {
    pinned = target_worker(pool(options.worker_class), *options.affinity);
  }
  attach_or_fail(task, options, ticket);
  const bool kept = options.group != nullptr && options.group->keeps();
  if ((TaskAccess::flags(*task) & TaskAccess::kTimed) != 0 || kept) {
    // The timer, or the owner of the group, may have ended it already.
    if (!TaskAccess::state(*task).enqueue()) {
      end_unqueued(task);
      return;
    }
  } else {
    TaskAccess::state(*task).enqueue_fresh();
  }
  dispatch(task, pinned, options.in_turn);
  if (!options.quiet) pool(options.worker_class).wake(1);
}

/// As attach(); what it throws (no memory, no thread for the timer) becomes the task's outcome.
void EngineCore::attach_or_fail(Task* task, const SpawnOptions& options, TaskRef* ticket) noexcept {
  try {
    attach(task, options, ticket);
  } catch (const std::exception& error) {
    TaskAccess::flags(*task) |= TaskAccess::kTimed;  // looked at again before it is queued
    task->resolve(StatusCode::resource_exhausted, Cause::kernel, error.what());
  }
}

/// The engine's reference of a task that never reached a queue.
void EngineCore::end_unqueued(Task* task) noexcept {
  if (TaskGroup* group = TaskAccess::group(*task)) group->finish(1, 1);
  left(task, nullptr);
}

// --- Kernel calls --------------------------------------------------------------------------------

/// A fresh task for the call: checked, described (unless on the worker), bytes reserved or to be
/// waited for (*parks). *failed: the call is well-formed but its kernel refuses the data: it will
/// end with that failure. Nothing of the call is moved.
Admission EngineCore::open_call(KernelCall& call, TaskGroup* group, PreparedCall* prepared) {
  if (Status status = check_call(call); !status.ok()) {
    return refuse(Cause::invalid, status.code(), status.message());
  }
  Task* task = nullptr;
  if (Admission refused = open_task(call.options, &task); !refused.ok()) return refused;
  if (!hold_kernel(*task, *call.kernel)) return refuse_released(task, *call.kernel);
  prepared->task = task;
  if (!needs_block(call)) return {};
  CallBlock* block = nullptr;
  try {
    block = TaskAccess::call(*task) = CallBlock::take();
  } catch (...) {
    drop(task);
    throw;
  }
  fill_block(call, *block);
  TaskContext context = TaskAccess::context(*this, *task);
  const auto give_up = [&](Cause cause, StatusCode code) {
    Admission refused = refuse(cause, code, std::string(TaskAccess::message(context)));
    block->n_inputs = 0;  // the caller's still
    drop(task);
    return refused;
  };
  StatusCode code = StatusCode::ok;
  if (!call.kernel->describes_on_worker()) {
    code = describe_call(*call.kernel, *block, context);
    if (code == StatusCode::invalid_argument) {
      return give_up(Cause::invalid, code);
    }
  }
  if (code == StatusCode::ok) {
    if (export_outputs(*block, context) != StatusCode::ok) {
      return give_up(Cause::invalid, StatusCode::failed_precondition);
    }
  } else {
    prepared->code = code;
    prepared->message.assign(TaskAccess::message(context));
    return {};
  }
  if (call.reservation != nullptr) {
    block->reservation =
        block->described ? call.reservation->split(block->needed) : std::move(*call.reservation);
  }
  if (!block->described || block->has_out || block->n_outputs == 0 || block->reservation) return {};
  const std::uint64_t held = group != nullptr && group->keeps() ? group->hold(block->needed) : 0;
  if (std::max(block->needed, held) > bus_->capacity()) {
    context.fail(StatusCode::resource_exhausted, too_large(std::max(block->needed, held)));
    return give_up(Cause::bus_exhausted, StatusCode::resource_exhausted);
  }
  if (!admission_->busy()) block->reservation = bus_->try_reserve(block->needed);
  if (block->reservation) return {};
  if (options_.full_bus == FullBusPolicy::fail || call.reservation != nullptr) {
    context.fail(StatusCode::resource_exhausted,
                 "the bus has no room for " + std::to_string(block->needed) + " bytes of outputs");
    return give_up(Cause::bus_exhausted, StatusCode::resource_exhausted);
  }
  prepared->parks = true;
  return {};
}

/// Moves the call's inputs into the task and sends it on its way; no wake.
bool EngineCore::accept(KernelCall& call, PreparedCall& prepared, TaskRef* ticket) {
  Task* task = prepared.task;
  CallBlock* block = TaskAccess::call(*task);
  if (block != nullptr) own_call(call, *block);
  SpawnOptions quiet = call.options;
  quiet.quiet = true;
  if (prepared.code != StatusCode::ok) {
    quiet.deadline = kNever;
    attach_or_fail(task, quiet, ticket);
    task->resolve(prepared.code, Cause::kernel, prepared.message);
    end_unqueued(task);
    return false;
  }
  if (!prepared.parks) {
    submit(task, quiet, ticket);
    return true;
  }
  if (block != nullptr && call.options.affinity != nullptr && !call.options.affinity->any()) {
    block->pinned_worker = target_worker(pool(call.options.worker_class), *call.options.affinity);
  }
  attach_or_fail(task, quiet, ticket);
  if (TaskAccess::state(*task).park()) {
    admission_->park(task);
  } else {
    end_unqueued(task);
  }
  return false;
}

Admission EngineCore::c_spawn(KernelCall& call, TaskRef* ticket) {
  PreparedCall prepared;
  if (Admission refused = open_call(call, call.options.group, &prepared); !refused.ok()) {
    return refused;
  }
  const bool queued = accept(call, prepared, ticket);
  if (queued && !call.options.quiet) pool(call.options.worker_class).wake(1);
  return {};
}

Admission EngineCore::c_spawn_batch(std::span<KernelCall> calls, TaskGroup& group) {
  if (calls.empty()) return {};
  const SpawnOptions& first = calls.front().options;
  WorkerPool& target = pool(first.worker_class);
  if (options_.queue_capacity != 0 &&
      target.lanes().size() + calls.size() > options_.queue_capacity) {
    return refuse(Cause::queue_full, StatusCode::resource_exhausted,
                  "engine '" + options_.name + "': a batch of " + std::to_string(calls.size()) +
                      " does not fit into a queue of " + std::to_string(options_.queue_capacity));
  }
  std::vector<PreparedCall> prepared(calls.size());
  std::size_t opened = 0;
  const auto drop_all = [&] {
    while (opened > 0) drop(prepared[--opened].task);
  };
  bool parks = false;
  try {
    group.reserve(calls.size());
    for (; opened < calls.size(); ++opened) {
      PreparedCall& call = prepared[opened];
      Admission refused = open_call(calls[opened], &group, &call);
      if (!refused.ok()) {
        refused.set_index(opened);
        drop_all();
        return refused;
      }
      // Once one has to wait for bytes, those behind it wait too: the batch keeps its order.
      CallBlock* block = TaskAccess::call(*call.task);
      if (parks && call.code == StatusCode::ok && block != nullptr && block->reservation) {
        block->reservation.reset();
        call.parks = true;
      }
      parks |= call.parks;
    }
  } catch (...) {
    drop_all();
    throw;
  }
  std::array<std::size_t, kWorkerClassCount> queued{};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].options.group = &group;
    const bool goes = accept(calls[i], prepared[i], nullptr);
    queued[static_cast<std::size_t>(calls[i].options.worker_class)] += goes ? 1 : 0;
  }
  for (std::size_t i = 0; i < kWorkerClassCount; ++i) {
    if (queued[i] != 0) pools_[i]->wake(queued[i]);
  }
  return {};
}

Admission EngineCore::describe(KernelCall& call, std::span<Layout> layouts) {
  if (Status status = check_call(call); !status.ok()) {
    return refuse(Cause::invalid, status.code(), status.message());
  }
  Task* task = nullptr;
  if (Admission refused = open_task(call.options, &task); !refused.ok()) return refused;
  if (!hold_kernel(*task, *call.kernel)) return refuse_released(task, *call.kernel);
  TaskContext context = TaskAccess::context(*this, *task);
  CallBlock* block = nullptr;
  try {
    block = TaskAccess::call(*task) = CallBlock::take();
  } catch (...) {
    drop(task);
    throw;
  }
  fill_block(call, *block);
  const StatusCode code = describe_call(*call.kernel, *block, context);
  Admission result;
  if (code != StatusCode::ok) {
    result = {code == StatusCode::invalid_argument ? Cause::invalid : Cause::kernel,
              Status(code, std::string(TaskAccess::message(context)))};
  } else {
    for (std::size_t i = 0; i < block->n_outputs && i < layouts.size(); ++i) {
      const cogway_output_spec& spec = block->specs[i];
      (void)Layout::contiguous(std::bit_cast<DType>(spec.dtype), {spec.shape, spec.ndim},
                               &layouts[i]);
    }
  }
  drop(task);
  return result;
}

}  // namespace cogway
