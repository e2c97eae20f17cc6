// SPDX-License-Identifier: Apache-2.0
#pragma once
// A pipeline: a source, stages, and how much may be between the source and its consumer.
//
//   source ──▶ chain of native stages ──▶ foreign stage ──▶ chain ──▶ batch ──▶ … ──▶ consumer
//              one task per item          (Python)          writes into its place
//
// The law of it. Where the implementation differs, the implementation is wrong.
//
//   1. An epoch (PipelineRun) takes each item of the source once, in the source's order, or in the
//      order of Permutation(n, seed, epoch).
//   2. Neighbouring native stages are one chain: one task for each item, run by one worker from the
//      first kernel to the last, with no queue between.
//   3. At most `prefetch` elements are between source and consumer. Nothing is taken from the
//   source
//      before there is room for what it becomes: of a stacked batch the whole buffer is leased
//      before its first item is dispatched, and each item knows its place in it.
//   4. The native stage before a stacked batch writes into the item's place: no copy, no collation.
//      All items must have one dtype and shape there. The first item of a pipeline goes alone, as
//      it tells what a place looks like.
//   5. Ordered: elements come in the order of the source; item i belongs to batch ⌊i/size⌋,
//   whatever
//      the number of workers. A skipped item makes its batch shorter and shifts no other.
//      As completed: elements come as they are finished; a skipped item's place is given to the
//      next item, so only the last batch may be short.
//   6. A full bus never blocks a worker. An item that finds it full drops what it had made and
//   starts
//      again when bytes are freed; a batch that finds it full makes the source wait. What can never
//      fit fails at once.
//   7. The first failure stops everything: no more items are taken, queued ones are dropped,
//   running
//      kernels see cancelled(); finished elements not yet taken are dropped. All failures that
//      happened until everything is quiet are reported, the first one first. With skip_errors a
//      failed item is left out and counted instead, up to skip_limit.
//   8. A run that is cancelled or dropped leaves nothing behind: it is quiet once the last kernel
//   that
//      ran has returned, and then holds no buffer.
//   9. No lock is held while a kernel, a foreign stage, a waiter or a release function runs.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cogway/flow/pipeline_options.hpp"
#include "cogway/flow/pipeline_run.hpp"
#include "cogway/flow/source_list.hpp"
#include "cogway/flow/stage.hpp"

namespace cogway {

class Engine;

/// Which parameter a kernel without inputs takes the item by: its first required string that is not
/// among those given.
[[nodiscard]] std::optional<std::uint32_t> item_text_param(const Kernel& kernel,
                                                           std::span<const std::string_view> given);

/// The description. Running it (start()) leaves it unchanged, so an epoch is one start().
///
/// **Threads**: build it in one thread; start() from any, several runs may be alive at once.
/// **Ownership**: keeps its source; the engine must outlive every run of it.
/// **Progress**: start() dispatches the first items and returns.
/// **Order**: n/a.
class Pipeline {
 public:
  explicit Pipeline(Engine& engine);

  // Each throws std::invalid_argument where the pipeline would make no sense, and returns *this.

  /// Items known in full. Once, before stages.
  Pipeline& source(SourceList list);
  /// Items that are offered one by one (PipelineRun::try_offer).
  Pipeline& open_source(std::string name);
  /// A kernel of the engine's registry. `bound` names parameters that follow the item. A kernel
  /// without inputs (file.read) gets the item as its first required string, unless that is given.
  Pipeline& native(std::string_view kernel, std::span<const ParamArgument> params = {},
                   std::span<const std::pair<std::string_view, ItemField>> bound = {},
                   std::uint32_t concurrency = 0);
  Pipeline& native(NativeStage stage);
  Pipeline& foreign(ForeignStage stage);
  Pipeline& batch(BatchStage stage);
  Pipeline& options(const PipelineOptions& options);

  /// Begins an epoch. Throws std::invalid_argument without a source, std::logic_error in a forked
  /// child. `place` is who runs it, for debug mode, as KernelCall::place.
  [[nodiscard]] PipelineRun start(std::uint64_t epoch = 0, const char* place = nullptr) const;

  [[nodiscard]] Engine& engine() const noexcept { return *engine_; }

 private:
  Engine* engine_;
  std::shared_ptr<const detail::Plan> plan_;  ///< replaced, never changed: runs share it
};

}  // namespace cogway
