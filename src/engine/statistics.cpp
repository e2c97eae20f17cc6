// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/statistics.hpp"

#include <utility>

#include "call_block.hpp"
#include "cogway/engine/kernel.hpp"
#include "engine_core.hpp"
#include "task_access.hpp"

namespace cogway {
namespace {

// order: relaxed, no pairing: counters, each right by itself
constexpr auto kSampled = std::memory_order_relaxed;

WorkerStatistics look_at(const Worker& worker, WorkerClass worker_class, std::int64_t now_ns) {
  WorkerStatistics result;
  result.worker_class = worker_class;
  result.index = worker.index();
  result.thread_id = worker.thread_id.load(kSampled);
  result.executed = worker.executed.load(kSampled);
  result.stolen = worker.stolen.load(kSampled);
  result.busy_ns = worker.busy_ns.load(kSampled);
  if (const std::int64_t since = worker.busy_since_ns.load(kSampled);
      since != 0 && now_ns > since) {
    result.busy_ns += static_cast<std::uint64_t>(now_ns - since);
  }
  result.parallel_loops = worker.loops.load(kSampled);
  result.parallel_pieces = worker.pieces.load(kSampled);
  result.thread_budget = worker.budget.load(kSampled);
  result.nice = worker.granted_nice.load(kSampled);
  result.policy = worker.granted_policy.load(kSampled);
  result.pinned = worker.pinned.load(kSampled);
  if (const char* name = worker.running_name.load(kSampled)) result.running = name;
  return result;
}

ClassStatistics look_at(WorkerPool& pool) {
  ClassStatistics result;
  for (std::size_t i = 0; i < kPriorityCount; ++i) {
    result.queued_by_priority[i] = pool.lanes().size(static_cast<Priority>(i));
    result.queued += result.queued_by_priority[i];
  }
  result.workers = static_cast<std::uint64_t>(pool.count());
  const EventCountStatistics idle = pool.idle().statistics();
  result.parks = idle.parks;
  result.wakes = idle.wakes;
  result.left_to_search = idle.left_to_search;
  result.naps = pool.naps();
  const SpinStatistics spin = pool.budget().statistics();
  result.spins = spin.spins;
  result.spin_hits = spin.hits;
  result.spin_ns = static_cast<std::uint64_t>(spin.spent.count());
  result.wasted_spin_ns = static_cast<std::uint64_t>(spin.wasted.count());
  return result;
}

}  // namespace

EngineStatistics EngineCore::statistics() const {
  EngineStatistics result;
  result.name = options_.name;
  result.completed = sum(Count::ok);
  result.failed = sum(Count::failed);
  result.cancelled = sum(Count::cancelled);
  result.expired = sum(Count::expired);
  result.refused = sum(Count::refused);
  const std::uint64_t ended = sum(Count::ended);
  const std::uint64_t submitted = sum(Count::submitted);
  result.in_flight = submitted > ended ? submitted - ended : 0;
  result.submitted = submitted;
  result.parked_for_bus = admission_->waiting();
  result.abandoned_workers = abandoned_.load(kSampled);
  result.log_dropped = log_.dropped();
  result.task_records = TaskAccess::records();
  result.call_records = CallBlock::records();
  result.record_allocations = TaskAccess::allocations() + CallBlock::allocations();
  result.ports = posts_.statistics();
  const std::int64_t now_ns = monotonic_now().time_since_epoch().count();
  const std::vector<Kernel*> kernels = registry_->all_kernels();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> calls(kernels.size());
  for (std::size_t i = 0; i < kWorkerClassCount; ++i) {
    WorkerPool& pool = *pools_[i];
    result.classes[i] = look_at(pool);
    pool.for_each([&](const Worker& worker) {
      result.steals += worker.stolen.load(kSampled);
      if (worker.index() < pool.count() && pool.at(worker.index()) == &worker) {
        result.workers.push_back(look_at(worker, pool.worker_class(), now_ns));
      }
      for (std::size_t k = 0; k < kernels.size(); ++k) {
        const KernelTally::Cell* cell = worker.kernel_tally().look(kernels[k]->id());
        if (cell == nullptr) continue;
        calls[k].first += cell->calls.load(kSampled);
        calls[k].second += cell->failures.load(kSampled);
      }
    });
  }
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    if (calls[k].first == 0) continue;
    result.kernels.push_back(
        {kernels[k]->name(), calls[k].first, calls[k].second, kernels[k]->expected_ns()});
  }
  return result;
}

}  // namespace cogway
