// SPDX-License-Identifier: Apache-2.0
#pragma once
// How an engine is set up. Values that depend on the machine are resolved when the engine starts
// and shown by Engine::statistics().

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/base/os/thread.hpp"
#include "cogway/engine/attach_watch.hpp"
#include "cogway/engine/priority.hpp"

namespace cogway {

class Bus;
class KernelRegistry;

/// What a submission does when the bus has no room for its outputs now.
enum class FullBusPolicy : std::uint8_t {
  wait,  ///< the task parks, in order, until bytes are freed; no thread waits
  fail,  ///< refused: Cause::bus_exhausted
};

struct EngineOptions {
  static constexpr int kAuto = -1;

  std::string name = "cogway";
  /// Threads per class. kAuto: the processors that cgroup quota and affinity leave. foreground ≥ 1.
  int foreground_workers = kAuto;
  int background_workers = kAuto;
  /// Processors kept free of background workers (there are then fewer of them, and they are pinned
  /// to the others): room for the thread that trains.
  int reserved_cores = 0;
  /// Pins worker i of each class to the i-th processor of `cpus` (or of those allowed).
  bool pin = false;
  std::vector<int> cpus;

  /// Niceness per class, best effort: what was granted is in the statistics.
  int foreground_nice = 0;
  int background_nice = 19;
  /// Of background threads: idle, batch or other. Under `batch` they get their share by niceness,
  /// one time slice in some dozens, and a thread of the foreground waits that long for each; under
  /// `idle` a fifth of that. Ignored where the system refuses; what was granted is in the
  /// statistics.
  os::SchedulingPolicy background_policy = os::SchedulingPolicy::idle;

  /// Spinning before a worker parks. kAuto: adaptive, at most 50 µs at a time and within the budget
  /// of 5 % of wall time wasted, off with fewer than two processors; 0: never.
  Nanoseconds spin{kAuto};

  /// Threads that OpenMP and MKL may use within one task, the worker's own among them. kAuto: the
  /// processors of the class shared among the workers that are busy when the task begins, so that N
  /// tasks with M threads each do not come to N × M; 0: leave these libraries alone.
  int openmp_threads = kAuto;

  QueueOrder order = QueueOrder::fifo;
  /// One task in so many is taken from a lower lane while higher ones wait. 0: strict priority.
  std::uint32_t ageing = 16;
  /// Tasks that may wait per class; more are refused (Cause::queue_full). 0: no limit.
  std::size_t queue_capacity = 0;
  FullBusPolicy full_bus = FullBusPolicy::wait;

  /// The bus of the engine: `bus` if given, else one of bus_bytes.
  std::shared_ptr<Bus> bus;
  std::uint64_t bus_bytes = std::uint64_t{256} << 20;

  /// How long a running task that was cancelled (or is past its deadline) may go on before its
  /// worker is given up and replaced.
  Nanoseconds grace = std::chrono::seconds{5};

  /// Whether a fatal signal in work of this process is reported with the kernel's name (see
  /// os::install_crash_report()). One engine that asks for it suffices, and none takes it back.
  bool crash_report = true;

  /// Redzones around what kernels get, looked at when they return; poison in what is freed; a bus
  /// of its own is in debug mode too. For finding mistakes, not for speed.
  bool debug = false;
  /// Debug mode: tells kernels that enter Python; nullptr: not asked. Outlives the engine.
  const AttachWatch* attach_watch = nullptr;

  /// nullptr: KernelRegistry::process().
  KernelRegistry* registry = nullptr;

  /// No threads: tasks run in Engine::run_one() on the caller, time comes from `clock`.
  bool manual = false;
  ManualClock* clock = nullptr;
};

/// The defaults, overridden by COGWAY_NATIVE_WORKERS, COGWAY_BACKGROUND_WORKERS,
/// COGWAY_RESERVED_CORES, COGWAY_BUS_BYTES, COGWAY_SPIN_NS, COGWAY_OPENMP_THREADS,
/// COGWAY_CRASH_REPORT and COGWAY_DEBUG.
/// std::invalid_argument names a variable that cannot be read.
[[nodiscard]] EngineOptions options_from_environment();

}  // namespace cogway
