// SPDX-License-Identifier: Apache-2.0
#pragma once
// What running code may ask of the engine: a kernel sees it as cogway_context through the host
// table, a C++ callable as this class. One per execution, on the stack of the worker; never kept.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "cogway/base/status.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

class Engine;
class EngineCore;

/// **Threads**: the executing thread; cancelled(), fail(), log(), post(), thread_budget() and the
/// parallel loops also from bodies of parallel loops.
/// **Ownership**: the worker's, for one execution. **Progress**: see each call.
/// **Order**: none beyond the task's.
class TaskContext {
 public:
  /// Asked to stop: cancelled, past its deadline, or the engine is being stopped. Two relaxed
  /// loads.
  [[nodiscard]] bool cancelled() const noexcept {
    // order: relaxed, a hint that carries no data
    return task_->cancel_requested() || stopping_->load(std::memory_order_relaxed);
  }
  [[nodiscard]] TimePoint deadline() const noexcept { return task_->deadline(); }
  [[nodiscard]] Task& task() const noexcept { return *task_; }
  /// Index, within its class, of the worker whose thread this is; -1: none (describe() of a kernel
  /// on the caller's thread).
  [[nodiscard]] std::int32_t worker_index() const noexcept;

  /// 64-byte aligned, not cleared, valid until the execution ends; kept by the worker between
  /// executions. nullptr when memory is short. Adds to what this execution holds.
  [[nodiscard]] void* scratch(std::size_t bytes) noexcept;

  /// See kernel_abi.h. Pieces go to idle workers of the same class; the caller works too and waits
  /// only for pieces that run already, so nesting cannot deadlock. The first failure stops the
  /// handing out of further pieces and is returned; cancellation likewise (COGWAY_CANCELLED).
  StatusCode parallel_for(std::int64_t n, std::int64_t grain, cogway_range_body body,
                          void* argument) noexcept;

  /// See kernel_abi.h: adds up over [0, n) in chunks that follow from n and grain alone.
  StatusCode parallel_reduce(std::int64_t n, std::int64_t grain, cogway_reduce_body body,
                             cogway_combine combine, void* argument, void* result,
                             std::size_t bytes) noexcept;
  /// How many threads of its own (OpenMP, say) the running code may keep busy now, this one among
  /// them: the processors of the class shared among its busy workers, or
  /// EngineOptions::openmp_threads.
  [[nodiscard]] int thread_budget() const noexcept;

  /// See kernel_abi.h: hands copies of `buffers` to whoever takes posts of that name from the
  /// engine (Engine::open_port()). Never waits. Does not touch the failure's message.
  StatusCode post(std::string_view name, std::span<const cogway_view> buffers) noexcept;

  /// Calls a kernel here and now, as part of this execution (cancellation and deadline are its
  /// own). Never waits: without a reservation a full bus is resource_exhausted. Inputs and out are
  /// moved from.
  void call(KernelCall& call, CallResult* result) noexcept;

  /// Sets the failure's message (at most 511 bytes kept) and returns `code`, to be returned.
  StatusCode fail(StatusCode code, std::string_view message) noexcept;
  /// Why it fails, where that is not `kernel`.
  void set_cause(Cause cause) noexcept { cause_ = cause; }
  /// One line under the task's name, as kernels log.
  void log(int level, std::string_view message) noexcept;

  static TaskContext& from(cogway_context* context) noexcept {
    return *reinterpret_cast<TaskContext*>(context);
  }
  [[nodiscard]] cogway_context* to_abi() noexcept {
    return reinterpret_cast<cogway_context*>(this);
  }

 private:
  friend class EngineCore;
  friend struct HostAccess;  ///< the host table
  friend struct TaskAccess;  ///< the engine's sources
  static constexpr std::size_t kMessageBytes = 511;

  TaskContext(EngineCore& core, Task& task) noexcept;

  EngineCore* core_;
  Task* task_;
  const std::atomic<bool>* stopping_;  ///< the engine's
  CallBlock* call_ = nullptr;          ///< the kernel call in progress (set_output_shape)
  Cause cause_ = Cause::kernel;
  std::uint16_t message_size_ = 0;
  char message_[kMessageBytes + 1];  ///< not cleared
};

}  // namespace cogway
