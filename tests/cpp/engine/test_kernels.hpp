// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kernels with every behaviour that the engine must cope with, and small engines to run them.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cogway/base/os/thread.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/sync/flag.hpp"

namespace engine_test {

using namespace cogway;

/// What blocking kernels wait for, and how many have begun. A fresh one per test.
struct Latch {
  std::atomic<int> begun{0};
  std::atomic<bool> open{false};
  void wait_begun(int count) const {
    while (begun.load() < count) os::yield_thread();
  }
};
inline std::atomic<Latch*> latch{nullptr};

inline int32_t fill_describe(const cogway_call* call, cogway_output_spec* output) {
  output->ndim = 1;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->shape[0] = call->params[0].as.i;
  return COGWAY_OK;
}
inline int32_t fill_run(const cogway_call* call) {
  std::memset(call->outputs[0].data, static_cast<int>(call->params[1].as.i),
              static_cast<std::size_t>(call->outputs[0].shape[0]));
  return COGWAY_OK;
}
/// Copies the input's first half: a bound of n, a real size of n / 2.
inline int32_t half_describe(const cogway_call* call, cogway_output_spec* output) {
  if (call->inputs[0].ndim != 1) {
    return host_table()->fail(call->context, COGWAY_INVALID_ARGUMENT, "the input must be flat");
  }
  if (call->inputs[0].shape[0] == 13) {
    return host_table()->fail(call->context, COGWAY_DATA_LOSS, "thirteen bytes are corrupt");
  }
  output->ndim = 1;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->flags = COGWAY_OUTPUT_BOUND;
  output->shape[0] = call->inputs[0].shape[0];
  return COGWAY_OK;
}
inline int32_t half_run(const cogway_call* call) {
  const int64_t half = call->inputs[0].shape[0] / 2;
  std::memcpy(call->outputs[0].data, call->inputs[0].data, static_cast<std::size_t>(half));
  return host_table()->set_output_shape(call->context, 0, &half, 1);
}
inline int32_t fail_run(const cogway_call* call) {
  const auto code = static_cast<int32_t>(call->params[0].as.i);
  return host_table()->fail(call->context, code, call->params[1].as.s);
}
/// Polls for cancellation until the latch opens.
inline int32_t polite_run(const cogway_call* call) {
  Latch& gate = *latch.load();
  gate.begun.fetch_add(1);
  while (!gate.open.load()) {
    if (host_table()->cancelled(call->context) != 0) return COGWAY_CANCELLED;
    os::yield_thread();
  }
  return COGWAY_OK;
}
/// Never looks: stays until the latch opens.
inline int32_t deaf_run(const cogway_call*) {
  Latch& gate = *latch.load();
  gate.begun.fetch_add(1);
  while (!gate.open.load()) os::yield_thread();
  return COGWAY_OK;
}
inline int32_t code_run(const cogway_call*) { return 77; }
inline int32_t scratch_run(const cogway_call* call) {
  for (std::size_t bytes : {std::size_t{100}, std::size_t{1} << 20, std::size_t{64}}) {
    void* memory = host_table()->scratch(call->context, bytes);
    if (memory == nullptr || reinterpret_cast<std::uintptr_t>(memory) % 64 != 0) {
      return COGWAY_INTERNAL;
    }
    std::memset(memory, 1, bytes);
  }
  host_table()->log(call->context, 30, "scratch was had");
  return COGWAY_OK;
}
/// As fill, but described on the worker.
inline cogway_kernel make(const char* name, int32_t (*run)(const cogway_call*)) {
  cogway_kernel kernel{};
  kernel.size = sizeof(cogway_kernel);
  kernel.name = name;
  kernel.run = run;
  return kernel;
}

inline cogway_param_spec int_param(const char* name, std::uint32_t flags, std::int64_t fallback) {
  cogway_param_spec spec{};
  spec.size = sizeof(cogway_param_spec);
  spec.type = COGWAY_PARAM_INT;
  spec.name = name;
  spec.flags = flags;
  if ((flags & COGWAY_PARAM_REQUIRED) == 0) {
    spec.default_value.type = COGWAY_PARAM_INT;
    spec.default_value.as.i = fallback;
  }
  return spec;
}

inline KernelRegistry& registry() {
  static KernelRegistry* const made = [] {
    auto* registry = new KernelRegistry();
    static cogway_param_spec fill_params[] = {int_param("n", COGWAY_PARAM_REQUIRED, 0),
                                              int_param("value", 0, 7)};
    static cogway_param_spec fail_params[] = {int_param("code", 0, COGWAY_DATA_LOSS),
                                              int_param("message", 0, 0)};
    fail_params[1].type = COGWAY_PARAM_STRING;
    fail_params[1].default_value = {COGWAY_PARAM_STRING, 4, {}};
    fail_params[1].default_value.as.s = "oops";
    static cogway_kernel kernels[] = {
        make("test.fill", &fill_run),     make("test.late_fill", &fill_run),
        make("test.half", &half_run),     make("test.fail", &fail_run),
        make("test.polite", &polite_run), make("test.deaf", &deaf_run),
        make("test.code", &code_run),     make("test.scratch", &scratch_run),
    };
    for (int i : {0, 1}) {
      kernels[i].describe = &fill_describe;
      kernels[i].n_outputs = 1;
      kernels[i].params = fill_params;
      kernels[i].n_params = 2;
      kernels[i].max_inputs = 1;
    }
    kernels[1].flags = COGWAY_KERNEL_DESCRIBE_ON_WORKER;
    kernels[2].describe = &half_describe;
    kernels[2].n_outputs = kernels[2].min_inputs = kernels[2].max_inputs = 1;
    kernels[3].params = fail_params;
    kernels[3].n_params = 2;
    static const cogway_pack pack = {
        sizeof(cogway_pack), COGWAY_KERNEL_ABI, "test", "1", kernels, 8};
    if (!registry->add(pack, "").ok()) std::abort();
    return registry;
  }();
  return *made;
}

inline EngineOptions options(int foreground = 2, std::uint64_t bus_bytes = std::uint64_t{1} << 20) {
  EngineOptions made;
  made.foreground_workers = foreground;
  made.background_workers = 1;
  made.bus_bytes = bus_bytes;
  made.registry = &registry();
  return made;
}

inline EngineOptions manual(ManualClock* clock, std::uint64_t bus_bytes = std::uint64_t{1} << 20) {
  EngineOptions made = options(1, bus_bytes);
  made.manual = true;
  made.clock = clock;
  return made;
}

/// A call and what it points to.
struct Call {
  explicit Call(const char* name, std::vector<ParamArgument> arguments = {}) {
    call.kernel = registry().find(name);
    if (call.kernel == nullptr) std::abort();
    if (arguments.empty()) return;
    if (!values.normalize(*call.kernel, arguments).ok()) std::abort();
    call.params = &values;
  }
  void add(Input input) {
    inputs.push_back(std::move(input));
    call.inputs = inputs;
  }
  void into(BufferView view) {
    out.push_back(std::move(view));
    call.out = out;
  }
  KernelCall call;
  ParamValues values;
  std::vector<Input> inputs;
  std::vector<BufferView> out;
};

inline Call fill(std::int64_t n, std::int64_t value = 7, const char* kernel = "test.fill") {
  return Call(kernel, {{"n", n}, {"value", value}});
}

inline Admission submit(Engine& engine, Call call, TaskRef* ticket) {
  if (call.call.params != nullptr) call.call.params = &call.values;
  return engine.c_spawn(call.call, ticket);
}

inline BufferRef lease(Engine& engine, std::uint64_t bytes) {
  return engine.bus().try_lease(Layout::bytes(bytes));
}

/// Nothing of the bus is held any more.
inline bool bus_is_empty(Engine& engine) { return engine.bus().used() == 0; }

}  // namespace engine_test
