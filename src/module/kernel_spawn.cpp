// SPDX-License-Identifier: Apache-2.0
// Engine.c_spawn: one call of a kernel.

#include <array>
#include <span>

#include "cogway/engine/kernel.hpp"
#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/inline_array.hpp"
#include "module/kernel_input.hpp"
#include "module/kernel_params.hpp"
#include "module/kernel_positional.hpp"
#include "module/spawn_options.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

/// What one call needs while it is put together; on the stack.
struct CallStorage {
  InlineArray<Input, COGWAY_MAX_BUFFERS> inputs;
  InlineArray<BufferView, COGWAY_MAX_BUFFERS> out;
  InlineArray<WritableExport, COGWAY_MAX_BUFFERS> writers;  ///< until the engine holds its own
  ParamValues params;
  Affinity affinity;
};

/// Inputs, and scalars among them.
bool convert_positional(ModuleState& state, const Kernel& kernel, PyObject* const* objects,
                        std::size_t count, KernelParams& params, CallStorage& storage) {
  std::array<PyObject*, ParamValues::kMaxParams> scalars{};
  std::array<PyObject*, COGWAY_MAX_BUFFERS> inputs;
  std::size_t n_inputs = 0;
  if (!sort_positional(kernel, objects, count, inputs, &n_inputs, scalars)) return false;
  const std::size_t n_params = kernel.params().size();
  if (!params.normalize(std::span(scalars).first(n_params), &storage.params)) return false;
  for (std::size_t i = 0; i < n_inputs; ++i) {
    if (!to_input(state, kernel, i, inputs[i], &storage.inputs.emplace_back())) return false;
  }
  return true;
}

bool convert_inputs(ModuleState& state, const Kernel& kernel, PyObject* const* objects,
                    std::size_t count, CallStorage& storage) {
  if (count < kernel.min_inputs() || count > kernel.max_inputs()) {
    PyErr_Format(PyExc_TypeError, "%s takes %s (%s), %zu given", kernel.name().c_str(),
                 kernel.input_range().c_str(), kernel.signature().c_str(), count);
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!to_input(state, kernel, i, objects[i], &storage.inputs.emplace_back())) return false;
  }
  return true;
}

/// out=: a Buffer, or a sequence of as many as the kernel has outputs.
bool convert_out(ModuleState& state, const Kernel& kernel, PyObject* out, CallStorage& storage) {
  if (out == nullptr || out == Py_None) return true;
  if (is_buffer(state, out)) {
    return buffer_output(out, storage.out.emplace_back(), storage.writers.emplace_back());
  }
  if (PyObject_CheckBuffer(out) != 0) {  // a sequence too, but of its elements
    PyErr_Format(PyExc_TypeError,
                 "%s: out must be a Buffer or a sequence of Buffers, not %.100s: wrap memory of "
                 "your own with Buffer.from_buffer()",
                 kernel.name().c_str(), Py_TYPE(out)->tp_name);
    return false;
  }
  PyRef sequence = snapshot_of(out, "out must be a Buffer or a sequence of Buffers");
  if (!sequence) return false;
  const Py_ssize_t given = PySequence_Fast_GET_SIZE(sequence.get());
  if (static_cast<std::size_t>(given) != kernel.output_count()) {
    PyErr_Format(PyExc_ValueError, "%s: out must hold %u Buffers, got %zd", kernel.name().c_str(),
                 kernel.output_count(), given);
    return false;
  }
  for (Py_ssize_t i = 0; i < given; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(sequence.get(), i);
    if (!is_buffer(state, item)) {
      PyErr_Format(PyExc_TypeError, "%s: out[%zd] must be a Buffer, not %.100s",
                   kernel.name().c_str(), i, Py_TYPE(item)->tp_name);
      return false;
    }
    if (!buffer_output(item, storage.out.emplace_back(), storage.writers.emplace_back())) {
      return false;
    }
  }
  return true;
}

}  // namespace

PyObject* engine_c_spawn(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                         PyObject* keywords) {
  EngineObject* self = as_engine(object);
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  ModuleState& state = *self->state;
  state.mailbox->drain();
  if (count < 1) {
    PyErr_SetString(PyExc_TypeError, "c_spawn() missing required argument 'kernel'");
    return nullptr;
  }
  KernelHold hold;
  Kernel* kernel =
      find_kernel(self, arguments[0], given_nogil(state, arguments + count, keywords), &hold);
  if (kernel == nullptr) return nullptr;

  CallStorage storage;
  KernelParams params(*kernel);
  GivenOptions given;
  KernelCall call;
  call.kernel = kernel;
  // A result belongs to its caller alone: leased, so that it may be written, frozen or handed on.
  call.freeze = false;
  if (keywords != nullptr) {
    if (!sort_keywords(state, *kernel, false, arguments + count, keywords, given, params) ||
        !convert_options(kernel->name().c_str(), given, host->engine.now(), call.options,
                         storage.affinity)) {
      return nullptr;
    }
  }
  const auto n_given = static_cast<std::size_t>(count - 1);
  if (has_positional_scalars(*kernel)) {
    if (!convert_positional(state, *kernel, arguments + 1, n_given, params, storage)) {
      return nullptr;
    }
    call.params = &storage.params;
  } else {
    if (!params.empty()) {
      if (!params.normalize(&storage.params)) return nullptr;
      call.params = &storage.params;
    }
    if (!convert_inputs(state, *kernel, arguments + 1, n_given, storage)) return nullptr;
  }
  call.inputs = storage.inputs.values();
  if (!convert_out(state, *kernel, given.out, storage)) return nullptr;
  call.out = storage.out.values();

  if (DebugReport* report = host->debug_report.get(); report != nullptr) [[unlikely]]
    call.place = kept_place(*report);
  TaskRef task;
  try {
    const Admission admission = host->engine.c_spawn(call, &task);
    if (!admission.ok()) {
      raise_cause(state, admission.cause(), admission.status().code(), kernel->name(),
                  admission.status().message());
      return nullptr;
    }
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  PyObject* ticket = make_ticket(state, std::move(task));
  if (ticket != nullptr && given.out != nullptr && given.out != Py_None) {
    // What was given to be written is the result.
    as_ticket(ticket)->value = Py_NewRef(given.out);
    track_ticket(as_ticket(ticket));
  }
  return ticket;
}

}  // namespace cogway
