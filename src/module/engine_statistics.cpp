// SPDX-License-Identifier: Apache-2.0
// Engine._statistics and Engine._kernels: plain dicts and lists, which cogway.Engine turns into
// frozen dataclasses.

#include <string>

#include "cogway/engine/kernel.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/python/compat.hpp"
#include "module/bridge.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/fields.hpp"
#include "module/functions.hpp"

namespace cogway {
namespace {

template <typename Range, typename Convert>
PyObject* list_of(const Range& range, Convert convert) {
  PyRef list = PyRef::steal(PyList_New(0));
  for (const auto& item : range) {
    PyRef converted = PyRef::steal(convert(item));
    if (!list || !converted || PyList_Append(list.get(), converted.get()) < 0) return nullptr;
  }
  return list.release();
}

PyObject* class_dict(const ClassStatistics& from) {
  return Fields()
      .count("queued", from.queued)
      .count("queued_high", from.queued_by_priority[0])
      .count("queued_normal", from.queued_by_priority[1])
      .count("queued_low", from.queued_by_priority[2])
      .count("workers", from.workers)
      .count("parks", from.parks)
      .count("wakes", from.wakes)
      .count("left_to_search", from.left_to_search)
      .count("naps", from.naps)
      .count("spins", from.spins)
      .count("spin_hits", from.spin_hits)
      .count("spin_ns", from.spin_ns)
      .count("wasted_spin_ns", from.wasted_spin_ns)
      .take();
}

PyObject* worker_dict(const WorkerStatistics& from) {
  return Fields()
      .text("worker_class", worker_class_name(from.worker_class))
      .number("index", from.index)
      .number("thread_id", from.thread_id)
      .count("executed", from.executed)
      .count("stolen", from.stolen)
      .count("busy_ns", from.busy_ns)
      .count("parallel_loops", from.parallel_loops)
      .count("parallel_pieces", from.parallel_pieces)
      .number("thread_budget", from.thread_budget)
      .number("nice", from.nice)
      .text("policy", os::policy_name(from.policy))
      .set("pinned", PyBool_FromLong(from.pinned))
      .text("running", from.running)
      .take();
}

PyObject* python_dict(const EngineHost& host) {
  const TaskQueueStatistics queue = host.python_queue.statistics();
  return Fields()
      .count("submitted", host.python_submitted.load())
      .count("completed", host.python_completed.load())
      .count("failed", host.python_failed.load())
      .count("cancelled", host.python_cancelled.load())
      .count("queued", queue.queued)
      .count("running", host.running_calls.count())
      .count("spins", queue.spins)
      .count("spin_hits", queue.spin_hits)
      .count("parks", queue.parks)
      .count("wakes", queue.wakes)
      .count("spin_ns", queue.spin_ns)
      .count("wasted_spin_ns", queue.wasted_spin_ns)
      .take();
}

PyObject* bridges_dict(ModuleState& state) {
  std::uint64_t signals = 0, pushed = 0, diverted = 0, loops = 0;
  BridgeStatistics sum;
  PollBudget::Statistics polls;
  PyRef bridges = PyRef::steal(PyDict_Values(state.bridges));
  if (!bridges) return nullptr;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(bridges.get()); ++i) {
    const BridgeObject* bridge = as_bridge(PyList_GET_ITEM(bridges.get(), i));
    const auto queue = bridge->queue->statistics();
    const auto& budget = bridge->budget.statistics();
    ++loops;
    signals += queue.signals;
    pushed += queue.pushed;
    diverted += queue.diverted;
    sum.drains += bridge->statistics.drains;
    sum.delivered += bridge->statistics.delivered;
    sum.in_flight += bridge->statistics.in_flight;
    polls.windows += budget.windows;
    polls.turns += budget.turns;
    polls.hits += budget.hits;
    polls.rests += budget.rests;
    polls.wasted_ns += budget.wasted_ns;
  }
  return Fields()
      .count("loops", loops)
      .count("completions", pushed)
      .count("delivered", sum.delivered)
      .count("in_flight", sum.in_flight)
      .count("signals", signals)
      .count("wakeups", sum.drains)
      .count("diverted", diverted)
      .count("poll_windows", polls.windows)
      .count("poll_turns", polls.turns)
      .count("poll_hits", polls.hits)
      .count("poll_rests", polls.rests)
      .number("poll_wasted_ns", polls.wasted_ns)
      .take();
}

PyObject* mailbox_dict(const ReleaseMailbox& mailbox) {
  const ReleaseMailbox::Statistics from = mailbox.statistics();
  return Fields()
      .count("posted", from.posted)
      .count("released", from.released)
      .count("drains", from.drains)
      .count("abandoned", from.abandoned)
      .take();
}

PyObject* default_of(const cogway_param_spec& spec) {
  const cogway_value& value = spec.default_value;
  switch (value.type) {
    case COGWAY_PARAM_BOOL:
      return PyBool_FromLong(value.as.i != 0);
    case COGWAY_PARAM_INT:
      return PyLong_FromLongLong(value.as.i);
    case COGWAY_PARAM_FLOAT:
      return PyFloat_FromDouble(value.as.f);
    case COGWAY_PARAM_STRING:
      return PyUnicode_FromStringAndSize(value.as.s, value.count);
    case COGWAY_PARAM_CHOICE:
      return PyUnicode_FromString(spec.choices[value.as.i]);
    case COGWAY_PARAM_INTS:
    case COGWAY_PARAM_FLOATS: {
      PyRef list = PyRef::steal(PyTuple_New(value.count));
      for (std::uint32_t i = 0; list && i < value.count; ++i) {
        PyObject* item = value.type == COGWAY_PARAM_INTS ? PyLong_FromLongLong(value.as.ints[i])
                                                         : PyFloat_FromDouble(value.as.floats[i]);
        if (item == nullptr) return nullptr;
        PyTuple_SET_ITEM(list.get(), i, item);
      }
      return list.release();
    }
    default:
      Py_RETURN_NONE;
  }
}

const char* type_name(std::uint32_t type) noexcept {
  static constexpr const char* kNames[] = {"none",   "bool", "int",    "float",
                                           "string", "ints", "floats", "choice"};
  return type < std::size(kNames) ? kNames[type] : "none";
}

PyObject* param_dict(const cogway_param_spec& spec) {
  PyRef choices = PyRef::steal(PyList_New(0));
  for (const char* const* choice = spec.choices; choice != nullptr && *choice != nullptr;
       ++choice) {
    PyRef text = PyRef::steal(PyUnicode_FromString(*choice));
    if (!choices || !text || PyList_Append(choices.get(), text.get()) < 0) return nullptr;
  }
  return Fields()
      .text("name", spec.name)
      .text("type", type_name(spec.type))
      .text("doc", spec.doc == nullptr ? "" : spec.doc)
      .set("required", PyBool_FromLong((spec.flags & COGWAY_PARAM_REQUIRED) != 0))
      .set("default", default_of(spec))
      .set("choices", PySequence_Tuple(choices.get()))
      .take();
}

PyObject* kernel_dict(const Kernel& kernel) {
  return Fields()
      .text("name", kernel.name())
      .text("signature", kernel.signature())
      .text("doc", kernel.doc())
      .text("pack", kernel.pack())
      .count("min_inputs", kernel.min_inputs())
      .count("max_inputs", kernel.max_inputs())
      .count("outputs", kernel.output_count())
      .set("parameters", list_of(kernel.params(), param_dict))
      .take();
}

}  // namespace

