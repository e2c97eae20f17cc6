// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include <new>
#include <utility>

#include "cogway/base/os/crash_report.hpp"
#include "cogway/base/os/signal_stack.hpp"
#include "cogway/base/os/thread_pools.hpp"
#include "cogway/engine/task_group.hpp"
#include "engine_core.hpp"
#include "worker_pool.hpp"

namespace cogway {
namespace {
[[gnu::tls_model("initial-exec")]] constinit thread_local Worker* current_worker = nullptr;

/// Tasks between two looks at the lanes while the own deque has work: what workers spawn must not
/// keep out what others submit.
constexpr std::uint32_t kLookEvery = 61;
/// Work between two offers of the processor by a background worker.
constexpr Nanoseconds kStepAsideEvery = std::chrono::microseconds{100};
}  // namespace

KernelTally::~KernelTally() {
  for (auto& chunk : chunks_) delete[] chunk.load();
}

KernelTally::Cell* KernelTally::cell(std::uint32_t id) noexcept {
  if (id / kChunk >= kChunks) return nullptr;
  auto& chunk = chunks_[id / kChunk];
  // order: relaxed, only the worker writes it
  Cell* cells = chunk.load(std::memory_order_relaxed);
  if (cells == nullptr) {
    cells = new (std::nothrow) Cell[kChunk];
    if (cells == nullptr) return nullptr;
    // order: release, pairs with look() acquire; publishes the zeroed cells
    chunk.store(cells, std::memory_order_release);
  }
  return &cells[id % kChunk];
}

const KernelTally::Cell* KernelTally::look(std::uint32_t id) const noexcept {
  if (id / kChunk >= kChunks) return nullptr;
  // order: acquire, pairs with cell() release
  const Cell* cells = chunks_[id / kChunk].load(std::memory_order_acquire);
  return cells == nullptr ? nullptr : &cells[id % kChunk];
}

Worker::Worker(EngineCore& core, WorkerPool& pool, std::int32_t index)
    : core_(core),
      pool_(pool),
      index_(index),
      random_(static_cast<std::uint32_t>(index) * 2654435761u + 1) {}

Worker* Worker::current() noexcept { return current_worker; }

WorkerScope::WorkerScope(Worker* worker) noexcept : outer_(current_worker) {
  current_worker = worker;
}
WorkerScope::~WorkerScope() { current_worker = outer_; }

void Worker::start(std::shared_ptr<EngineCore> core) {
  thread_id.store(0);  // an ended thread's until now, and perhaps somebody else's
  stage_.store(Stage::live);
  thread_ = std::thread([this, held = std::move(core)]() mutable {
    prepare_thread();
    const os::SignalStack signal_stack;
    const os::CrashScope crash({.engine = core_.options().name.c_str()});
    const bool abandoned = !loop();
    // An abandoned worker belongs to nobody. The core may go with this reference.
    if (abandoned) {
      held.reset();
      return;
    }
    stage_.store(Stage::left);
    core_.worker_left();  // `held` keeps it until the thread has ended
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::prepare_thread() {
  current_worker = this;
  os::set_this_thread_name(pool_.thread_name() + "-" + std::to_string(index_));
  const os::ThreadId thread = os::this_thread_id();
  const EngineOptions& options = core_.options();
  const bool background = pool_.worker_class() == WorkerClass::background;
  const int wanted = background ? options.background_nice : options.foreground_nice;
  if (background) {
    os::set_policy(thread, options.background_policy);
  }
  if (os::nice(thread) != wanted) os::set_nice(thread, wanted);
  if (!processors.empty()) pinned.store(os::set_affinity(thread, processors));
  pool_.admit(*this, thread);
}

void Worker::reschedule(const os::ThreadSchedule& wish) {
  const os::ThreadId thread = thread_id.load();
  if (thread == 0) return;             // yet to begin
  if (stage() == Stage::left) return;  // the number may be another's by now
  os::schedule(thread, wish);
  granted_nice.store(os::nice(thread));
  granted_policy.store(os::policy(thread));
}

Task* Worker::take_queued() noexcept {
  Task* task = nullptr;
  if (inbox_.try_take(&task, 1) == 1) return task;
  for (;;) {
    const Stolen<Task*> taken = deque_.try_steal();
    if (taken.value) return *taken.value;
    if (!taken.lost_race) return nullptr;
  }
}

Task* Worker::steal() noexcept {
  if (Task* task = pool_.take_from_lost()) return task;
  const int slots = pool_.slots();
  if (slots < 2) return nullptr;
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  const int first = static_cast<int>(random_ % static_cast<std::uint32_t>(slots));
  for (int i = 0; i < slots; ++i) {
    Worker* victim = pool_.at((first + i) % slots);
    if (victim == nullptr || victim == this) continue;
    // Pinned to a worker that left at that moment, and has not seen it.
    Task* stranded = nullptr;
    if (!victim->inbox_.empty() && victim->stage() == Stage::left &&
        victim->inbox_.try_take(&stranded, 1) == 1) {
      return stranded;
    }
    while (!victim->deque_.empty()) {
      const Stolen<Task*> taken = victim->deque_.try_steal();
      if (taken.value) {
        bump<std::uint64_t>(stolen, 1);
        return *taken.value;
      }
      if (!taken.lost_race) break;
    }
  }
  return nullptr;
}

Task* Worker::next() noexcept {
  Task* batch[kBatch];
  if (!inbox_.empty() && inbox_.try_take(batch, 1) == 1) return batch[0];
  TaskLanes& lanes = pool_.lanes();
  const auto takers = static_cast<std::size_t>(pool_.count());
  if (lanes.urgent() || ++tick_ % kLookEvery == 0) {
    if (lanes.take(batch, 1, takers, ages_) == 1) return batch[0];
  }
  if (!deque_.empty()) {
    if (const std::optional<Task*> own = deque_.try_pop()) return *own;
  }
  const std::size_t room = core_.manual() ? 1 : kBatch;
  if (const std::size_t taken = lanes.take(batch, room, takers, ages_); taken != 0) {
    // Who looked while we were taking found the lanes busy, and may be about to sleep.
    if (!lanes.empty()) pool_.idle().notify_one([&lanes] { return !lanes.empty(); });
    // All at once, so that the misses overlap: the submitter's core has written them.
    for (std::size_t i = 1; i < taken; ++i) {
      __builtin_prefetch(batch[i], 1);
      __builtin_prefetch(reinterpret_cast<const std::byte*>(batch[i]) + kCacheLine, 1);
    }
    // Newest first into the deque, so that the oldest comes out first; others may steal from it.
    for (std::size_t i = taken; i-- > 1;) {
      if (!deque_.try_push(batch[i])) lanes.push(batch[i]);
    }
    return batch[0];
  }
  return steal();
}

void Worker::flush_group() noexcept {
  if (group_ == nullptr) return;
  TaskGroup* group = std::exchange(group_, nullptr);
  group->finish(std::exchange(group_done_, 0), std::exchange(group_failed_, 0));
}

void Worker::surrender() noexcept {
  while (Task* task = take_queued()) pool_.lanes().push(task);
  // Also for what was pinned to this worker and not seen here: who is woken sees that it has left.
  pool_.wake_all();
}

bool Worker::wants_to_leave() const noexcept {
  return pool_.closed() || stage_.load() == Stage::asked;
}

bool Worker::leaves() noexcept {
  if (pool_.closed()) return true;
  Stage asked = Stage::asked;
  return stage_.compare_exchange_strong(asked, Stage::left);
}

void Worker::begin_work() noexcept {
  const TimePoint now = monotonic_now();
  busy_since_ns.store(now.time_since_epoch().count());
  if (core_.options().openmp_threads != 0) os::find_thread_pools(now);
}

void Worker::end_work() noexcept {
  count_out();
  const std::int64_t since = busy_since_ns.exchange(0);
  const std::int64_t lasted = monotonic_now().time_since_epoch().count() - since;
  bump<std::uint64_t>(busy_ns, static_cast<std::uint64_t>(lasted));
  nap_rule_.worked(Nanoseconds{lasted});
}

/// A task, or nullptr when it is time to see whether to leave, or to nap.
Task* Worker::wait_for_work() noexcept {
  Task* task = nullptr;
  const TimePoint before = monotonic_now();
  waiting.store(true);
  const auto waited = pool_.idle().wait_once(
      [&] {
        task = next();
        if (task != nullptr || wants_to_leave()) return true;
        pool_.relay(this);
        return false;
      },
      kNever, [&] { return !pool_.lanes().empty() || !deque_.empty(); });
  waiting.store(false);
  if (waited == EventCount<>::Waited::in_vain) nap_rule_.worked(Nanoseconds::zero());
  if (waited == EventCount<>::Waited::woken) nap_rule_.slept(monotonic_now() - before);
  return task;
}

/// Out of reach for a moment; then as wait_for_work().
Task* Worker::nap() noexcept {
  pool_.nap(NapRule::kNap);
  Task* task = next();
  if (task == nullptr) nap_rule_.napped_in_vain();
  return task;
}

void Worker::count_in() noexcept {
  if (std::exchange(counted_, true)) return;
  pool_.count_busy(1);
}

void Worker::count_out() noexcept {
  if (!std::exchange(counted_, false)) return;
  pool_.count_busy(-1);
}

// Even a thread that is scheduled last gets a time slice now and then, and the kernel counts slices
// in ticks of up to 4 ms. To yield ends it, and puts off the next one.
void Worker::step_aside() noexcept {
  const TimePoint now = monotonic_now();
  if (now - stepped_aside_ < kStepAsideEvery) return;
  os::yield_thread();
  stepped_aside_ = monotonic_now();
}

/// Behind whoever else wants this processor; then as wait_for_work().
Task* Worker::rest() noexcept {
  os::yield_thread();
  Task* task = next();
  if (task == nullptr) nap_rule_.rested_in_vain();
  return task;
}

bool Worker::loop() noexcept {
  const bool background = pool_.worker_class() == WorkerClass::background;
  bool working = false;
  for (;;) {
    Task* task = next();
    // Before the group is told: who waits for it may call again, and would find this worker busy.
    if (task == nullptr && working) {
      working = false;
      end_work();
    }
    const bool more_comes = task == nullptr && group_ != nullptr && !group_->sealed();
    if (task == nullptr || TaskAccess::group(*task) != group_) flush_group();
    if (task == nullptr) {
      core_.went_idle();
      rest_thread_pools();
      task = nap_rule_.due() && pool_.begin_nap() ? nap()
             : more_comes && nap_rule_.restless() ? rest()
                                                  : wait_for_work();
      if (task == nullptr) {
        if (!leaves()) continue;
        surrender();
        return true;
      }
    }
    if (!working) {
      working = true;
      begin_work();
    }
    if (!run(task)) return false;
    if (background) step_aside();
    if (stage_.load() == Stage::asked && leaves()) {
      end_work();
      flush_group();
      surrender();
      return true;
    }
  }
}

}  // namespace cogway
