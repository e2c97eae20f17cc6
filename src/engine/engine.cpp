// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/engine.hpp"

#include <cstring>
#include <stdexcept>

#include "engine_core.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {

Engine::Engine(EngineOptions options) : core_(std::make_shared<EngineCore>(std::move(options))) {
  core_->start();
}

Engine::~Engine() {
  if (core_->belongs_here()) {
    (void)core_->stop(Nanoseconds{EngineOptions::kAuto});
  } else {
    // A forked child has the objects of threads that it does not have: nothing to join, or to free.
    new std::shared_ptr<EngineCore>(std::move(core_));
  }
}

Admission Engine::c_spawn(KernelCall& call, TaskRef* ticket) {
  return core_->c_spawn(call, ticket);
}

Admission Engine::c_spawn_batch(std::span<KernelCall> calls, TaskGroup& group) {
  return core_->c_spawn_batch(calls, group);
}

Admission Engine::spawn(const TaskOps* ops, const void* payload, std::size_t bytes,
                        const SpawnOptions& options, TaskRef* ticket) {
  if (bytes > Task::kPayloadBytes) {
    throw std::invalid_argument("a payload of " + std::to_string(bytes) + " bytes, more than the " +
                                std::to_string(Task::kPayloadBytes) + " of a task");
  }
  Task* task = nullptr;
  if (Admission refused = core_->open_task(options, &task); !refused.ok()) return refused;
  if (bytes != 0) std::memcpy(task->payload(), payload, bytes);
  detail::submit_task(*core_, task, ops, options, ticket);
  return {};
}

void Engine::watch(const TaskRef& external) {
  if (external->deadline() == kNever) return;
  // From now on the timer may take a reference at any time: dropping the last one must look.
  TaskAccess::flags(*external) |= TaskAccess::kTimed;
  core_->timer().expire_at(*external, external->deadline());
  core_->timer()
      .went_stale();  // nobody will tell when it is done: count it, so that it is tidied up
}

void Engine::wake(WorkerClass worker_class, std::size_t count) noexcept {
  core_->pool(worker_class).wake(count);
}

Admission Engine::describe(KernelCall& call, std::span<Layout> layouts) {
  return core_->describe(call, layouts);
}

std::shared_ptr<PostPort> Engine::open_port(std::string name, const PortOptions& options) {
  return core_->posts().open(std::move(name), options);
}

bool Engine::drain(TimePoint deadline) { return core_->drain(deadline, false); }
bool Engine::drain_once(TimePoint deadline) { return core_->drain(deadline, true); }
std::size_t Engine::stop(Nanoseconds grace) { return core_->stop(grace); }
bool Engine::closed() const noexcept { return core_->gate() != Gate::open; }
Status Engine::resize(int foreground, int background) {
  return core_->resize(foreground, background);
}

void Engine::schedule_workers(WorkerClass worker_class, const os::ThreadSchedule& schedule) {
  core_->pool(worker_class).reschedule(schedule);
}

bool Engine::run_one() {
  if (!core_->manual()) throw std::logic_error("run_one() is for manual engines");
  return core_->run_one();
}

std::size_t Engine::run_all() {
  std::size_t ran = 0;
  while (run_one()) ++ran;
  return ran;
}

void Engine::advance(Nanoseconds duration) {
  if (core_->options().clock == nullptr) throw std::logic_error("advance() needs a manual clock");
  core_->options().clock->advance(duration);
  core_->timer().fire(core_->now());
}

Bus& Engine::bus() const noexcept { return core_->bus(); }
std::shared_ptr<Bus> Engine::shared_bus() const noexcept { return core_->shared_bus(); }
KernelRegistry& Engine::registry() const noexcept { return core_->registry(); }
const EngineOptions& Engine::options() const noexcept { return core_->options(); }
EngineStatistics Engine::statistics() const { return core_->statistics(); }
int Engine::workers(WorkerClass worker_class) const noexcept {
  return core_->manual() ? 0 : core_->pool(worker_class).count();
}
std::size_t Engine::in_flight() const noexcept { return core_->in_flight(); }
TimePoint Engine::now() const noexcept { return core_->now(); }
LogRing& Engine::log() const noexcept { return core_->log(); }
std::shared_ptr<DebugReport> Engine::debug_report() const noexcept {
  return core_->debug() == nullptr ? nullptr : core_->debug()->report();
}
bool Engine::belongs_to_this_process() const noexcept { return core_->belongs_here(); }
bool Engine::on_worker() const noexcept {
  const Worker* worker = Worker::current();
  return worker != nullptr && &worker->core() == core_.get();
}

namespace detail {

Admission begin_task(EngineCore& core, const SpawnOptions& options, Task** task) {
  return core.open_task(options, task);
}

void submit_task(EngineCore& core, Task* task, const TaskOps* ops, const SpawnOptions& options,
                 TaskRef* ticket) noexcept {
  TaskAccess::ops(*task) = ops;
  core.submit(task, options, ticket);
}

void drop_task(EngineCore& core, Task* task) noexcept { core.drop(task); }

}  // namespace detail
}  // namespace cogway
