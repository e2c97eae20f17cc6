// SPDX-License-Identifier: Apache-2.0
#include "cogway/flow/pipeline.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "flow/plan.hpp"
#include "flow/run_core.hpp"

namespace cogway {

namespace detail {

std::string Plan::stage_name(std::uint32_t stage) const {
  if (stage >= stages.size()) return source_name;
  const StageSpec& spec = stages[stage];
  if (const auto* native = std::get_if<NativeStage>(&spec)) return native->kernel->name();
  if (const auto* foreign = std::get_if<ForeignStage>(&spec)) return foreign->name;
  return "batch";
}

namespace {

/// Groups the stages; neighbouring native ones become one chain (law 2).
void lay_out(Plan& plan, std::uint32_t default_concurrency) {
  plan.segments.clear();
  plan.batched = false;
  bool chain_open = false;
  for (std::uint32_t i = 0; i < plan.stages.size(); ++i) {
    const StageSpec& spec = plan.stages[i];
    if (const auto* batch = std::get_if<BatchStage>(&spec)) {
      plan.batched = true;
      plan.batch = *batch;
      plan.batch_stage = i;
      plan.before_batch = static_cast<std::uint32_t>(plan.segments.size());
      if (batch->stack && chain_open) plan.segments.back().fills_batch = true;
      chain_open = false;
    } else if (const auto* native = std::get_if<NativeStage>(&spec)) {
      const std::uint32_t limit =
          native->concurrency != 0 ? native->concurrency : default_concurrency;
      if (chain_open) {
        plan.segments.back().last = i;
        plan.segments.back().limit = std::min(plan.segments.back().limit, limit);
      } else {
        plan.segments.push_back(Segment{SegmentKind::chain, i, i, limit, false});
      }
      chain_open = true;
    } else {
      const std::uint32_t limit = std::get<ForeignStage>(spec).concurrency;
      plan.segments.push_back(Segment{SegmentKind::foreign, i, i, limit, false});
      chain_open = false;
    }
  }
}

}  // namespace
}  // namespace detail

namespace {

/// A copy to change; the shared one stays as runs have seen it.
std::shared_ptr<detail::Plan> edit(const std::shared_ptr<const detail::Plan>& plan) {
  return std::make_shared<detail::Plan>(*plan);
}

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument(message); }

}  // namespace

std::optional<std::uint32_t> item_text_param(const Kernel& kernel,
                                             std::span<const std::string_view> given) {
  if (kernel.max_inputs() != 0) return std::nullopt;
  for (std::uint32_t i = 0; i < kernel.params().size(); ++i) {
    const cogway_param_spec& spec = kernel.params()[i];
    if (spec.type != COGWAY_PARAM_STRING || (spec.flags & COGWAY_PARAM_REQUIRED) == 0) continue;
    if (std::ranges::find(given, std::string_view(spec.name)) == given.end()) return i;
  }
  return std::nullopt;
}

Pipeline::Pipeline(Engine& engine)
    : engine_(&engine), plan_(std::make_shared<const detail::Plan>()) {}

Pipeline& Pipeline::source(SourceList list) {
  if (!plan_->source_name.empty()) refuse("the pipeline has a source already");
  auto plan = edit(plan_);
  plan->list = std::make_shared<const SourceList>(std::move(list));
  plan->source_name = "list";
  plan_ = std::move(plan);
  return *this;
}

Pipeline& Pipeline::open_source(std::string name) {
  if (!plan_->source_name.empty()) refuse("the pipeline has a source already");
  if (name.empty()) refuse("a source needs a name");
  auto plan = edit(plan_);
  plan->source_name = std::move(name);
  plan_ = std::move(plan);
  return *this;
}

