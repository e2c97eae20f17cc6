// SPDX-License-Identifier: Apache-2.0
#pragma once
// `_core.Engine`, the raw base of `cogway.Engine`: the native engine, the queue of the Python
// workers, and the kernels that calls have looked up.

#include <Python.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel_owner.hpp"
#include "cogway/engine/task_queue.hpp"
#include "module/arguments.hpp"
#include "module/module_state.hpp"
#include "module/running_calls.hpp"

namespace cogway {

/// The native side; outlives the Python object while tickets or log records need it.
struct EngineHost {
  EngineHost(EngineOptions options, const TaskQueueOptions& queue_options)
      : engine(with_clock(std::move(options), &clock)),
        debug_report(engine.debug_report()),
        python_queue(queue_options) {}

  ManualClock clock;                    ///< of a manual engine
  std::shared_ptr<void> log_forwarder;  ///< called by workers, so it outlives the engine below
  Engine engine;
  const std::shared_ptr<DebugReport> debug_report;  ///< null without debug mode
  TaskQueue python_queue;
  RunningCalls running_calls;
  std::atomic<std::uint64_t> python_submitted{0};
  std::atomic<std::uint64_t> python_completed{0};
  std::atomic<std::uint64_t> python_failed{0};
  std::atomic<std::uint64_t> python_cancelled{0};

 private:
  static EngineOptions with_clock(EngineOptions options, ManualClock* clock) {
    if (options.manual) options.clock = clock;
    return options;
  }
};

/// Kernels found by the very object that named them: most calls use a literal, or one function.
struct KernelCacheEntry {
  PyObject* named_by = nullptr;  ///< owned: a str, a Kernel, or a function that was accepted
  PyObject* handle = nullptr;    ///< owned: the Kernel that the function became; else nullptr
  Kernel* kernel = nullptr;
  std::uint64_t generation = 0;  ///< of the registry, when it was found
};

/// **Threads**: any attached. **Ownership**: owns the host, which joins its threads when destroyed.
/// **Progress**: submissions never wait. **Order**: as Engine.
struct EngineObject {
  static constexpr std::size_t kCacheSize = 16;

  PyObject_HEAD ModuleState* state;
  std::shared_ptr<EngineHost>* host;  ///< owned; nullptr before __init__
  std::array<KernelCacheEntry, kCacheSize> kernels;
#ifndef COGWAY_MANAGED_WEAKREF
  PyObject* weak_references;
#endif
};

[[nodiscard]] inline EngineObject* as_engine(PyObject* object) noexcept {
  return reinterpret_cast<EngineObject*>(object);
}
/// The host; RuntimeError when __init__ never ran.
[[nodiscard]] EngineHost* host_of(PyObject* engine);
/// Most threads of a class.
inline constexpr std::int64_t kMostThreads = 4096;

/// The kernel that `object` is: its name, a Kernel, or a native function that can become one (with
/// `nogil` as c_spawn was given it; may be nullptr). *hold keeps its code for the call. nullptr
/// with LookupError ("did you mean") or TypeError.
[[nodiscard]] Kernel* find_kernel(EngineObject* engine, PyObject* object, PyObject* nogil,
                                  KernelHold* hold);  // kernel_lookup.cpp
/// Lets go of what find_kernel() keeps for the next call: functions, and what they need.
void forget_kernels(EngineObject* engine) noexcept;  // kernel_lookup.cpp

// Methods, by file.
PyObject* engine_c_spawn(PyObject* engine, PyObject* const* arguments, Py_ssize_t count,
                         PyObject* keywords);  // kernel_spawn.cpp
PyObject* engine_c_map(PyObject* engine, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keywords);  // kernel_map.cpp
PyObject* engine_call(PyObject* engine, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords);               // python_call.cpp
PyObject* engine_worker(PyObject* engine, PyObject*);    // python_call.cpp
PyObject* engine_run_call(PyObject* engine, PyObject*);  // python_call.cpp
/// In a Python worker that is about to wait for `task`: runs it here if it is a call of the same
/// engine that nobody has begun, which would wait for a worker that may never come. False: wait.
bool run_awaited_call(Task& task);                                        // python_call.cpp
PyObject* call_cancelled(PyObject* module, PyObject*);                    // python_call.cpp
PyObject* engine_retire_worker(PyObject* engine, PyObject*);              // python_call.cpp
PyObject* engine_stop_calls(PyObject* engine, PyObject*);                 // python_call.cpp
PyObject* engine_abandon_calls(PyObject* engine, PyObject* threads);      // python_call.cpp
PyObject* engine_drain(PyObject* engine, PyObject* timeout);              // engine_life.cpp
PyObject* engine_stop(PyObject* engine, PyObject* grace);                 // engine_life.cpp
PyObject* engine_close_python_queue(PyObject* engine, PyObject* cancel);  // engine_life.cpp
PyObject* engine_resize(PyObject* engine, PyObject* const* arguments,
                        Py_ssize_t count);                                   // engine_life.cpp
bool read_cpus(Argument argument, PyObject* given, std::vector<int>& cpus);  // engine_life.cpp
PyObject* engine_schedule_workers(PyObject* engine, PyObject* const* arguments,
                                  Py_ssize_t count);            // engine_life.cpp
PyObject* engine_run_one(PyObject* engine, PyObject*);          // engine_life.cpp
PyObject* engine_advance(PyObject* engine, PyObject* seconds);  // engine_life.cpp
PyObject* engine_open_port(PyObject* engine, PyObject* const* arguments,
                           Py_ssize_t count);              // post_port.cpp
PyObject* engine_statistics(PyObject* engine, PyObject*);  // engine_statistics.cpp
PyObject* engine_kernels(PyObject* engine, PyObject*);     // engine_statistics.cpp

}  // namespace cogway
