// SPDX-License-Identifier: Apache-2.0
#pragma once
// One epoch of a pipeline, seen by its consumer and by those who run its foreign parts. The law is
// at the top of pipeline.hpp.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/engine/call.hpp"
#include "cogway/engine/task.hpp"
#include "cogway/flow/element.hpp"
#include "cogway/flow/failure.hpp"
#include "cogway/flow/pipeline_statistics.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

namespace detail {
class RunCore;
struct Plan;
}  // namespace detail

/// What try_next() found.
enum class Next : std::uint8_t { element, pending, end, failed, cancelled };

/// What an item is made of as it enters a chain: a buffer, or memory that `held` keeps alive, or,
/// with neither, memory that the source keeps alive.
struct Operand {
  cogway_view view{};
  BufferRef keep;
  Input held;  ///< released outside all locks, on whatever thread

  [[nodiscard]] static Operand of(BufferRef buffer);
  [[nodiscard]] static Operand of(Input input) noexcept;
  [[nodiscard]] static Operand of(std::span<const std::byte> bytes) noexcept;
};

/// An item in a foreign stage's hands.
struct ForeignItem {
  std::uint64_t ticket = 0;  ///< for give_foreign()
  std::uint32_t stage = 0;   ///< index in the list of stages
  Element value;             ///< foreign: the value never left the foreign side
};

/// A handle. **Threads**: any, for all calls. **Ownership**: dropping it cancels the run; work that
/// has begun keeps what it needs until it has returned.
/// **Progress**: locks briefly; wait_quiet() and next() block.
/// **Order**: an element or foreign item that is handed over shows all that stages wrote.
class PipelineRun {
 public:
  PipelineRun() = default;
  explicit PipelineRun(std::shared_ptr<detail::RunCore> core) noexcept;
  PipelineRun(PipelineRun&&) noexcept = default;
  PipelineRun& operator=(PipelineRun&& other) noexcept;
  ~PipelineRun();

  // --- The consumer ------------------------------------------------------------------------------
  [[nodiscard]] Next try_next(Element* element);
  /// Ends (ok) when try_next() would not answer `pending`. One wait may end without a result, when
  /// another consumer was faster.
  [[nodiscard]] TaskRef wait_ready();
  /// For plain threads: waits for wait_ready() as long as needed.
  [[nodiscard]] Next next(Element* element);

  /// Law 8. True when this call ended it.
  bool cancel();
  /// Ends when nothing of this run runs any more; only after an end, a failure or cancel().
  [[nodiscard]] TaskRef wait_quiet();
  [[nodiscard]] bool quiet() const;
  /// The failures so far, the first one first. With skip_errors: those skipped are not among them.
  [[nodiscard]] std::vector<Failure> failures() const;
  /// The latest skipped items, at most 64, oldest first.
  [[nodiscard]] std::vector<Failure> skipped() const;
  [[nodiscard]] PipelineStatistics statistics() const;

  // --- An open source ----------------------------------------------------------------------------
  /// Gives the next item if there is room for it, and says its position. Its value is the foreign
  /// side's; operands are what a native stage sees of it (none: it cannot enter one). Operands are
  /// moved from if taken. failed_precondition: the run is over.
  Status try_offer(std::span<Operand> operands, std::uint64_t index, bool* taken,
                   std::uint64_t* position);
  /// Ends when there is room, or the run is over.
  [[nodiscard]] TaskRef wait_room();
  void end_source();
  void fail_source(StatusCode code, std::string message);

  // --- Foreign stages ----------------------------------------------------------------------------
  /// The next item that waits for any foreign stage; false when none may be taken now.
  bool take_foreign(ForeignItem* item);
  /// Ends when an item may be taken, or never again will be.
  [[nodiscard]] TaskRef wait_foreign();
  /// Nothing will come any more for foreign stages.
  [[nodiscard]] bool foreign_over() const;
  /// The result, as for try_offer(). A status other than ok is the item's failure; cancelled, in a
  /// run that is over, says that its call never began, and is none.
  void give_foreign(std::uint64_t ticket, std::span<Operand> operands, const Status& status);
  /// Positions of items that have left without reaching the consumer since the last call: what the
  /// foreign side keeps for them can go.
  [[nodiscard]] std::vector<std::uint64_t> left();

 private:
  std::shared_ptr<detail::RunCore> core_;
};

}  // namespace cogway