Pipeline& Pipeline::native(std::string_view kernel, std::span<const ParamArgument> params,
                           std::span<const std::pair<std::string_view, ItemField>> bound,
                           std::uint32_t concurrency) {
  NativeStage stage;
  stage.kernel = engine_->registry().find(kernel);
  stage.concurrency = concurrency;
  if (stage.kernel == nullptr) refuse(engine_->registry().explain_unknown(kernel));
  std::vector<ParamArgument> arguments(params.begin(), params.end());
  const auto bind = [&](std::string_view name, ItemField field) {
    const auto ordinal = stage.kernel->param_index(name);
    if (!ordinal) refuse(std::string(kernel) + " has no parameter '" + std::string(name) + "'");
    stage.bound.push_back({static_cast<std::uint32_t>(*ordinal), field});
    if (field == ItemField::text) {
      arguments.push_back({name, std::string_view("-")});
    } else {
      arguments.push_back({name, std::int64_t{0}});
    }
  };
  for (const auto& [name, field] : bound) bind(name, field);
  std::vector<std::string_view> given;
  given.reserve(arguments.size());
  for (const ParamArgument& argument : arguments) given.push_back(argument.name);
  if (const auto ordinal = item_text_param(*stage.kernel, given)) {
    bind(stage.kernel->params()[*ordinal].name, ItemField::text);
  }
  const Status status = stage.params.normalize(*stage.kernel, arguments);
  if (!status.ok()) refuse(status.message());
  return native(std::move(stage));
}

Pipeline& Pipeline::native(NativeStage stage) {
  if (stage.kernel == nullptr) refuse("a native stage needs a kernel");
  stage.hold = KernelHold(stage.kernel);
  if (!stage.hold) refuse(stage.kernel->name() + ": its function has been released");
  for (const BoundParam& bound : stage.bound) {
    if (bound.ordinal >= stage.kernel->params().size()) refuse("no such parameter");
    const cogway_param_spec& spec = stage.kernel->params()[bound.ordinal];
    const std::string who = stage.kernel->name() + ": parameter '" + spec.name + "' ";
    const bool text = bound.field == ItemField::text;
    if (spec.type != (text ? COGWAY_PARAM_STRING : COGWAY_PARAM_INT)) {
      refuse(who + (text ? "is not a string, so it cannot be the item's value"
                         : "is not an integer, so it cannot follow the item"));
    }
    const bool limited = spec.min_value != 0.0 || spec.max_value != 0.0;
    const double most = bound.field == ItemField::epoch ? 4294967295.0 : 9.0e18;
    if (!text && limited && (spec.min_value > 0.0 || spec.max_value < most)) {
      refuse(who + "does not take every index, so it cannot follow the item");
    }
  }
  auto plan = edit(plan_);
  plan->stages.emplace_back(std::move(stage));
  plan_ = std::move(plan);
  return *this;
}

Pipeline& Pipeline::foreign(ForeignStage stage) {
  if (stage.concurrency == 0) refuse("a foreign stage needs a concurrency of at least 1");
  auto plan = edit(plan_);
  plan->stages.emplace_back(std::move(stage));
  plan_ = std::move(plan);
  return *this;
}

Pipeline& Pipeline::batch(BatchStage stage) {
  if (stage.size == 0) refuse("a batch has at least 1 item");
  for (const StageSpec& other : plan_->stages) {
    if (std::holds_alternative<BatchStage>(other)) refuse("the pipeline has a batch stage already");
  }
  if (stage.stack) {
    const bool after_native =
        !plan_->stages.empty() && std::holds_alternative<NativeStage>(plan_->stages.back());
    if (!after_native) {
      refuse(
          "a stacked batch follows a native stage, which writes into it; "
          "batch(stack=False) makes lists of anything");
    }
    const Kernel& kernel = *std::get<NativeStage>(plan_->stages.back()).kernel;
    if (kernel.output_count() == 0) refuse(kernel.name() + " has no output to stack");
  }
  auto plan = edit(plan_);
  plan->stages.emplace_back(stage);
  plan_ = std::move(plan);
  return *this;
}

Pipeline& Pipeline::options(const PipelineOptions& options) {
  if (options.prefetch == 0) refuse("prefetch is at least 1");
  auto plan = edit(plan_);
  plan->options = options;
  plan_ = std::move(plan);
  return *this;
}

PipelineRun Pipeline::start(std::uint64_t epoch, const char* place) const {
  if (plan_->source_name.empty()) refuse("the pipeline has no source");
  if (!engine_->belongs_to_this_process()) {
    throw std::logic_error("the engine belongs to the parent process");
  }
  auto plan = edit(plan_);
  plan->place = place;
  const int workers = std::max(engine_->workers(plan->options.worker_class), 1);
  detail::lay_out(*plan, 2 * static_cast<std::uint32_t>(workers));
  auto core = std::make_shared<detail::RunCore>(*engine_, std::move(plan), epoch);
  core->begin();
  return PipelineRun(std::move(core));
}

}  // namespace cogway
