// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kernels for the tests of flow: they say what they were given, fail on demand, or wait at a gate.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/flow/pipeline.hpp"

namespace flow_test {

/// A door that test.gate waits at until it is opened or the call is cancelled.
struct Gate {
  std::atomic<bool> open{true};
  std::atomic<int> inside{0};
  std::atomic<int> entered{0};
  std::atomic<int> saw_cancel{0};

  void shut() { open = false; }
  void reset() {
    open = true;
    entered = saw_cancel = 0;
  }
};
inline Gate gate;

inline int32_t mark_describe(const cogway_call*, cogway_output_spec* output) {
  output->ndim = 1;
  output->dtype = {COGWAY_INT, 64, 1};
  output->shape[0] = 4;
  return COGWAY_OK;
}
/// (index, epoch, first byte or -1, bytes)
inline int32_t mark_run(const cogway_call* call) {
  const cogway_view& in = call->inputs[0];
  const int64_t row[4] = {call->params[0].as.i, call->params[1].as.i,
                          in.nbytes == 0 ? -1 : *static_cast<const uint8_t*>(in.data),
                          static_cast<int64_t>(in.nbytes)};
  std::memcpy(call->outputs[0].data, row, sizeof(row));
  return COGWAY_OK;
}

inline int32_t same_describe(const cogway_call* call, cogway_output_spec* output) {
  output->ndim = 1;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->shape[0] = static_cast<int64_t>(call->inputs[0].nbytes);
  return COGWAY_OK;
}
/// Copies its bytes; fails when index % every == every - 1.
inline int32_t pick_run(const cogway_call* call) {
  const int64_t every = call->params[1].as.i;
  if (every != 0 && call->params[0].as.i % every == every - 1) {
    return cogway::host_table()->fail(call->context, COGWAY_DATA_LOSS, "picked");
  }
  std::memcpy(call->outputs[0].data, call->inputs[0].data, call->inputs[0].nbytes);
  return COGWAY_OK;
}
/// Copies its bytes once the gate is open.
inline int32_t gate_run(const cogway_call* call) {
  gate.entered.fetch_add(1);
  gate.inside.fetch_add(1);
  while (!gate.open && cogway::host_table()->cancelled(call->context) == 0) {
    std::this_thread::yield();
  }
  gate.inside.fetch_sub(1);
  if (cogway::host_table()->cancelled(call->context) != 0) {
    gate.saw_cancel.fetch_add(1);
    return COGWAY_CANCELLED;
  }
  std::memcpy(call->outputs[0].data, call->inputs[0].data, call->inputs[0].nbytes);
  return COGWAY_OK;
}
/// A megabyte of the first byte.
inline int32_t swell_describe(const cogway_call* call, cogway_output_spec* output) {
  output->ndim = 1;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->shape[0] = call->params[0].as.i;
  return COGWAY_OK;
}
inline int32_t swell_run(const cogway_call* call) {
  std::memset(call->outputs[0].data, *static_cast<const uint8_t*>(call->inputs[0].data),
              static_cast<std::size_t>(call->params[0].as.i));
  return COGWAY_OK;
}
/// As many bytes as its text is long, known only afterwards.
inline int32_t text_describe(const cogway_call*, cogway_output_spec* output) {
  output->ndim = 1;
  output->flags = COGWAY_OUTPUT_BOUND;
  output->dtype = {COGWAY_UINT, 8, 1};
  output->shape[0] = 64;
  return COGWAY_OK;
}
inline int32_t text_run(const cogway_call* call) {
  const cogway_value& text = call->params[0];
  std::memcpy(call->outputs[0].data, text.as.s, text.count);
  const int64_t size = text.count;
  return cogway::host_table()->set_output_shape(call->context, 0, &size, 1);
}

inline cogway_param_spec int_param(const char* name, uint32_t flags, int64_t value) {
  cogway_param_spec spec{};
  spec.size = sizeof(spec);
  spec.type = COGWAY_PARAM_INT;
  spec.name = name;
  spec.doc = "test";
  spec.flags = flags;
  if (flags == 0) {
    spec.default_value.type = COGWAY_PARAM_INT;
    spec.default_value.as.i = value;
  }
  return spec;
}

/// The registry with these kernels and the built-in ones.
inline cogway::KernelRegistry& registry() {
  static cogway::KernelRegistry* const made = [] {
    auto* result = new cogway::KernelRegistry();
    static const cogway_param_spec mark_params[] = {int_param("index", 0, -1),
                                                    int_param("epoch", 0, -1)};
    static const cogway_param_spec pick_params[] = {int_param("index", 0, 0),
                                                    int_param("every", 0, 0)};
    static const cogway_param_spec swell_params[] = {int_param("bytes", COGWAY_PARAM_REQUIRED, 0)};
    static cogway_param_spec text_params[1] = {int_param("text", COGWAY_PARAM_REQUIRED, 0)};
    text_params[0].type = COGWAY_PARAM_STRING;
    static cogway_kernel kernels[5] = {};
    const auto define = [&](int i, const char* name, auto describe, auto run,
                            const cogway_param_spec* params, uint32_t count, uint32_t inputs) {
      cogway_kernel& kernel = kernels[i];
      kernel.size = sizeof(kernel);
      kernel.name = name;
      kernel.doc = "Test.";
      kernel.signature = "";
      kernel.min_inputs = kernel.max_inputs = inputs;
      kernel.n_outputs = 1;
      kernel.params = params;
      kernel.n_params = count;
      kernel.describe = describe;
      kernel.run = run;
    };
    define(0, "test.mark", &mark_describe, &mark_run, mark_params, 2, 1);
    define(1, "test.pick", &same_describe, &pick_run, pick_params, 2, 1);
    define(2, "test.gate", &same_describe, &gate_run, nullptr, 0, 1);
    define(3, "test.swell", &swell_describe, &swell_run, swell_params, 1, 1);
    define(4, "test.text", &text_describe, &text_run, text_params, 1, 0);
    static const cogway_pack pack{sizeof(cogway_pack), COGWAY_KERNEL_ABI, "test", "1", kernels, 5};
    const cogway::Status status = result->add(pack, "");
    if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
    return result;
  }();
  return *made;
}

inline cogway::EngineOptions options(int workers = 2, std::size_t bus_bytes = 8u << 20) {
  cogway::EngineOptions chosen;
  chosen.foreground_workers = 1;
  chosen.background_workers = workers;
  chosen.bus_bytes = bus_bytes;
  chosen.registry = &registry();
  return chosen;
}

/// n strings "a", "bb", "ccc" … of at most 26 letters' variety; item i begins with letter i % 26.
inline cogway::SourceList letters(std::size_t n) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < n; ++i) {
    strings.emplace_back(1 + i % 5, static_cast<char>('a' + i % 26));
  }
  return cogway::SourceList::of(std::move(strings));
}

inline const std::pair<std::string_view, cogway::ItemField> kIndex[] = {
    {"index", cogway::ItemField::index}};
inline const std::pair<std::string_view, cogway::ItemField> kIndexEpoch[] = {
    {"index", cogway::ItemField::index}, {"epoch", cogway::ItemField::epoch}};

/// Row `place` of a stacked batch of test.mark.
inline const int64_t* row(const cogway::Element& element, std::size_t place) {
  return reinterpret_cast<const int64_t*>(element.buffers[0].data()) + 4 * place;
}

/// All elements of a run.
inline std::vector<cogway::Element> collect(cogway::PipelineRun& run,
                                            cogway::Next* last = nullptr) {
  std::vector<cogway::Element> elements;
  for (;;) {
    cogway::Element element;
    const cogway::Next found = run.next(&element);
    if (found != cogway::Next::element) {
      if (last != nullptr) *last = found;
      return elements;
    }
    elements.push_back(std::move(element));
  }
}

}  // namespace flow_test
