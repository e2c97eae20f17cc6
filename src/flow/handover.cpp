// SPDX-License-Identifier: Apache-2.0
// What a run gives away and gets back: elements to the consumer, items to the foreign side.
#include <utility>

#include "flow/run_apply.hpp"
#include "flow/run_core.hpp"

namespace cogway::detail {

namespace {

/// Moves what an item holds into an element.
void into_element(Item& item, Element* element) {
  element->number = item.number;
  element->batch = item.whole_batch;
  element->foreign = item.foreign_value;
  element->members.clear();
  element->buffers.clear();
  element->collected = std::move(item.collected);
  if (item.whole_batch) {
    element->members = item.members;
  } else {
    element->members.push_back(item.member);
  }
  for (std::uint32_t i = 0; i < item.operand_count; ++i) {
    if (item.operands[i].keep) element->buffers.push_back(item.operands[i].keep);
  }
  item.collected.clear();
}

}  // namespace

Next RunCore::try_next(Element* element) {
  Next found = Next::pending;
  Item* taken = nullptr;
  apply([&](Effects&) {
    if (state_ != RunState::running) {
      found = state_ == RunState::failed ? Next::failed : Next::cancelled;
      return;
    }
    if (ended()) {
      found = Next::end;
      return;
    }
    if (plan_->options.ordered) {
      ReadySlot& slot = ring_[next_out_ % ring_.size()];
      if (slot.state != ReadySlot::full) return;
      taken = std::exchange(slot, ReadySlot{}).item;
      ++next_out_;
    } else {
      if (ready_.empty()) return;
      taken = ready_.pop();
    }
    found = Next::element;
    --ready_count_;
    --live_elements_;
    ++elements_;
    const std::uint64_t count = taken->whole_batch ? taken->members.size() : 1;
    items_out_ += count;
    live_items_ -= count;
    bytes_ -= std::exchange(taken->charge, 0);
  });
  if (taken == nullptr) return found;
  // The item is this thread's alone now.
  if (!taken->holes.empty()) compact(*taken);
  into_element(*taken, element);
  apply([&](Effects& effects) { free_item(taken, effects); });
  return found;
}

TaskRef RunCore::wait_ready() {
  TaskRef wait;
  apply([&](Effects&) {
    const bool ready = ready_locked();
    if (!ready) {
      ++consumer_waits_;
      if (ready_waits_.empty()) consumer_since_ns_ = now();
    }
    wait = new_wait(ready_waits_, ready);
  });
  return wait;
}

bool RunCore::cancel() {
  bool won = false;
  apply([&](Effects& effects) {
    if (state_ != RunState::running || ended()) return;
    won = true;
    stop_all(RunState::cancelled, effects);
  });
  return won;
}

TaskRef RunCore::wait_quiet() {
  TaskRef wait;
  apply([&](Effects&) { wait = new_wait(quiet_waits_, quiet_locked()); });
  return wait;
}

bool RunCore::quiet() {
  const Lock lock(mutex_);
  return quiet_locked();
}

std::vector<Failure> RunCore::failures() {
  const Lock lock(mutex_);
  return failures_;
}

std::vector<Failure> RunCore::skipped() {
  const Lock lock(mutex_);
  return {skips_.begin(), skips_.end()};
}

std::vector<std::uint64_t> RunCore::left() {
  const Lock lock(mutex_);
  return std::exchange(left_, {});
}

// --- The foreign side ---------------------------------------------------------------------------

bool RunCore::take_foreign(ForeignItem* out) {
  Item* taken = nullptr;
  apply([&](Effects&) {
    if (state_ != RunState::running) return;
    for (std::uint32_t i = 0; i < segments_.size() && taken == nullptr; ++i) {
      SegmentState& segment = segments_[i];
      const Segment& described = plan_->segments[i];
      if (described.kind != SegmentKind::foreign || segment.queue.empty() ||
          segment.running >= described.limit) {
        continue;
      }
      taken = segment.queue.pop();
      taken->place = ItemPlace::foreign;
      taken->begun_ns = now();
      ++taken->generation;  // a ticket of its own for each stage
      stages_[described.first].wait_ns += taken->begun_ns - taken->ready_ns;
      ++segment.running;
      ++abroad_;
      out->stage = described.first;
    }
  });
  if (taken == nullptr) return false;
  if (!taken->holes.empty()) compact(*taken);
  out->ticket = (std::uint64_t{taken->generation} << 32) | taken->pool_index;
  // The item keeps what it has until it comes back: the foreign side may give the same value on.
  std::vector<std::vector<BufferRef>> collected = taken->collected;
  into_element(*taken, &out->value);
  taken->collected = std::move(collected);
  return true;
}

TaskRef RunCore::wait_foreign() {
  TaskRef wait;
  apply([&](Effects&) { wait = new_wait(foreign_waits_, foreign_ready() || ended()); });
  return wait;
}

bool RunCore::foreign_over() {
  const Lock lock(mutex_);
  return ended();
}

void RunCore::give_foreign(std::uint64_t ticket, std::span<Operand> operands,
                           const Status& status) {
  apply([&](Effects& effects) {
    const std::uint64_t pool_index = ticket & 0xffffffff;
    COGWAY_ASSERT(pool_index < items_.size(), "give_foreign() of something that was not taken");
    Item* item = &items_[pool_index];
    COGWAY_ASSERT(item->place == ItemPlace::foreign && item->generation == ticket >> 32,
                  "an item was given back twice");
    const std::uint32_t stage = plan_->segments[item->segment].first;
    --segments_[item->segment].running;
    --abroad_;
    item->place = ItemPlace::queued;
    const std::int64_t took = now() - item->begun_ns;
    item->begun_ns = 0;
    StageCounters& counters = stages_[stage];
    counters.busy_ns += took;
    for (Operand& operand : item->operands) effects.discard(operand);
    for (std::vector<BufferRef>& value : item->collected) {
      for (BufferRef& buffer : value) effects.garbage.push_back(std::move(buffer));
    }
    item->collected.clear();
    item->operand_count = static_cast<std::uint32_t>(operands.size());
    std::move(operands.begin(), operands.end(), item->operands);
    item->foreign_value = true;
    if (status.code() == StatusCode::cancelled && state_ != RunState::running) {
      drop_item(item, effects);
      return;
    }
    if (!status.ok()) {
      ++counters.failed;
      Failure failure;
      failure.stage = stage;
      failure.name = plan_->stage_name(stage);
      failure.position = item->whole_batch ? item->members.front().position : item->member.position;
      failure.index = item->whole_batch ? item->members.front().index : item->member.index;
      failure.status = status;
      if (state_ == RunState::running) {
        item_failed(item, std::move(failure), effects);
      } else {
        if (state_ == RunState::failed) failures_.push_back(std::move(failure));
        drop_item(item, effects);
      }
      return;
    }
    ++counters.completed;
    counters.latency.record(took);
    if (state_ != RunState::running) {
      drop_item(item, effects);
    } else {
      leave_segment(item, effects);
    }
  });
}

PipelineStatistics RunCore::statistics() {
  const Lock lock(mutex_);
  PipelineStatistics result;
  double most = 0.0;
  for (std::uint32_t i = 0; i < plan_->stages.size(); ++i) {
    StageStatistics& stage = result.stages.emplace_back();
    const StageCounters& counters = stages_[i];
    stage.name = plan_->stage_name(i);
    stage.kind = plan_->batched && i == plan_->batch_stage ? "batch" : "native";
    stage.completed = counters.completed;
    stage.failed = counters.failed;
    stage.busy_ns = counters.busy_ns;
    stage.wait_ns = counters.wait_ns;
    stage.p50_ns = counters.latency.quantile(0.5);
    stage.p99_ns = counters.latency.quantile(0.99);
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
      const Segment& segment = plan_->segments[s];
      if (i < segment.first || i > segment.last) continue;
      if (segment.kind == SegmentKind::foreign) stage.kind = "foreign";
      if (i == segment.first) {
        stage.queued = segments_[s].queue.size();
        stage.queued_most = segments_[s].queued_most;
        stage.running = segments_[s].running;
      }
      const double load = static_cast<double>(counters.busy_ns) / segment.limit;
      if (load > most) {
        most = load;
        result.slowest = stage.name;
      }
    }
  }
  result.admitted = admitted_;
  result.skipped = skipped_;
  result.elements = elements_;
  result.items = items_out_;
  result.in_flight = live_items_;
  result.in_flight_most = live_most_;
  result.ready = ready_count_;
  result.bytes = bytes_;
  result.bytes_most = bytes_most_;
  result.bus_waits = bus_waits_;
  result.stalled =
      (bus_refused_ || !parked_.empty()) && tasks_ == 0 && abroad_ == 0 && !ready_locked();
  result.consumer_waits = consumer_waits_;
  result.consumer_wait_ns = consumer_wait_ns_;
  result.elapsed_ns = (ended_ns_ != 0 ? ended_ns_ : now()) - begun_ns_;
  return result;
}

}  // namespace cogway::detail
