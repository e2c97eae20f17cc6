// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an engine in debug mode does around every kernel. A kernel gets its scratch, and what it
// writes into out=, between redzones of its own; its outputs and inputs lie between those of the
// bus; all are looked at when it returns, and so is its thread: native work never enters Python.

#include <cstddef>
#include <memory>

#include "bus/redzone.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/debug_report.hpp"
#include "cogway/engine/attach_watch.hpp"

namespace cogway {

struct CallBlock;
class Kernel;
class TaskContext;
class Worker;

/// **Threads**: any. **Ownership**: the engine's; shares the report. **Progress**: allocates, locks
/// and enters the kernel around the work. **Order**: none of its own.
class DebugMode {
 public:
  /// Without a report (of a bus in debug mode) it makes its own. `watch` may be null.
  DebugMode(std::shared_ptr<DebugReport> report, const AttachWatch* watch);

  /// In place of call_kernel(): damage makes the call fail (internal).
  StatusCode run(Kernel& kernel, CallBlock* block, TaskContext& context, Worker* worker) noexcept;
  /// Around the pieces of a parallel loop that a helper works on. False, with the message in
  /// `context`: damage.
  void begin() noexcept;
  [[nodiscard]] bool end(Worker& worker, TaskContext& context, const char* name) noexcept;
  /// After a C++ callable: frees its scratch. False: damage.
  [[nodiscard]] bool end_scratch(Worker& worker, TaskContext& context) noexcept;
  /// Of a parallel_reduce: a partial result, and what lies behind it. False: damage.
  [[nodiscard]] bool check_partial(const detail::Redzones& zones, TaskContext& context) noexcept;
  [[nodiscard]] void* scratch(Worker& worker, std::size_t bytes) noexcept;

  [[nodiscard]] const std::shared_ptr<DebugReport>& report() const noexcept { return report_; }

 private:
  struct Places;  // of one call
  void watch_end(const char* name, const Worker* worker) noexcept;
  bool tell(std::vector<Finding>& found, TaskContext& context) noexcept;

  std::shared_ptr<DebugReport> report_;
  const AttachWatch* watch_;
};

}  // namespace cogway
