// SPDX-License-Identifier: Apache-2.0
// The table that packs see: kernel_abi.h's view of TaskContext. Nothing here may throw.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "call_block.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/engine/task_context.hpp"
#include "task_access.hpp"

namespace cogway {

/// What the host table may reach in a context.
struct HostAccess {
  static CallBlock* call(TaskContext& context) noexcept { return context.call_; }
};

namespace {

int32_t cancelled(cogway_context* context) {
  return TaskContext::from(context).cancelled() ? 1 : 0;
}

int64_t deadline(cogway_context* context) {
  const TimePoint at = TaskContext::from(context).deadline();
  return at == kNever ? std::numeric_limits<int64_t>::max() : at.time_since_epoch().count();
}

void* scratch(cogway_context* context, size_t bytes) {
  return TaskContext::from(context).scratch(bytes);
}

int32_t parallel_for(cogway_context* context, int64_t n, int64_t grain, cogway_range_body body,
                     void* argument) {
  return static_cast<int32_t>(TaskContext::from(context).parallel_for(n, grain, body, argument));
}

int32_t fail(cogway_context* context, int32_t code, const char* message) {
  TaskContext::from(context).fail(static_cast<StatusCode>(code), message == nullptr ? "" : message);
  return code;
}

int32_t set_output_shape(cogway_context* context, uint32_t i, const int64_t* shape, uint32_t ndim) {
  TaskContext& task = TaskContext::from(context);
  CallBlock* call = HostAccess::call(task);
  const auto refuse = [&](const char* reason) {
    char message[128];
    std::snprintf(message, sizeof(message), "set_output_shape(%u): %s", i, reason);
    return static_cast<int32_t>(task.fail(StatusCode::internal, message));
  };
  if (call == nullptr || i >= call->n_outputs) return refuse("there is no such output");
  cogway_output_spec& spec = call->specs[i];
  if ((spec.flags & COGWAY_OUTPUT_BOUND) == 0) {
    return refuse("describe() did not mark the output COGWAY_OUTPUT_BOUND");
  }
  if (ndim != spec.ndim || shape == nullptr) return refuse("another number of dimensions");
  for (uint32_t d = 0; d < ndim; ++d) {
    if (shape[d] < 0 || shape[d] > spec.shape[d]) return refuse("larger than the bound");
  }
  std::copy_n(shape, ndim, spec.shape);
  return COGWAY_OK;
}

void log(cogway_context* context, int32_t level, const char* message) {
  TaskContext::from(context).log(level, message == nullptr ? "" : message);
}

int32_t parallel_reduce(cogway_context* context, int64_t n, int64_t grain, cogway_reduce_body body,
                        cogway_combine combine, void* argument, void* result, size_t bytes) {
  return static_cast<int32_t>(
      TaskContext::from(context).parallel_reduce(n, grain, body, combine, argument, result, bytes));
}

int32_t thread_budget(cogway_context* context) {
  return TaskContext::from(context).thread_budget();
}

int32_t post(cogway_context* context, const char* name, const cogway_view* buffers,
             uint32_t n_buffers) {
  return static_cast<int32_t>(TaskContext::from(context).post(
      name == nullptr ? "" : name, {buffers, buffers == nullptr ? 0 : n_buffers}));
}

constexpr cogway_host kHost = {
    sizeof(cogway_host),
    COGWAY_KERNEL_ABI,
    &cancelled,
    &deadline,
    &scratch,
    &parallel_for,
    &fail,
    &set_output_shape,
    &log,
    &parallel_reduce,
    &thread_budget,
    &post,
};

}  // namespace

const cogway_host* host_table() noexcept { return &kHost; }

}  // namespace cogway
