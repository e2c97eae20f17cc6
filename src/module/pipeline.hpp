// SPDX-License-Identifier: Apache-2.0
#pragma once
// `_core.Flow` (a pipeline) and `_core.FlowRun` (one epoch of it): thin shells of cogway::Pipeline
// and cogway::PipelineRun. What people use is cogway.Pipeline, in Python.

#include <Python.h>

#include <memory>
#include <string>
#include <vector>

#include "cogway/flow/pipeline.hpp"
#include "module/engine_object.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached; built by one. **Ownership**: holds the Engine object, and through the
/// pipeline the Python objects of its source, which go through the mailbox.
/// **Progress**, **Order**: as Pipeline.
struct FlowObject {
  PyObject_HEAD ModuleState* state;
  PyObject* engine;    ///< cogway._core.Engine; outlives every run
  Pipeline* pipeline;  ///< owned
  /// Kernel of each stage, nullptr for others: names the one that refuses a value.
  std::vector<const Kernel*>* kernels;
};

/// **Threads**: any attached. **Ownership**: holds its Flow; dropping it cancels the run.
/// **Progress**, **Order**: as PipelineRun.
struct FlowRunObject {
  PyObject_HEAD ModuleState* state;
  FlowObject* flow;
  PipelineRun* run;  ///< owned
};

[[nodiscard]] inline FlowObject* as_flow(PyObject* object) noexcept {
  return reinterpret_cast<FlowObject*>(object);
}
[[nodiscard]] inline FlowRunObject* as_flow_run(PyObject* object) noexcept {
  return reinterpret_cast<FlowRunObject*>(object);
}

/// A run as a Python object; nullptr with an exception.
[[nodiscard]] PyObject* make_flow_run(FlowObject* flow, PipelineRun run);

// pipeline_values.cpp: between elements and Python objects.

/// What a native stage sees of `value`: bytes, a buffer, or a tuple of these. False with an
/// exception.
[[nodiscard]] bool to_operands(ModuleState& state, const Kernel& kernel, PyObject* value,
                               std::vector<Operand>& operands);
/// (number, positions, indices, batch, foreign, buffers, collected)
[[nodiscard]] PyObject* from_element(ModuleState& state, const Element& element);
/// A list of (stage, name, position, index, exception); no item: None for both.
[[nodiscard]] PyObject* from_failures(ModuleState& state, const std::vector<Failure>& failures);
[[nodiscard]] PyObject* from_statistics(const PipelineStatistics& statistics);

}  // namespace cogway