PyObject* kernel_list(const KernelRegistry& registry) {
  return list_of(registry.kernels(), [](const Kernel* kernel) { return kernel_dict(*kernel); });
}

PyObject* engine_kernels(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  try {
    return kernel_list(host->engine.registry());
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyObject* engine_statistics(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  ModuleState& state = *as_engine(object)->state;
  state.mailbox->drain();
  try {
    const EngineStatistics from = host->engine.statistics();
    return Fields()
        .text("name", from.name)
        .count("submitted", from.submitted)
        .count("completed", from.completed)
        .count("failed", from.failed)
        .count("cancelled", from.cancelled)
        .count("expired", from.expired)
        .count("refused", from.refused)
        .count("in_flight", from.in_flight)
        .count("parked_for_bus", from.parked_for_bus)
        .count("abandoned_workers", from.abandoned_workers)
        .count("steals", from.steals)
        .count("log_dropped", from.log_dropped)
        .count("task_records", from.task_records)
        .count("call_records", from.call_records)
        .count("record_allocations", from.record_allocations)
        .set("foreground", class_dict(from.classes[0]))
        .set("background", class_dict(from.classes[1]))
        .set("workers", list_of(from.workers, worker_dict))
        .set("kernels", list_of(from.kernels,
                                [](const KernelStatistics& kernel) {
                                  return Fields()
                                      .text("name", kernel.name)
                                      .count("calls", kernel.calls)
                                      .count("failures", kernel.failures)
                                      .number("expected_ns", kernel.expected_ns)
                                      .take();
                                }))
        .set("python", python_dict(*host))
        .set("bridge", bridges_dict(state))
        .set("mailbox", mailbox_dict(*state.mailbox))
        .take();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

}  // namespace cogway
