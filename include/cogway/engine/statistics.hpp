// SPDX-License-Identifier: Apache-2.0
#pragma once
// Snapshots of what an engine counts. Values, taken without stopping anything: each number is
// exact, numbers of one snapshot may be some tasks apart.

#include <cstdint>
#include <string>
#include <vector>

#include "cogway/base/os/thread.hpp"
#include "cogway/engine/post_port.hpp"
#include "cogway/engine/priority.hpp"

namespace cogway {

struct WorkerStatistics {
  WorkerClass worker_class{};
  std::int32_t index = 0;
  std::int32_t thread_id = 0;         ///< kernel's tid
  std::uint64_t executed = 0;         ///< tasks run
  std::uint64_t stolen = 0;           ///< of them taken from another worker's deque
  std::uint64_t busy_ns = 0;          ///< from finding work to running out of it
  std::uint64_t parallel_loops = 0;   ///< parallel_for and parallel_reduce of its own tasks
  std::uint64_t parallel_pieces = 0;  ///< pieces of other tasks' parallel_for
  std::int32_t thread_budget = 0;     ///< OpenMP threads of its latest task; 0: none was limited
  std::int32_t nice = 0;              ///< granted
  os::SchedulingPolicy policy{};      ///< granted
  bool pinned = false;                ///< granted
  std::string running;                ///< name of the task it runs now; empty: none
};

struct ClassStatistics {
  std::uint64_t queued = 0;  ///< waiting now
  std::uint64_t queued_by_priority[kPriorityCount] = {};
  std::uint64_t workers = 0;
  std::uint64_t parks = 0;                 ///< workers that went to sleep
  std::uint64_t wakes = 0;                 ///< sleepers woken
  std::uint64_t left_to_search = 0;        ///< notifications that a spinning worker took
  std::uint64_t naps = 0;                  ///< times a worker was out of reach for a moment
  std::uint64_t spins = 0, spin_hits = 0;  ///< searches, and those that found work
  std::uint64_t spin_ns = 0;               ///< all spinning (of all engines that share the budget)
  std::uint64_t wasted_spin_ns = 0;        ///< of it charged to the budget
};

struct KernelStatistics {
  std::string name;
  std::uint64_t calls = 0;       ///< run() entered
  std::uint64_t failures = 0;    ///< of them not ok
  std::int64_t expected_ns = 0;  ///< learned duration
};

struct EngineStatistics {
  std::string name;
  std::uint64_t submitted = 0;  ///< accepted tasks of all kinds
  std::uint64_t completed = 0;  ///< ended ok
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t expired = 0;         ///< ended by their deadline
  std::uint64_t refused = 0;         ///< queue full, bus full, closed
  std::uint64_t in_flight = 0;       ///< accepted, code not ended
  std::uint64_t parked_for_bus = 0;  ///< in the admission queue now
  std::uint64_t abandoned_workers = 0;
  std::uint64_t steals = 0;
  std::uint64_t log_dropped = 0;
  std::uint64_t task_records = 0;  ///< records made so far, process-wide: flat in steady state
  std::uint64_t call_records = 0;
  std::uint64_t record_allocations = 0;  ///< times the pools had to ask for memory, process-wide
  ClassStatistics classes[kWorkerClassCount];
  std::vector<WorkerStatistics> workers;
  std::vector<KernelStatistics> kernels;  ///< those called at least once
  std::vector<PortStatistics> ports;      ///< open ones, and closed ones not replaced yet
};

}  // namespace cogway
