// SPDX-License-Identifier: Apache-2.0
// Engine.c_map: one call for many items. All are checked before any is dispatched, one wake-up
// starts them, and one notification ends them.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "cogway/engine/kernel.hpp"
#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/kernel_input.hpp"
#include "module/kernel_params.hpp"
#include "module/kernel_positional.hpp"
#include "module/spawn_options.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

constexpr std::size_t kMostItems = std::size_t{1} << 24;

/// The calls of one c_map while they are put together.
struct MapBuilder {
  ModuleState& state;
  Kernel& kernel;
  PyRef sequence;                  ///< the items
  std::vector<PyObject*> scalars;  ///< given by position: as many per item as there are parameters
  std::vector<KernelCall> calls;
  std::vector<Input> inputs;
  std::vector<BufferView> out;
  std::vector<WritableExport> writers;  ///< until the engine holds its own
  ParamValues shared;                   ///< params without each
  std::vector<ParamValues> values;      ///< one per item when each= is given
  Affinity affinity;

  bool add_items(PyObject* items);
  bool add_item(std::size_t i, PyObject* item, std::size_t* n_inputs);
  bool add_out(PyObject* out);
  bool add_each(PyObject* each, KernelParams& params);
  bool add_scalars(KernelParams& params);
};

bool refuse_type(const Kernel& kernel, const char* option, const char* expected, PyObject* value) {
  PyErr_Format(PyExc_TypeError, "%s: %s must be %s, not %.100s", kernel.name().c_str(), option,
               expected, Py_TYPE(value)->tp_name);
  return false;
}

/// An int: so many calls without inputs. Otherwise each item is one input or a tuple of inputs.
bool MapBuilder::add_items(PyObject* items) {
  if (PyLong_CheckExact(items)) {
    std::int64_t count = 0;
    if (!to_int64({"c_map", "items"}, items, 0, std::int64_t{kMostItems}, count)) return false;
    calls.resize(static_cast<std::size_t>(count));
    if (kernel.min_inputs() == 0) return true;
    return refuse_type(kernel, "items", "an iterable of inputs", items);
  }
  sequence = snapshot_of(items, "c_map(): items must be iterable or an int");
  if (!sequence) return false;
  const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(sequence.get()));
  if (count > kMostItems) {
    PyErr_Format(PyExc_ValueError, "c_map(): at most %zu items at once, got %zu", kMostItems,
                 count);
    return false;
  }
  calls.resize(count);
  inputs.reserve(count);
  if (has_positional_scalars(kernel)) scalars.resize(count * kernel.params().size());
  std::vector<std::size_t> counts(count);
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(sequence.get(), static_cast<Py_ssize_t>(i));
    const PyRef held = PyRef::borrow(item);
    if (!add_item(i, item, &counts[i])) return false;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    calls[i].inputs = {inputs.data() + next, counts[i]};
    next += counts[i];
  }
  return true;
}

/// One item: an input, or a tuple of inputs; of a C function also of scalars.
bool MapBuilder::add_item(std::size_t i, PyObject* item, std::size_t* n_inputs) {
  const bool several = PyTuple_CheckExact(item);
  PyObject* const* objects = several ? reinterpret_cast<PyTupleObject*>(item)->ob_item : &item;
  const std::size_t n = several ? static_cast<std::size_t>(PyTuple_GET_SIZE(item)) : 1;
  std::array<PyObject*, COGWAY_MAX_BUFFERS> sorted;
  if (has_positional_scalars(kernel)) {
    const std::size_t params = kernel.params().size();
    if (!sort_positional(kernel, objects, n, sorted, n_inputs,
                         std::span(scalars).subspan(i * params, params))) {
      return false;
    }
    objects = sorted.data();
  } else if (n < kernel.min_inputs() || n > kernel.max_inputs()) {
    PyErr_Format(PyExc_TypeError, "%s takes %s (%s), item %zu has %zu", kernel.name().c_str(),
                 kernel.input_range().c_str(), kernel.signature().c_str(), i, n);
    return false;
  } else {
    *n_inputs = n;
  }
  for (std::size_t k = 0; k < *n_inputs; ++k) {
    if (!to_input(state, kernel, k, objects[k], &inputs.emplace_back())) return false;
  }
  return true;
}

/// out=: a batch whose item i receives result i, or a sequence of Buffers.
bool MapBuilder::add_out(PyObject* given) {
  if (given == nullptr || given == Py_None) return true;
  if (kernel.output_count() != 1) {
    PyErr_Format(PyExc_ValueError, "%s: out= of c_map needs a kernel with one output, it has %u",
                 kernel.name().c_str(), kernel.output_count());
    return false;
  }
  out.resize(calls.size());
  if (is_buffer(state, given)) {
    BufferView batch;
    writers.resize(1);
    if (!buffer_output(given, batch, writers[0])) return false;
    const std::int64_t slots = batch.layout.ndim == 0 ? 0 : batch.layout.shape[0];
    if (slots < static_cast<std::int64_t>(calls.size())) {
      PyErr_Format(PyExc_ValueError, "%s: out has %lld slots for %zu items", kernel.name().c_str(),
                   static_cast<long long>(slots), calls.size());
      return false;
    }
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const Status status = batch.index(static_cast<std::int64_t>(i), &out[i]);
      if (!status.ok()) return raise_status(state, status), false;
    }
  } else {
    PyRef buffers = snapshot_of(given, "c_map(): out must be a Buffer or a sequence of Buffers");
    if (!buffers) return false;
    const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(buffers.get()));
    if (count != calls.size()) {
      PyErr_Format(PyExc_ValueError, "%s: out holds %zu Buffers for %zu items",
                   kernel.name().c_str(), count, calls.size());
      return false;
    }
    writers.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      PyObject* item = PySequence_Fast_GET_ITEM(buffers.get(), static_cast<Py_ssize_t>(i));
      if (!is_buffer(state, item)) return refuse_type(kernel, "out[i]", "a Buffer", item);
      if (!buffer_output(item, out[i], writers[i])) return false;
    }
  }
  for (std::size_t i = 0; i < calls.size(); ++i) calls[i].out = {&out[i], 1};
  return true;
}

