// SPDX-License-Identifier: Apache-2.0
#pragma once
// A pipeline as its runs read it: the stages as given, and the segments they fall into. Immutable
// once a run has seen it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cogway/flow/pipeline_options.hpp"
#include "cogway/flow/source_list.hpp"
#include "cogway/flow/stage.hpp"

namespace cogway::detail {

enum class SegmentKind : std::uint8_t { chain, foreign };

/// A row of native stages, or one foreign stage.
struct Segment {
  SegmentKind kind = SegmentKind::chain;
  std::uint32_t first = 0;   ///< stage
  std::uint32_t last = 0;    ///< stage, inclusive
  std::uint32_t limit = 1;   ///< items at a time
  bool fills_batch = false;  ///< its last kernel writes into the item's place
};

struct Plan {
  static constexpr std::uint32_t kNoSegment = UINT32_MAX;

  std::vector<StageSpec> stages;
  std::vector<Segment> segments;
  std::shared_ptr<const SourceList> list;  ///< null: an open source
  std::string source_name;  ///< "list", or the name of the open source; empty: none yet
  PipelineOptions options;
  const char* place = nullptr;  ///< who runs it, for debug mode

  bool batched = false;
  BatchStage batch;                ///< if batched
  std::uint32_t batch_stage = 0;   ///< index of the batch stage, if any
  std::uint32_t before_batch = 0;  ///< segments that items pass before they are batched

  [[nodiscard]] bool stacked() const noexcept { return batched && batch.stack; }
  /// Items that make one element.
  [[nodiscard]] std::uint64_t group() const noexcept { return batched ? batch.size : 1; }
  [[nodiscard]] const NativeStage& native(std::uint32_t stage) const {
    return std::get<NativeStage>(stages[stage]);
  }
  [[nodiscard]] std::string stage_name(std::uint32_t stage) const;
};

}  // namespace cogway::detail
