// SPDX-License-Identifier: Apache-2.0
#include "flow/run_core.hpp"

#include <algorithm>
#include <utility>

#include "cogway/base/clock.hpp"
#include "flow/run_apply.hpp"

namespace cogway::detail {

namespace {

constexpr TaskOps kWaitOps{nullptr, [](Task&) noexcept {}, "flow.wait"};

/// The payload of a chain's task. Its run keeps itself alive while chains are in flight.
struct ChainPayload {
  RunCore* run;
  Item* item;
};
constexpr TaskOps kChainOps{
    [](Task& task, TaskContext& context) noexcept {
      const ChainPayload& payload = *static_cast<ChainPayload*>(task.payload());
      return payload.run->run_chain(*payload.item, context);
    },
    [](Task& task) noexcept {
      const ChainPayload payload = *static_cast<ChainPayload*>(task.payload());
      payload.run->chain_over(*payload.item);
    },
    "flow.chain"};

}  // namespace

RunCore::RunCore(Engine& engine, std::shared_ptr<const Plan> plan, std::uint64_t epoch)
    : engine_(engine),
      bus_(engine.shared_bus()),
      plan_(std::move(plan)),
      epoch_(epoch),
      order_(plan_->list && plan_->list->shuffle
                 ? Permutation(plan_->list->values.size(), plan_->list->seed, epoch)
                 : Permutation()),
      segments_(plan_->segments.size()),
      stages_(plan_->stages.size()),
      assembler_(static_cast<std::uint32_t>(plan_->group()), plan_->options.ordered),
      ring_(plan_->options.ordered ? plan_->options.prefetch : 0),
      begun_ns_(now()),
      bus_hook_(bus_->freed_hooks(), &RunCore::on_bytes_freed, this) {
  for (const Segment& segment : plan_->segments) {
    has_foreign_ = has_foreign_ || segment.kind == SegmentKind::foreign;
  }
  has_foreign_ = has_foreign_ || !plan_->list;
}

RunCore::~RunCore() {
  if (bus_waiter_) bus_->freed_hooks().retire_waiter();
}

void RunCore::begin() {
  apply([](Effects&) {});
}

std::int64_t RunCore::now() const noexcept { return monotonic_now().time_since_epoch().count(); }

// --- Records ------------------------------------------------------------------------------------

Item* RunCore::new_item() {
  Item* item = free_items_;
  if (item != nullptr) {
    free_items_ = item->next;
  } else {
    item = &items_.emplace_back();
    item->pool_index = static_cast<std::uint32_t>(items_.size() - 1);
  }
  ++item->generation;
  item->next = nullptr;
  item->whole_batch = item->foreign_value = item->started = item->parked = false;
  item->segment = 0;
  item->charge = 0;
  item->batch = nullptr;
  item->operand_count = 0;
  item->code = StatusCode::ok;
  item->cause = Cause::none;
  item->task = nullptr;
  return item;
}

void RunCore::free_item(Item* item, Effects& effects) {
  for (Operand& operand : item->operands) effects.discard(operand);
  for (std::vector<BufferRef>& value : item->collected) {
    for (BufferRef& buffer : value) effects.garbage.push_back(std::move(buffer));
  }
  item->collected.clear();
  item->members.clear();
  item->holes.clear();
  item->message.clear();
  item->operand_count = 0;
  item->place = ItemPlace::idle;
  bytes_ -= std::exchange(item->charge, 0);
  item->next = free_items_;
  free_items_ = item;
}

// --- The pump -----------------------------------------------------------------------------------

/// Moves whatever can move. Runs after every change.
void RunCore::pump(Effects& effects) {
  if (state_ == RunState::running) {
    settle_order();
    admit_listed(effects);
    close_complete_batches(effects);
    settle_order();
    admit_listed(effects);
    for (std::uint32_t i = 0; i < segments_.size(); ++i) {
      if (plan_->segments[i].kind != SegmentKind::chain) continue;
      SegmentState& segment = segments_[i];
      while (!segment.queue.empty() && segment.running < plan_->segments[i].limit) {
        Item* item = segment.queue.pop();
        item->place = ItemPlace::submitted;
        item->started = false;
        ++segment.running;
        if (tasks_++ == 0) keep_alive_ = shared_from_this();
        effects.submit.push_back(item);
      }
    }
    if (ended() && ended_ns_ == 0) {
      ended_ns_ = now();
      effects.unhook = true;
    }
  } else if (tasks_ == 0) {
    for (OpenBatch* batch : assembler_.open_batches()) {
      for (BufferRef& buffer : batch->buffers) effects.garbage.push_back(std::move(buffer));
      batch->buffers.clear();
      bytes_ -= std::exchange(batch->charge, 0);
    }
  }
  signal_waiters(effects);
}

bool RunCore::ended() const noexcept {
  return state_ != RunState::running || (source_ended_ && live_items_ == 0);
}
bool RunCore::quiet_locked() const noexcept {
  return ended() && tasks_ == 0 && abroad_ == 0 && carrying_ == 0;
}
bool RunCore::ready_locked() const noexcept {
  if (ended()) return true;
  return plan_->options.ordered ? ring_[next_out_ % ring_.size()].state == ReadySlot::full
                                : !ready_.empty();
}
bool RunCore::foreign_ready() const noexcept {
  for (std::uint32_t i = 0; i < segments_.size(); ++i) {
    if (plan_->segments[i].kind == SegmentKind::foreign && !segments_[i].queue.empty() &&
        segments_[i].running < plan_->segments[i].limit) {
      return true;
    }
  }
  return false;
}

void RunCore::signal_waiters(Effects& effects) {
  const auto signal = [&](std::vector<TaskRef>& waits) {
    for (TaskRef& wait : waits) effects.signal.push_back(std::move(wait));
    waits.clear();
  };
  if (!ready_waits_.empty() && ready_locked()) {
    consumer_wait_ns_ += now() - consumer_since_ns_;
    signal(ready_waits_);
  }
  if (!foreign_waits_.empty() && (foreign_ready() || ended())) signal(foreign_waits_);
  if (!room_waits_.empty() && (state_ != RunState::running || source_ended_ || has_room())) {
    signal(room_waits_);
  }
}

TaskRef RunCore::new_wait(std::vector<TaskRef>& waits, bool over) {
  TaskRef wait = Task::make_external(&kWaitOps);
  wait->start();
  if (over) {
    wait->finish(StatusCode::ok);
  } else {
    waits.push_back(wait);
  }
  return wait;
}

void RunCore::carry_out(Effects& effects) {
  for (Item* item : effects.submit) dispatch(*item);
  for (const TaskRef& task : effects.cancel) task->cancel();
  if (effects.unhook) bus_hook_.reset();  // from here on, the engine may go
  for (const TaskRef& wait : effects.signal) wait->finish(StatusCode::ok);
  effects.clear();
}

void RunCore::dispatch(Item& item) {
  SpawnOptions options;
  options.priority = plan_->options.priority;
  options.worker_class = plan_->options.worker_class;
  options.in_turn = true;  // the consumer waits for the oldest element
  const ChainPayload payload{this, &item};
  const Admission admission =
      engine_.spawn(&kChainOps, &payload, sizeof(payload), options, nullptr);
  if (admission.ok()) return;
  item.started = true;
  item.code = admission.status().code();
  item.cause = admission.cause();
  item.message = admission.status().message();
  item.failed_stage = plan_->segments[item.segment].first;
  chain_over(item);
}

}  // namespace cogway::detail