/// each=: for each named parameter a sequence with one value per item.
bool MapBuilder::add_each(PyObject* each, KernelParams& params) {
  if (!scalars.empty() && (each == nullptr || each == Py_None)) return add_scalars(params);
  if (each == nullptr || each == Py_None) {
    if (params.empty()) return true;
    if (!params.normalize(&shared)) return false;
    for (KernelCall& call : calls) call.params = &shared;
    return true;
  }
  if (!PyDict_Check(each)) return refuse_type(kernel, "each", "a dict of sequences", each);
  PyRef columns = PyRef::steal(PyDict_New());
  PyRef copy = PyRef::steal(PyDict_Copy(each));
  if (!columns || !copy) return false;
  PyObject *name = nullptr, *given = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(copy.get(), &position, &name, &given)) {
    PyRef column = snapshot_of(given, "c_map(): each must map names to sequences");
    if (!column || PyDict_SetItem(columns.get(), name, column.get()) < 0) return false;
    const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(column.get()));
    if (count != calls.size()) {
      PyErr_Format(PyExc_ValueError, "%s: each[%R] has %zu values for %zu items",
                   kernel.name().c_str(), name, count, calls.size());
      return false;
    }
  }
  values.resize(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // Required parameters may come from here, so each item is normalised as a call of its own.
    KernelParams one(params);
    position = 0;
    PyObject* column = nullptr;
    while (PyDict_Next(columns.get(), &position, &name, &column)) {
      PyObject* value = PySequence_Fast_GET_ITEM(column, static_cast<Py_ssize_t>(i));
      if (!one.add(name, value)) return false;
    }
    const std::size_t n = scalars.empty() ? 0 : kernel.params().size();
    if (!one.normalize(std::span(scalars).subspan(i * n, n), &values[i])) return false;
    calls[i].params = &values[i];
  }
  return true;
}

/// Scalars that items give by position, beside parameters that all have in common.
bool MapBuilder::add_scalars(KernelParams& params) {
  const std::size_t n = kernel.params().size();
  if (!params.begin(&shared)) return false;
  values.resize(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::span<PyObject* const> given = std::span(scalars).subspan(i * n, n);
    if (!params.complete(shared, given, &values[i])) return false;
    calls[i].params = &values[i];
  }
  return true;
}

PyObject* submit(EngineHost& host, MapBuilder& builder, bool return_exceptions) {
  try {
    auto batch = Batch::make();
    batch->return_exceptions = return_exceptions;
    batch->fills_slots = !builder.out.empty();
    if (!builder.calls.empty()) {
      const Admission admission = host.engine.c_spawn_batch(builder.calls, batch->group);
      if (!admission.ok()) {
        Batch::watch(batch);
        const std::string message =
            "item " + std::to_string(admission.index()) + ": " + admission.status().message();
        raise_cause(builder.state, admission.cause(), admission.status().code(),
                    builder.kernel.name(), message);
        return nullptr;
      }
    }
    Batch::watch(batch);
    return make_batch_ticket(builder.state, std::move(batch));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

}  // namespace

PyObject* engine_c_map(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keywords) {
  EngineObject* self = as_engine(object);
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  ModuleState& state = *self->state;
  state.mailbox->drain();
  if (count != 2) {
    PyErr_Format(
        PyExc_TypeError,
        "c_map() takes two positional arguments, the kernel's name and the items (%zd given)",
        count);
    return nullptr;
  }
  KernelHold hold;
  Kernel* kernel =
      find_kernel(self, arguments[0], given_nogil(state, arguments + count, keywords), &hold);
  if (kernel == nullptr) return nullptr;

  MapBuilder builder{state, *kernel, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  KernelParams params(*kernel);
  GivenOptions given;
  KernelCall shared;
  shared.kernel = kernel;
  shared.freeze = false;
  bool return_exceptions = false;
  if (!sort_keywords(state, *kernel, true, arguments + count, keywords, given, params) ||
      !convert_options(kernel->name().c_str(), given, host->engine.now(), shared.options,
                       builder.affinity) ||
      !to_bool({"c_map", "return_exceptions"}, given.return_exceptions, return_exceptions) ||
      !builder.add_items(arguments[1])) {
    return nullptr;
  }
  if (host->debug_report != nullptr) shared.place = kept_place(*host->debug_report);
  for (KernelCall& call : builder.calls) {
    call.kernel = shared.kernel;
    call.place = shared.place;
    call.freeze = false;
    call.options = shared.options;
  }
  if (!builder.add_out(given.out) || !builder.add_each(given.each, params)) return nullptr;
  return submit(*host, builder, return_exceptions);
}

}  // namespace cogway
