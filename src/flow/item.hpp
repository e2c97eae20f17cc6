// SPDX-License-Identifier: Apache-2.0
#pragma once
// The record of one item, or of one batch, on its way through a run. Records are recycled: in
// steady state a run allocates none.

#include <cstdint>
#include <string>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/engine/cause.hpp"
#include "cogway/engine/params.hpp"
#include "cogway/flow/element.hpp"
#include "cogway/flow/pipeline_run.hpp"

namespace cogway {
class Task;
}

namespace cogway::detail {

struct OpenBatch;

enum class ItemPlace : std::uint8_t { idle, queued, submitted, foreign, finished };

/// Fields are the run's, under its lock; while `place` is submitted, those of the chain (operands,
/// outcome, stage_ns) belong to the worker that runs it.
struct Item {
  Item* next = nullptr;          ///< queue or free list
  std::uint32_t pool_index = 0;  ///< constant
  std::uint32_t generation = 0;  ///< +1 per use and per foreign stage: tells a stale ticket
  ItemPlace place = ItemPlace::idle;
  bool whole_batch = false;    ///< members and buffers of a batch
  bool foreign_value = false;  ///< the value is on the foreign side
  bool started = false;        ///< its task has begun
  bool parked = false;         ///< out: found the bus full, to be tried again
  std::uint32_t segment = 0;   ///< waits for it, or is in it
  std::uint32_t failed_stage = 0;
  Member member;               ///< an item's
  std::uint64_t number = 0;    ///< element number of a batch; position of an item
  std::int64_t ready_ns = 0;   ///< since when it waits
  std::int64_t begun_ns = 0;   ///< since when it runs
  std::uint64_t charge = 0;    ///< bytes counted for it
  std::uint64_t bus_used = 0;  ///< parked: bytes of the bus in use without this item's own

  OpenBatch* batch = nullptr;  ///< where it has its place
  std::uint32_t slot = 0;

  std::uint32_t operand_count = 0;
  Operand operands[COGWAY_MAX_BUFFERS];
  std::vector<Member> members;  ///< of a batch
  std::vector<std::vector<BufferRef>> collected;
  std::vector<std::uint32_t> holes;    ///< places of a stacked batch that stay empty, ascending
  std::vector<ParamValues> params;     ///< copies to patch, one per bound native stage of the plan
  std::vector<std::int64_t> stage_ns;  ///< durations in the chain, by place in it

  // Outcome of the chain.
  StatusCode code = StatusCode::ok;
  Cause cause = Cause::none;
  std::string message;
  Task* task = nullptr;  ///< while it runs: to be cancelled
};

/// A FIFO of items through Item::next.
class ItemQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void push(Item* item) noexcept {
    item->next = nullptr;
    (first_ == nullptr ? first_ : last_->next) = item;
    last_ = item;
    ++size_;
  }
  Item* pop() noexcept {
    Item* item = first_;
    first_ = item->next;
    --size_;
    return item;
  }

 private:
  Item* first_ = nullptr;
  Item* last_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace cogway::detail
