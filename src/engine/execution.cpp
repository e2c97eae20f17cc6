// SPDX-License-Identifier: Apache-2.0
// The way of a task through a worker: claim, run, decide the outcome, publish, let go.

#include <algorithm>
#include <utility>

#include "call_block.hpp"
#include "cogway/base/os/crash_report.hpp"
#include "cogway/base/os/thread_pools.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/engine/task_group.hpp"
#include "engine_core.hpp"
#include "invocation.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

bool is_late(Task& task, EngineCore& core) noexcept {
  const TimePoint deadline = TaskAccess::deadline(task);
  return deadline != kNever && core.now() >= deadline;
}

/// The outcome of code that ended with `code`, for the ticket.
Cause cause_of(StatusCode code, Cause told) noexcept {
  if (code == StatusCode::ok) return Cause::none;
  if (code == StatusCode::cancelled) return Cause::cancelled;
  return told;
}

}  // namespace

void EngineCore::expire(Task& task) noexcept {
  task.resolve(StatusCode::deadline_exceeded, Cause::deadline,
               TaskAccess::state(task).phase() == TaskPhase::running
                   ? "the deadline passed while it ran"
                   : "the deadline passed before it ran");
}

StatusCode EngineCore::prepare_on_worker(Task& task, TaskContext& context, bool* parked) noexcept {
  CallBlock& call = *TaskAccess::call(task);
  StatusCode code = describe_call(*TaskAccess::kernel(task), call, context);
  if (code != StatusCode::ok || call.has_out || call.reservation) return code;
  TaskGroup* group = TaskAccess::group(task);
  const std::uint64_t held = group != nullptr && group->keeps() ? group->hold(call.needed) : 0;
  const std::uint64_t most = std::max(call.needed, held);
  if (most > bus_->capacity()) {
    context.set_cause(Cause::bus_exhausted);
    return context.fail(StatusCode::resource_exhausted, too_large(most));
  }
  if (!admission_->busy()) call.reservation = bus_->try_reserve(call.needed);
  if (call.reservation) return code;
  if (options_.full_bus == FullBusPolicy::fail) {
    context.set_cause(Cause::bus_exhausted);
    return context.fail(StatusCode::resource_exhausted, "the bus has no room for the outputs");
  }
  *parked = true;
  return code;
}

StatusCode EngineCore::run_kernel(Task& task, TaskContext& context, Worker& worker,
                                  bool* parked) noexcept {
  Kernel& kernel = *TaskAccess::kernel(task);
  CallBlock* call = TaskAccess::call(task);
  TaskAccess::set_call(context, call);
  if (call == nullptr) return run_call(kernel, nullptr, context, &worker);
  StatusCode code = StatusCode::ok;
  if (!call->described) {
    code = prepare_on_worker(task, context, parked);
    if (*parked) return code;
  }
  if (code == StatusCode::ok) code = lease_outputs(*bus_, *call, context);
  if (code == StatusCode::ok) code = run_call(kernel, call, context, &worker);
  return settle_call(*call, code, context);
}

StatusCode EngineCore::run_callable(Task& task, TaskContext& context) noexcept {
  const TaskOps* ops = TaskAccess::ops(task);
  const os::CrashScope crash({"task", ops->name, options_.name.c_str()});
  const StatusCode code = ops->execute(task, context);
  Worker* worker = debug_ == nullptr ? nullptr : Worker::current();
  if (worker == nullptr || debug_->end_scratch(*worker, context)) return code;
  return StatusCode::internal;
}

/// What the task may use of other libraries' threads.
void Worker::limit_thread_pools() noexcept {
  if (core_.manual() || core_.options().openmp_threads == 0) return;
  const int threads = core_.thread_budget(pool_);
  os::limit_thread_pools(threads);
  teams_ |= threads > 1;
  // order: relaxed, a statistic
  budget.store(threads, std::memory_order_relaxed);
}

/// A lone kernel may come to another worker next, whose library would count our idle threads too.
void Worker::rest_thread_pools() noexcept {
  if (std::exchange(teams_, false) && pool_.count() > 1) os::rest_thread_pools();
}

bool Worker::run(Task* task) noexcept {
  if (core_.stopping()) {
    flush_group();
    core_.close_task(task);
    return true;
  }
  TaskState<>& state = TaskAccess::state(*task);
  // Alone is not enough: a ticket may have been cancelled, and then dropped.
  if (TaskAccess::alone(*task) && !state.resolved()) {
    state.start_alone();
  } else {
    if (is_late(*task, core_)) core_.expire(*task);
    if (!state.try_start()) {
      count_end(task, false);
      return true;
    }
  }
  const TaskOps* ops = TaskAccess::ops(*task);
  Kernel* kernel = TaskAccess::kernel(*task);
  // order: relaxed, a hint for statistics
  running_name.store(kernel != nullptr ? kernel->name().c_str() : ops->name,
                     std::memory_order_relaxed);
  count_in();
  current_.begin(task);

  if (os::have_thread_pools()) limit_thread_pools();
  TaskContext context = TaskAccess::context(core_, *task);
  bool parked = false;
  const StatusCode code = kernel != nullptr ? core_.run_kernel(*task, context, *this, &parked)
                                            : core_.run_callable(*task, context);
  scratch_.reset();

  if (!current_.end()) {
    // Abandoned while it ran: let go of what it held and leave. The record and, if nobody has it
    // yet, the outcome are for whoever gave us up.
    TaskAccess::dispose(*task);
    if (CallBlock* call = TaskAccess::call(*task)) {
      call->release_inputs();
      call->release_outputs();
    }
    EngineCore::let_go_of_kernel(*task);
    state.leave();
    return false;
  }
  running_name.store(nullptr, std::memory_order_relaxed);  // order: relaxed, a hint
  if (parked && state.park()) {
    core_.admission().park(task);
    return true;
  }
  bump<std::uint64_t>(executed, 1);
  // Before anybody is told that the task has ended: who calls the next one is owed this worker's
  // share, and not only once it has looked for more work.
  if (core_.shares_threads() && !has_work() && pool_.lanes().empty()) count_out();
  TaskAccess::dispose(*task);
  bool ok = code == StatusCode::ok;
  // Asked anew: the code may have shared its own ticket, or the last one was cancelled and dropped.
  if (TaskAccess::alone(*task) && !state.resolved()) {
    tally_.add_owned(ok ? Count::ok : Count::failed);
  } else if (state.finish()) {
    TaskAccess::set_outcome(*task, code, cause_of(code, TaskAccess::cause(context)),
                            TaskAccess::message(context));
    tally_.add_owned(code == StatusCode::ok          ? Count::ok
                     : code == StatusCode::cancelled ? Count::cancelled
                                                     : Count::failed);
    TaskAccess::publish(*task);
  } else {
    ok = false;  // whatever the code says: somebody else has ended the ticket
    if (CallBlock* call = TaskAccess::call(*task)) {
      call->release_outputs();  // nobody will ask for them
    }
  }
  count_end(task, ok);
  return true;
}

/// The record leaves the engine. Its group is told later, with those that follow (flush_group()).
void Worker::count_end(Task* task, bool ok) noexcept {
  if (TaskGroup* group = TaskAccess::group(*task)) {
    if (group_ != group) {
      flush_group();
      group_ = group;
    }
    ++group_done_;
    group_failed_ += ok ? 0 : 1;
  }
  core_.left(task, &tally_);
}

}  // namespace cogway
