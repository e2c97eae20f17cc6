// SPDX-License-Identifier: Apache-2.0
// Law 2 and 4 of pipeline.hpp: one item through all kernels of its chain, on one worker; the last
// one writes into the item's place in the batch.
#include <algorithm>
#include <cstring>
#include <utility>

#include "cogway/engine/kernel.hpp"
#include "flow/run_apply.hpp"
#include "flow/run_core.hpp"

namespace cogway::detail {

namespace {

/// The engine's form of an operand. The item outlives the call, so nothing is held twice.
Input as_input(const Operand& operand) noexcept { return Input(operand.view, nullptr, nullptr); }

bool set_failure(Item& item, std::uint32_t stage, StatusCode code, Cause cause,
                 std::string message) {
  item.failed_stage = stage;
  item.code = code;
  item.cause = cause;
  item.message = std::move(message);
  return false;
}

}  // namespace

StatusCode RunCore::run_chain(Item& item, TaskContext& context) noexcept {
  try {
    return run_stages(item, context);
  } catch (...) {  // no memory for bookkeeping
    item.code = StatusCode::internal;
    item.cause = Cause::kernel;
    item.parked = false;
    return StatusCode::internal;
  }
}

StatusCode RunCore::run_stages(Item& item, TaskContext& context) {
  const Segment& segment = plan_->segments[item.segment];
  {
    Lock lock(mutex_);
    item.started = true;
    item.begun_ns = now();
    item.failed_stage = segment.first;
    if (state_ != RunState::running) {
      item.code = StatusCode::cancelled;
      item.cause = Cause::cancelled;
      return StatusCode::cancelled;
    }
    item.task = &context.task();
  }
  item.code = StatusCode::ok;
  item.cause = Cause::none;
  item.parked = false;
  item.stage_ns.assign(segment.last - segment.first + 1, -1);
  if (!item.holes.empty()) compact(item);

  // What the item had when it came stays until the chain is through: law 6 may start it again.
  Operand made[COGWAY_MAX_BUFFERS];
  std::span<const Operand> operands(item.operands, item.operand_count);
  std::uint32_t made_count = 0;
  for (std::uint32_t stage = segment.first; stage <= segment.last; ++stage) {
    if (context.cancelled()) {
      set_failure(item, stage, StatusCode::cancelled, Cause::cancelled, "the pipeline was stopped");
      return item.code;
    }
    CallResult result;
    const std::int64_t begun = now();
    const bool ok = call_stage(item, stage, operands, &result, context);
    item.stage_ns[stage - segment.first] = now() - begun;
    if (!ok) {
      item.parked = item.cause == Cause::bus_exhausted;
      // What others hold: this item's own is given back on return.
      item.bus_used = bus_->used();
      for (const Operand& operand : operands) {
        if (stage != segment.first && operand.keep) {
          item.bus_used -= Bus::charge(operand.keep.nbytes());
        }
      }
      return item.code;
    }
    if (segment.fills_batch && stage == segment.last) {
      made_count = 0;  // what it made is in its place
      break;
    }
    made_count = plan_->native(stage).kernel->output_count();
    for (std::uint32_t i = 0; i < made_count; ++i)
      made[i] = Operand::of(std::move(result.outputs[i]));
    operands = std::span<const Operand>(made, made_count);
  }
  for (std::uint32_t i = 0; i < COGWAY_MAX_BUFFERS; ++i) {
    Operand after = i < made_count ? std::move(made[i]) : Operand{};
    std::swap(item.operands[i], after);  // what it had is released here, without the lock
  }
  item.operand_count = made_count;
  item.foreign_value = false;
  return StatusCode::ok;
}

bool RunCore::call_stage(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                         CallResult* result, TaskContext& context) {
  const Kernel& kernel = *plan_->native(stage).kernel;
  const Segment& segment = plan_->segments[item.segment];
  if (item.foreign_value && operands.empty() && kernel.min_inputs() != 0) {
    return set_failure(item, stage, StatusCode::invalid_argument, Cause::invalid,
                       "the item is not bytes, a path or a buffer, which a native stage needs");
  }
  if (!set_params(item, stage, &operands)) return false;
  const bool into_place = segment.fills_batch && stage == segment.last;
  if (into_place && !prepare_places(item, stage, operands, context)) return false;

  Input inputs[COGWAY_MAX_BUFFERS];
  for (std::size_t i = 0; i < operands.size(); ++i) inputs[i] = as_input(operands[i]);
  BufferView places[COGWAY_MAX_BUFFERS];
  KernelCall call;
  call.kernel = plan_->native(stage).kernel;
  call.inputs = std::span<Input>(inputs, operands.size());
  call.params = &params_of(item, stage);
  call.place = plan_->place;
  call.freeze = false;  // an element belongs to its consumer alone
  if (into_place) {
    for (std::size_t i = 0; i < item.batch->buffers.size(); ++i) {
      const Status status = BufferView::whole(item.batch->buffers[i]).index(item.slot, &places[i]);
      if (!status.ok()) {
        return set_failure(item, stage, status.code(), Cause::invalid, status.message());
      }
    }
    call.out = std::span<BufferView>(places, item.batch->buffers.size());
  }
  context.call(call, result);
  if (result->code == StatusCode::ok) return true;
  return set_failure(item, stage, result->code, result->cause, std::move(result->message));
}

/// Sets the parameters that follow the item, in the item's own copy. An operand that became a text
/// is no input any more.
bool RunCore::set_params(Item& item, std::uint32_t stage, std::span<const Operand>* operands) {
  const NativeStage& native = plan_->native(stage);
  if (native.bound.empty()) return true;
  if (item.params.size() <= stage) item.params.resize(plan_->stages.size());
  ParamValues& values = item.params[stage];
  if (values.empty()) values = native.params;
  const Member& member = item.whole_batch ? item.members.front() : item.member;
  for (const BoundParam& bound : native.bound) {
    ParamArgument argument;
    argument.name = native.kernel->params()[bound.ordinal].name;
    switch (bound.field) {
      case ItemField::index:
        argument.value = static_cast<std::int64_t>(member.index);
        break;
      case ItemField::position:
        argument.value = static_cast<std::int64_t>(member.position);
        break;
      case ItemField::epoch:
        argument.value = static_cast<std::int64_t>(epoch_);
        break;
      case ItemField::text: {
        if (operands->size() != 1 || operands->front().view.ndim != 1 ||
            operands->front().view.dtype.bits != 8) {
          return set_failure(item, stage, StatusCode::invalid_argument, Cause::invalid,
                             "takes the item as a text (a path), which it is not");
        }
        const cogway_view& view = operands->front().view;
        argument.value = std::string_view(static_cast<const char*>(view.data), view.nbytes);
        *operands = {};
        break;
      }
    }
    const Status status = values.set(*native.kernel, argument);
    if (!status.ok()) {
      return set_failure(item, stage, status.code(), Cause::invalid, status.message());
    }
  }
  return true;
}

const ParamValues& RunCore::params_of(const Item& item, std::uint32_t stage) const {
  const NativeStage& native = plan_->native(stage);
  return native.bound.empty() ? native.params : item.params[stage];
}

/// Makes sure that the item's batch has buffers. Only the first item of a run finds none.
bool RunCore::prepare_places(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                             TaskContext& context) {
  if (!item.batch->buffers.empty()) return true;
  std::vector<Layout> places;
  if (!describe_places(item, stage, operands, context, &places)) return false;
  bool leased = false;
  apply([&](Effects&) {
    if (state_ != RunState::running) return;
    // In one step: known places let other items into this batch, which must find its buffers then.
    learn_places(places);
    leased = lease_buffers(*item.batch);
    if (!leased) forget_places();
  });
  if (leased) return true;
  return set_failure(item, stage, StatusCode::resource_exhausted, Cause::bus_exhausted,
                     "the bus has no room for a batch of " + std::to_string(batch_bytes_) +
                         " bytes (capacity " + std::to_string(bus_->capacity()) + ", in use " +
                         std::to_string(bus_->used()) + ")");
}

/// Asks the kernel what a place looks like.
bool RunCore::describe_places(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                              TaskContext& context, std::vector<Layout>* places) {
  const Kernel& kernel = *plan_->native(stage).kernel;
  if (operands.size() < kernel.min_inputs() || operands.size() > kernel.max_inputs()) {
    return set_failure(item, stage, StatusCode::invalid_argument, Cause::invalid,
                       "takes " + kernel.input_range() + ", the stage before gives " +
                           std::to_string(operands.size()));
  }
  cogway_view views[COGWAY_MAX_BUFFERS];
  for (std::size_t i = 0; i < operands.size(); ++i) views[i] = operands[i].view;
  const std::span<const cogway_value> params = params_of(item, stage).values();
  cogway_call call{};
  call.size = sizeof(call);
  call.n_inputs = static_cast<std::uint32_t>(operands.size());
  call.n_outputs = kernel.output_count();
  call.n_params = static_cast<std::uint32_t>(params.size());
  call.inputs = views;
  call.params = params.data();
  call.context = context.to_abi();
  call.data = kernel.data();
  cogway_output_spec specs[COGWAY_MAX_BUFFERS] = {};
  for (cogway_output_spec& spec : specs) spec.size = sizeof(spec);
  const auto code = static_cast<StatusCode>(kernel.describe()(&call, specs));
  if (code != StatusCode::ok) {
    // The engine's own call says it better, with the kernel's message: let it refuse.
    item.batch->buffers.clear();
    Input inputs[COGWAY_MAX_BUFFERS];
    for (std::size_t i = 0; i < operands.size(); ++i) inputs[i] = as_input(operands[i]);
    KernelCall again;
    again.kernel = plan_->native(stage).kernel;
    again.inputs = std::span<Input>(inputs, operands.size());
    again.params = &params_of(item, stage);
    CallResult result;
    context.call(again, &result);
    const bool refused = result.code != StatusCode::ok;
    return set_failure(item, stage, refused ? result.code : code, Cause::kernel,
                       refused ? std::move(result.message) : "describe() failed");
  }
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < kernel.output_count(); ++i) {
    const cogway_output_spec& spec = specs[i];
    if ((spec.flags & COGWAY_OUTPUT_BOUND) != 0) {
      return set_failure(item, stage, StatusCode::invalid_argument, Cause::invalid,
                         "its output has no fixed shape, so items cannot be stacked: use "
                         "batch(stack=False), or end the chain with a kernel of fixed output");
    }
    const DType dtype{static_cast<DTypeCode>(spec.dtype.code), spec.dtype.bits, spec.dtype.lanes};
    std::array<std::int64_t, kMaxDims + 1> shape{};
    shape[0] = plan_->batch.size;
    const std::uint32_t ndim = std::min(spec.ndim, kMaxDims);
    std::copy_n(spec.shape, ndim, shape.begin() + 1);
    Layout whole;
    Layout place;
    Status status = ndim >= kMaxDims
                        ? Status(StatusCode::invalid_argument, "its output has too many dimensions")
                        : Layout::contiguous(dtype, {shape.data(), ndim + 1}, &whole);
    if (status.ok()) status = Layout::contiguous(dtype, {shape.data() + 1, ndim}, &place);
    if (!status.ok()) {
      return set_failure(item, stage, status.code(), Cause::invalid, status.message());
    }
    bytes += Bus::charge(whole.nbytes());
    places->push_back(place);
  }
  if (bytes > bus_->capacity()) {
    const StatusCode full = StatusCode::resource_exhausted;
    return set_failure(item, stage, full, Cause::invalid,
                       "a batch needs " + std::to_string(bytes) + " bytes, the bus has " +
                           std::to_string(bus_->capacity()) +
                           " in all: raise bus_bytes, or make "
                           "batches smaller");
  }
  return true;
}

