// SPDX-License-Identifier: Apache-2.0
#include "invocation.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <span>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/base/os/crash_report.hpp"
#include "cogway/engine/task_context.hpp"
#include "debug_mode.hpp"
#include "engine_core.hpp"
#include "task_access.hpp"
#include "worker.hpp"

namespace cogway {
namespace {

/// Kernels known to be shorter than this are timed once in kSampleEvery calls: two looks at the
/// clock would cost more than they do.
constexpr std::int64_t kAlwaysTimed = 4'000;
constexpr std::uint32_t kSampleEvery = 32;

cogway_call abi_call(const Kernel& kernel, CallBlock* block, TaskContext& context) noexcept {
  cogway_call call{};
  call.size = sizeof(cogway_call);
  call.n_outputs = kernel.output_count();
  call.context = context.to_abi();
  call.data = kernel.data();
  const std::span<const cogway_value> params =
      block == nullptr || block->params.empty() ? kernel.defaults() : block->params.values();
  call.n_params = static_cast<std::uint32_t>(params.size());
  call.params = params.data();
  if (block != nullptr) {
    call.n_inputs = block->n_inputs;
    call.inputs = block->inputs.data();
    call.outputs = block->outputs.data();
  }
  return call;
}

StatusCode known_code(const Kernel& kernel, std::int32_t code, TaskContext& context,
                      const char* function) noexcept {
  if (code >= COGWAY_OK && code <= COGWAY_INTERNAL) return static_cast<StatusCode>(code);
  char message[256];
  std::snprintf(message, sizeof(message),
                "%s() of kernel '%s' returned %d, which is no status code", function,
                kernel.name().c_str(), code);
  return context.fail(StatusCode::internal, message);
}

os::CrashNote crash_note_of(const Kernel& kernel, const char* kind) noexcept {
  return {kind, kernel.name().c_str(), os::crash_note().engine};
}

StatusCode fail_output(TaskContext& context, StatusCode code, std::uint32_t i,
                       const std::string& what) noexcept {
  char message[480];
  std::snprintf(message, sizeof(message), "output %u: %s", i, what.c_str());
  return context.fail(code, message);
}

Status layout_of(const cogway_output_spec& spec, Layout* layout) {
  if (spec.ndim > COGWAY_MAX_NDIM) {
    return {StatusCode::internal, "described with more than 8 dimensions"};
  }
  return Layout::contiguous(std::bit_cast<DType>(spec.dtype), {spec.shape, spec.ndim}, layout);
}

/// An output that the caller has given the place for.
StatusCode match_out(const BufferView& out, const Layout& wanted, std::uint32_t i,
                     TaskContext& context) {
  if (!out.layout.is_c_contiguous()) {
    return fail_output(context, StatusCode::invalid_argument, i,
                       "out= must be C-contiguous, not " + out.layout.describe());
  }
  if (out.layout.dtype != wanted.dtype || !std::ranges::equal(out.layout.dims(), wanted.dims())) {
    return fail_output(
        context, StatusCode::invalid_argument, i,
        "the kernel writes " + wanted.describe() + ", but out= is " + out.layout.describe());
  }
  return StatusCode::ok;
}

}  // namespace

Status check_call(const KernelCall& call) {
  const Kernel& kernel = *call.kernel;
  const std::size_t inputs = call.inputs.size();
  if (inputs < kernel.min_inputs() || inputs > kernel.max_inputs()) {
    std::string wanted = std::to_string(kernel.min_inputs());
    if (kernel.max_inputs() != kernel.min_inputs()) {
      wanted += " to " + std::to_string(kernel.max_inputs());
    }
    return {StatusCode::invalid_argument, "kernel '" + kernel.name() + "' takes " + wanted +
                                              " input" + (wanted == "1" ? "" : "s") + ", not " +
                                              std::to_string(inputs) + ": " + kernel.signature()};
  }
  if (!call.out.empty() && call.out.size() != kernel.output_count()) {
    return {StatusCode::invalid_argument,
            "kernel '" + kernel.name() + "' has " + std::to_string(kernel.output_count()) +
                " outputs, out= gives " + std::to_string(call.out.size())};
  }
  if (call.params != nullptr && !call.params->empty()) {
    if (call.params->values().size() != kernel.params().size()) {
      return {StatusCode::invalid_argument,
              "the parameters were normalised for another kernel than '" + kernel.name() + "'"};
    }
  } else if (kernel.needs_params()) {
    ParamValues none;
    return none.normalize(kernel, {});  // names the one that is missing
  }
  return {};
}

bool needs_block(const KernelCall& call) noexcept {
  return !call.inputs.empty() || call.kernel->output_count() != 0 ||
         (call.params != nullptr && !call.params->empty());
}

void fill_block(const KernelCall& call, CallBlock& block) noexcept {
  block.n_inputs = static_cast<std::uint8_t>(call.inputs.size());
  block.n_outputs = static_cast<std::uint8_t>(call.kernel->output_count());
  block.freeze = call.freeze;
  block.place = call.place;
  block.has_out = !call.out.empty();
  for (std::size_t i = 0; i < call.inputs.size(); ++i) block.inputs[i] = call.inputs[i].view();
  for (std::size_t i = 0; i < call.out.size(); ++i) block.out[i] = call.out[i];
  if (call.params != nullptr) block.params = *call.params;
}

void own_call(KernelCall& call, CallBlock& block) noexcept {
  for (std::size_t i = 0; i < call.inputs.size(); ++i) block.owners[i] = std::move(call.inputs[i]);
  for (BufferView& out : call.out) out = BufferView{};
}

StatusCode describe_call(const Kernel& kernel, CallBlock& block, TaskContext& context) noexcept {
  try {
    for (std::uint32_t i = 0; i < block.n_outputs; ++i) {
      block.specs[i] = cogway_output_spec{};
      block.specs[i].size = sizeof(cogway_output_spec);
    }
    if (kernel.describe() != nullptr) {
      const os::CrashScope crash(crash_note_of(kernel, "describe() of kernel"));
      cogway_call call = abi_call(kernel, &block, context);
      call.outputs = nullptr;
      const std::int32_t code = kernel.describe()(&call, block.specs.data());
      if (code != COGWAY_OK) return known_code(kernel, code, context, "describe");
    }
    block.needed = 0;
    for (std::uint32_t i = 0; i < block.n_outputs; ++i) {
      Layout layout;
      if (const Status status = layout_of(block.specs[i], &layout); !status.ok()) {
        return fail_output(context, status.code(), i, status.message());
      }
      if (block.has_out) {
        const StatusCode code = match_out(block.out[i], layout, i, context);
        if (code != StatusCode::ok) return code;
      } else {
        block.needed += Bus::charge(layout.nbytes());
      }
    }
    block.described = true;
    return StatusCode::ok;
  } catch (const std::exception& error) {  // memory for a message
    return context.fail(StatusCode::resource_exhausted, error.what());
  }
}

StatusCode export_outputs(CallBlock& block, TaskContext& context) noexcept {
  if (!block.has_out) return StatusCode::ok;
  for (std::uint32_t i = 0; i < block.n_outputs; ++i) {
    block.exports[i] = WritableExport::try_take(block.out[i].buffer);
    if (block.exports[i]) continue;
    return fail_output(context, StatusCode::failed_precondition, i,
                       "out= is not writable: it is frozen, or handed to somebody else");
  }
  return StatusCode::ok;
}

StatusCode lease_outputs(Bus& bus, CallBlock& block, TaskContext& context) noexcept {
  for (std::uint32_t i = 0; i < block.n_outputs; ++i) {
    if (block.has_out) {
      block.out[i].to_abi(&block.outputs[i]);
      continue;
    }
    Layout layout;
    const Status status = layout_of(block.specs[i], &layout);
    if (status.ok()) block.buffers[i] = bus.lease(block.reservation, layout);
    if (!block.buffers[i]) {
      context.set_cause(Cause::bus_exhausted);
      return context.fail(StatusCode::resource_exhausted,
                          "the bus is closed or belongs to another process");
    }
    BufferView::whole(block.buffers[i]).to_abi(&block.outputs[i]);
  }
  return StatusCode::ok;
}

namespace {

/// Into both callers: without debug mode a call goes no way that it did not go before.
[[gnu::always_inline]] inline StatusCode call_here(Kernel& kernel, CallBlock* block,
                                                   TaskContext& context, Worker* worker) noexcept {
  const cogway_call call = abi_call(kernel, block, context);
  const os::CrashScope crash(crash_note_of(kernel, "kernel"));
  KernelTally::Cell* cell = worker == nullptr ? nullptr : worker->kernel_tally().cell(kernel.id());
  // order: relaxed, the worker's own counter
  const std::uint64_t calls = cell == nullptr ? 0 : cell->calls.load(std::memory_order_relaxed);
  const bool timed = kernel.expected_ns() >= kAlwaysTimed || calls % kSampleEvery < 2;
  std::int32_t code = COGWAY_OK;
  if (timed) {
    const TimePoint began = monotonic_now();
    code = kernel.run()(&call);
    // The first call of a kernel on a worker pays for cold caches and lazy binding: not typical.
    if (calls != 0) kernel.learn((monotonic_now() - began).count());
  } else {
    code = kernel.run()(&call);
  }
  if (cell != nullptr) {
    bump<std::uint64_t>(cell->calls, 1);
    if (code != COGWAY_OK) bump<std::uint64_t>(cell->failures, 1);
  }
  return known_code(kernel, code, context, "run");
}

}  // namespace

StatusCode call_kernel(Kernel& kernel, CallBlock* block, TaskContext& context,
                       Worker* worker) noexcept {
  return call_here(kernel, block, context, worker);
}

StatusCode run_call(Kernel& kernel, CallBlock* block, TaskContext& context,
                    Worker* worker) noexcept {
  DebugMode* debug = TaskAccess::core(context).debug();
  if (debug != nullptr) [[unlikely]]
    return debug->run(kernel, block, context, worker);
  return call_here(kernel, block, context, worker);
}

StatusCode settle_call(CallBlock& block, StatusCode code, TaskContext& context) noexcept {
  for (std::uint32_t i = 0; code == StatusCode::ok && i < block.n_outputs; ++i) {
    const cogway_output_spec& spec = block.specs[i];
    const std::span<const std::int64_t> shape{spec.shape, spec.ndim};
    try {
      if (block.has_out) {
        if (!std::ranges::equal(shape, block.out[i].layout.dims())) {
          code = fail_output(context, StatusCode::invalid_argument, i,
                             "the result is smaller than out= " + block.out[i].layout.describe());
        }
        continue;
      }
      Status status;
      if (!std::ranges::equal(shape, block.buffers[i].layout().dims())) {
        status = block.buffers[i].shrink(shape);
      }
      if (status.ok() && block.freeze) status = block.buffers[i].freeze();
      if (!status.ok()) code = fail_output(context, status.code(), i, status.message());
    } catch (const std::exception& error) {
      code = context.fail(StatusCode::resource_exhausted, error.what());
    }
  }
  block.reservation.reset();
  block.release_inputs();
  if (code != StatusCode::ok) block.release_outputs();
  return code;
}

}  // namespace cogway
