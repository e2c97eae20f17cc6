// SPDX-License-Identifier: Apache-2.0
#pragma once
// A kernel call as it is handed to the engine: which kernel, on what, with which options.
// Descriptions only: the engine moves what it needs into the task, and these objects may die after
// the call.
//
// **Threads**: values: distinct objects any, one object by one thread at a time.
// **Ownership**: an Input holds its buffer, or what its Release gives back; the rest borrows.
// **Progress**: wait-free but for what a Release does. **Order**: none; the submission publishes.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/buffer_view.hpp"
#include "cogway/bus/reservation.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/engine/params.hpp"
#include "cogway/engine/priority.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

class Kernel;
class TaskGroup;

/// One input: a view of a bus buffer, or of foreign memory that somebody keeps alive. It is held
/// from submission until the kernel has returned (or never will run), then released on whatever
/// thread.
class Input {
 public:
  using Release = void (*)(void* owner) noexcept;

  Input() = default;
  explicit Input(BufferRef buffer);
  explicit Input(BufferView view);
  /// Foreign memory: `release(owner)` is called exactly once, also when the call is refused; it
  /// must not block or need the GIL. `release` may be null.
  Input(const cogway_view& view, void* owner, Release release) noexcept;
  Input(Input&& other) noexcept;
  Input& operator=(Input&& other) noexcept;
  ~Input() { reset(); }

  void reset() noexcept;
  [[nodiscard]] const cogway_view& view() const noexcept { return view_; }
  /// Empty for foreign memory.
  [[nodiscard]] const BufferRef& buffer() const noexcept { return buffer_; }

 private:
  cogway_view view_{};
  BufferRef buffer_;
  void* owner_ = nullptr;
  Release release_ = nullptr;
};

/// Which workers may run a task. Resolved at submission: the worker is fixed then.
struct Affinity {
  static constexpr std::int32_t kAnyWorker = -1;
  std::int32_t worker = kAnyWorker;  ///< index within the class
  std::vector<int> cpus;             ///< if not empty: a worker pinned within these, else refused

  [[nodiscard]] bool any() const noexcept { return worker == kAnyWorker && cpus.empty(); }
};

/// Options of any task.
struct SpawnOptions {
  Priority priority = Priority::normal;
  WorkerClass worker_class = WorkerClass::foreground;
  TimePoint deadline = kNever;  ///< of the engine's clock
  const Affinity* affinity = nullptr;
  TaskGroup* group = nullptr;  ///< told when the task has ended
  bool quiet = false;          ///< wake nobody: Engine::wake() follows, after a row of tasks
  /// Behind what is queued already, from a worker too: what a worker spawns otherwise waits in its
  /// own deque, whose newest task is run first.
  bool in_turn = false;
};

struct KernelCall {
  Kernel* kernel = nullptr;
  std::span<Input> inputs;              ///< moved from if accepted; untouched if refused
  const ParamValues* params = nullptr;  ///< nullptr: all defaults
  /// Where outputs go: one writable C-contiguous view each, of the described dtype and shape.
  /// Empty: fresh buffers. Until the kernel has returned the call holds a WritableExport of each
  /// buffer, so nobody can freeze or transfer it meanwhile. Moved from if accepted.
  std::span<BufferView> out;
  /// Bytes set aside already to draw the outputs from (what they need is split off at submission);
  /// nullptr: the engine reserves.
  Reservation* reservation = nullptr;
  /// Freeze fresh outputs at completion; false leaves them leased, for a transfer.
  bool freeze = true;
  /// Debug mode: who calls, "file:line", kept by the report (DebugReport::keep()); may be null.
  const char* place = nullptr;
  SpawnOptions options;
};

/// The outcome of a call made inline (TaskContext::call).
struct CallResult {
  StatusCode code = StatusCode::ok;
  Cause cause = Cause::none;
  std::string message;
  BufferRef outputs[COGWAY_MAX_BUFFERS];  ///< the first output_count() of the kernel, if ok
};

}  // namespace cogway