/// Closes the gaps that skipped items left in a stacked batch, and says the real length.
void RunCore::compact(Item& item) {
  const auto total = item.members.size() + item.holes.size();
  for (std::uint32_t i = 0; i < item.operand_count; ++i) {
    BufferRef& buffer = item.operands[i].keep;
    const std::size_t place_bytes = buffer.nbytes() / total;
    std::byte* data = buffer.mutable_data();
    std::size_t to = 0;
    auto hole = item.holes.begin();
    for (std::size_t from = 0; from < total; ++from) {
      if (hole != item.holes.end() && *hole == from) {
        ++hole;
        continue;
      }
      if (to != from) std::memmove(data + to * place_bytes, data + from * place_bytes, place_bytes);
      ++to;
    }
    std::array<std::int64_t, kMaxDims> shape = buffer.layout().shape;
    shape[0] = static_cast<std::int64_t>(to);
    const Status status = buffer.shrink({shape.data(), buffer.layout().ndim});
    COGWAY_ASSERT(status.ok(), "a batch is leased until it is handed over");
    item.operands[i] = Operand::of(std::move(buffer));
  }
  item.holes.clear();
}

// --- On the way back ----------------------------------------------------------------------------

/// Called exactly once per dispatched chain, whether or not it ran.
void RunCore::chain_over(Item& item) noexcept {
  try {
    settle_chain(item);
  } catch (...) {
    COGWAY_ASSERT(false, "no memory for the bookkeeping of a pipeline");
  }
}

