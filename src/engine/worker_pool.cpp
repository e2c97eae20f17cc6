// SPDX-License-Identifier: Apache-2.0
#include "worker_pool.hpp"

#include <algorithm>

#include "cogway/base/os/futex.hpp"
#include "cogway/base/os/processors.hpp"
#include "engine_core.hpp"

namespace cogway {
namespace {

/// Abandoned workers, for ever: their threads may still use them when pool and core are gone.
void keep_for_ever(Worker* worker) {
  static std::mutex* const mutex = new std::mutex();
  static std::vector<Worker*>* const kept = new std::vector<Worker*>();
  const std::scoped_lock lock(*mutex);
  kept->push_back(worker);
}

}  // namespace

WorkerPool::WorkerPool(EngineCore& core, WorkerClass worker_class, const EngineOptions& options,
                       SpinBudget& budget)
    : core_(core),
      worker_class_(worker_class),
      options_(options),
      budget_(budget),
      manual_(options.manual),
      thread_name_(worker_class == WorkerClass::foreground ? "cw-native" : "cw-back"),
      lanes_(options.order, options.ageing),
      idle_(budget) {
  plan_processors();
}

WorkerPool::~WorkerPool() = default;

/// Which processors the class may use: all, or those left beside the reserved ones.
void WorkerPool::plan_processors() {
  std::vector<int> allowed = options_.cpus.empty() ? os::allowed_processors() : options_.cpus;
  const auto reserved = static_cast<std::size_t>(options_.reserved_cores);
  if (worker_class_ == WorkerClass::background && reserved != 0) {
    allowed.erase(allowed.begin(), allowed.begin() + static_cast<std::ptrdiff_t>(
                                                         std::min(reserved, allowed.size() - 1)));
    processors_ = std::move(allowed);
  } else if (options_.pin || !options_.cpus.empty()) {
    processors_ = std::move(allowed);
  }
  processor_count_ =
      processors_.empty() ? os::usable_processors() : static_cast<int>(processors_.size());
}

Worker* WorkerPool::make(int index) {
  auto worker = std::make_unique<Worker>(core_, *this, index);
  if (options_.pin) {
    worker->processors = {processors_[static_cast<std::size_t>(index) % processors_.size()]};
  } else {
    worker->processors = processors_;
  }
  owned_.push_back(std::move(worker));
  return owned_.back().get();
}

void WorkerPool::push(Task* task, bool in_turn) noexcept {
  Worker* worker = in_turn ? nullptr : Worker::current();
  if (worker != nullptr && &worker->pool() == this && task->priority() == Priority::normal &&
      worker->push_own(task)) {
    return;
  }
  lanes_.push(task);
}

bool WorkerPool::push_pinned(Task* task, std::int32_t index) noexcept {
  if (index < 0 || index >= count()) return false;
  Worker* worker = at(index);
  if (worker == nullptr) return false;  // given up while the pool closed
  pins_.store(true);
  worker->inbox().push(task);
  // The word must reach that one worker; or any, if it has left or was given up meanwhile: the
  // others take what it did not see (Worker::steal()).
  wake_all();
  return true;
}

void WorkerPool::relay(const Worker* awake) noexcept {
  // order: relaxed, no pairing: a pusher that is not seen yet still has its notification to send
  if (!pins_.load(std::memory_order_relaxed)) return;
  const int count = slots();
  for (int i = 0; i < count; ++i) {
    const Worker* worker = at(i);
    if (worker == nullptr || worker == awake) continue;
    if (worker->has_pinned_work() && worker->waiting.load()) return wake_all();
  }
}

void WorkerPool::wake_all() noexcept {
  idle_.notify_all();
  naps_ended_.fetch_add(1);
  if (napping_.load() > 0) os::futex_wake(naps_ended_, kMaxWorkers);
}

bool WorkerPool::begin_nap() noexcept {
  if (closed() || (busy() == 0 && idle_.statistics().searchers == 0)) return false;
  if (napping_.fetch_add(1) < count() - 1) return true;
  napping_.fetch_sub(1);
  return false;
}

void WorkerPool::nap(Nanoseconds time) noexcept {
  naps_.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a statistic
  // A wake_all() before this look is not slept through for long, and what it told of is seen after.
  (void)os::futex_wait(naps_ended_, naps_ended_.load(), monotonic_now() + time);
  napping_.fetch_sub(1);
}

void WorkerPool::reschedule(const os::ThreadSchedule& wish) {
  const std::scoped_lock lock(mutex_);
  if (!wish.processors.empty()) os::check_processors(wish.processors);
  schedule_.update(wish);
  for (const auto& worker : owned_) worker->reschedule(wish);
}

void WorkerPool::admit(Worker& worker, os::ThreadId thread) {
  const std::scoped_lock lock(mutex_);
  worker.thread_id.store(thread);
  worker.reschedule(schedule_);
}

void WorkerPool::resize(int count, const std::shared_ptr<EngineCore>& core) {
  const std::scoped_lock lock(mutex_);
  const int before = count_.load();
  for (int i = before; i < count; ++i) {
    Worker* worker = at(i);
    if (worker == nullptr) {
      worker = make(i);
      workers_[static_cast<std::size_t>(i)].store(worker);
      slots_.store(std::max(slots_.load(), i + 1));
    }
    if (manual_ || worker->ask_to_stay()) continue;
    worker->join();  // it has left, or never was
    worker->start(core);
  }
  count_.store(count);
  for (int i = count; i < before; ++i) {
    Worker* worker = at(i);
    worker->ask_to_leave();
    Task* pinned = nullptr;
    while (worker->inbox().try_take(&pinned, 1) == 1) lanes_.push(pinned);
  }
  if (count < before) wake_all();
}

void WorkerPool::close() noexcept {
  // order: release, pairs with closed() acquire
  closed_.store(true, std::memory_order_release);
  wake_all();
}

std::size_t WorkerPool::join_finished() {
  const std::scoped_lock lock(mutex_);
  std::size_t running = 0;
  for (const auto& worker : owned_) {
    if (!worker->started()) continue;
    if (worker->stage() == Worker::Stage::left) {
      worker->join();
    } else {
      ++running;
    }
  }
  return running;
}

std::unique_ptr<Worker> WorkerPool::disown(Worker* worker) {
  const auto found = std::ranges::find_if(owned_, [&](const auto& w) { return w.get() == worker; });
  std::unique_ptr<Worker> taken = std::move(*found);
  owned_.erase(found);
  return taken;
}

void WorkerPool::replace(Worker* abandoned, const std::shared_ptr<EngineCore>& core) {
  const std::scoped_lock lock(mutex_);
  const auto slot = static_cast<std::size_t>(abandoned->index());
  // The thread uses the object until it returns, if it ever does: nobody owns it from now on.
  disown(abandoned).release();
  keep_for_ever(abandoned);
  abandoned->next_lost_ = lost_.load();
  lost_.store(abandoned);
  abandoned->detach();
  count_busy(-1);
  Worker* fresh = nullptr;
  if (!closed()) {
    fresh = make(abandoned->index());
    workers_[slot].store(fresh);
    if (abandoned->index() < count_.load()) fresh->start(core);
  } else {
    workers_[slot].store(nullptr);
  }
  // What the lost worker had queued goes to the others; what comes to it later they steal.
  while (Task* task = abandoned->take_queued()) lanes_.push(task);
  wake_all();
}

Task* WorkerPool::take_from_lost() noexcept {
  // order: acquire, pairs with replace() seq_cst; publishes the worker and its successor
  for (Worker* worker = lost_.load(std::memory_order_acquire); worker != nullptr;
       worker = worker->next_lost_) {
    if (!worker->has_work()) continue;
    if (Task* task = worker->take_queued()) return task;
  }
  return nullptr;
}

Task* WorkerPool::take_left_over() noexcept {
  Task* task = nullptr;
  LaneAges ages;
  if (lanes_.take(&task, 1, 1, ages) == 1) return task;
  const std::scoped_lock lock(mutex_);
  for (const auto& worker : owned_) {
    if ((task = worker->take_queued()) != nullptr) return task;
  }
  return take_from_lost();
}

std::uint64_t WorkerPool::sum(Count what) const noexcept {
  std::uint64_t total = 0;
  for_each([&](const Worker& worker) { total += worker.tally().read(what); });
  return total;
}

Worker* WorkerPool::take_from(Task* task) noexcept {
  const int count = slots();
  for (int i = 0; i < count; ++i) {
    Worker* worker = at(i);
    if (worker != nullptr && worker->take_from(task)) return worker;
  }
  return nullptr;
}

std::int32_t WorkerPool::worker_within(const std::vector<int>& cpus) const noexcept {
  const int workers = count();
  for (int i = 0; i < workers; ++i) {
    const Worker* worker = at(i);
    if (worker == nullptr || worker->processors.empty()) continue;
    if (std::ranges::all_of(worker->processors,
                            [&](int cpu) { return std::ranges::find(cpus, cpu) != cpus.end(); })) {
      return i;
    }
  }
  return -1;
}

std::size_t WorkerPool::queued() const noexcept {
  const Worker* own = Worker::current();
  const bool here = own != nullptr && &own->pool() == this;
  return lanes_.size() + (here ? own->deque_size() : 0);
}

bool WorkerPool::empty() const noexcept {
  if (!lanes_.empty()) return false;
  const int count = slots();
  for (int i = 0; i < count; ++i) {
    const Worker* worker = at(i);
    if (worker != nullptr && worker->has_work()) return false;
  }
  return true;
}

}  // namespace cogway