void RunCore::settle_chain(Item& item) {
  const std::shared_ptr<RunCore> self = shared_from_this();  // tasks_ keeps it alive so far
  std::shared_ptr<RunCore> last;
  apply([&](Effects& effects) {
    const Segment& segment = plan_->segments[item.segment];
    --segments_[item.segment].running;
    item.task = nullptr;
    if (--tasks_ == 0) last = std::move(keep_alive_);
    if (!item.started) {
      item.code = StatusCode::unavailable;
      item.cause = Cause::engine_closed;
      item.message = "the engine was closed before the item was run";
      item.failed_stage = segment.first;
    } else if (item.begun_ns != 0) {
      stages_[segment.first].wait_ns += std::max<std::int64_t>(item.begun_ns - item.ready_ns, 0);
    }
    for (std::size_t i = 0; i < item.stage_ns.size(); ++i) {
      if (item.stage_ns[i] < 0) continue;
      StageCounters& counters = stages_[segment.first + i];
      counters.busy_ns += item.stage_ns[i];
      if (item.code != StatusCode::ok && item.failed_stage == segment.first + i) continue;
      ++counters.completed;
      counters.latency.record(item.stage_ns[i]);
    }
    item.stage_ns.clear();
    item.begun_ns = 0;
    if (state_ != RunState::running) {
      Failure late;
      const bool real = item.code != StatusCode::ok && item.cause != Cause::cancelled &&
                        item.cause != Cause::bus_exhausted &&
                        item.cause != Cause::engine_closed;  // said once
      if (real && state_ == RunState::failed) {
        late.stage = item.failed_stage;
        late.name = plan_->stage_name(item.failed_stage);
        late.position = item.whole_batch ? item.members.front().position : item.member.position;
        late.index = item.whole_batch ? item.members.front().index : item.member.index;
        late.cause = item.cause;
        late.status = Status(item.code, item.message);
        failures_.push_back(std::move(late));
      }
      drop_item(&item, effects);
      return;
    }
    if (item.code == StatusCode::ok) {
      leave_segment(&item, effects);
      return;
    }
    if (item.parked) {
      park(&item, effects);
      return;
    }
    ++stages_[item.failed_stage].failed;
    Failure failure;
    failure.stage = item.failed_stage;
    failure.name = plan_->stage_name(item.failed_stage);
    failure.position = item.whole_batch ? item.members.front().position : item.member.position;
    failure.index = item.whole_batch ? item.members.front().index : item.member.index;
    failure.cause = item.cause;
    failure.status = Status(item.code, item.message);
    item_failed(&item, std::move(failure), effects);
  });
}

}  // namespace cogway::detail
