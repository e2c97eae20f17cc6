// SPDX-License-Identifier: Apache-2.0
#include "module/spawn_options.hpp"

#include <cmath>
#include <cstdint>

#include "cogway/python/compat.hpp"
#include "module/arguments.hpp"

namespace cogway {
namespace {

/// Where an option of that name goes; nullptr when it is none.
PyObject** option_slot(ModuleState& state, bool map, PyObject* name, GivenOptions& given) {
  struct Known {
    PyObject* name;
    PyObject** slot;
  };
  const Known known[] = {
      {state.name_params, &given.params},
      {state.name_priority, &given.priority},
      {state.name_deadline, &given.deadline},
      {state.name_worker_class, &given.worker_class},
      {state.name_affinity, &given.affinity},
      {state.name_out, &given.out},
      {state.name_nogil, &given.nogil},
      {state.name_each, &given.each},
      {state.name_return_exceptions, &given.return_exceptions},
  };
  const std::size_t count = map ? std::size(known) : std::size(known) - 2;
  for (std::size_t i = 0; i < count; ++i) {
    if (known[i].name == name) return known[i].slot;
  }
  for (std::size_t i = 0; i < count; ++i) {  // a name that was built, not written
    if (PyUnicode_Compare(known[i].name, name) == 0) return known[i].slot;
  }
  return nullptr;
}

bool is_parameter(const Kernel& kernel, PyObject* name) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(name, &size);
  if (data == nullptr) {
    PyErr_Clear();
    return false;
  }
  return kernel.param_index({data, static_cast<std::size_t>(size)}).has_value();
}

bool refuse(const char* what, const char* option, const char* expected, PyObject* value) {
  if (PyErr_Occurred() != nullptr) return false;
  PyErr_Format(PyExc_ValueError, "%s: %s must be %s, got %R", what, option, expected, value);
  return false;
}

bool convert_affinity(const char* what, PyObject* value, Affinity& affinity) {
  static constexpr const char* kExpected = "a worker's index or an iterable of processor numbers";
  if (PyIndex_Check(value)) {
    std::int64_t worker = 0;
    if (!to_int64({what, "affinity"}, value, 0, 4095, worker)) return false;
    affinity.worker = static_cast<std::int32_t>(worker);
    return true;
  }
  PyRef processors = PyRef::steal(PySequence_List(value));
  if (!processors) {
    PyErr_Clear();
    return refuse(what, "affinity", kExpected, value);
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(processors.get()); ++i) {
    std::int64_t processor = 0;
    if (!to_int64({what, "affinity"}, PyList_GET_ITEM(processors.get(), i), 0, 65535, processor)) {
      return false;
    }
    affinity.cpus.push_back(static_cast<int>(processor));
  }
  if (affinity.cpus.empty()) return refuse(what, "affinity", kExpected, value);
  return true;
}

}  // namespace

PyObject* given_nogil(const ModuleState& state, PyObject* const* values,
                      PyObject* keywords) noexcept {
  const Py_ssize_t count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (PyTuple_GET_ITEM(keywords, i) == state.name_nogil) return values[i];
  }
  return nullptr;
}

bool sort_keywords(ModuleState& state, const Kernel& kernel, bool map, PyObject* const* values,
                   PyObject* keywords, GivenOptions& given, KernelParams& params) {
  const Py_ssize_t count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* name = PyTuple_GET_ITEM(keywords, i);
    PyObject** option = option_slot(state, map, name, given);
    if (option == nullptr) {
      if (!params.add(name, values[i])) return false;
      continue;
    }
    if (option != &given.params && is_parameter(kernel, name)) {
      PyErr_Format(PyExc_TypeError,
                   "%s: %R is both an option of the call and a parameter of the kernel; give the "
                   "parameter in params={...}, and the option with other kernels only",
                   kernel.name().c_str(), name);
      return false;
    }
    *option = values[i];
  }
  return params.add_all(given.params);
}

bool convert_options(const char* what, const GivenOptions& given, TimePoint now,
                     SpawnOptions& options, Affinity& affinity) {
  if (given.priority != nullptr) {
    bool found = false;
    for (auto priority : {Priority::high, Priority::normal, Priority::low}) {
      if (!PyUnicode_Check(given.priority)) break;
      if (!equal_to_ascii(given.priority, priority_name(priority).data())) continue;
      options.priority = priority;
      found = true;
    }
    if (!found) return refuse(what, "priority", "'high', 'normal' or 'low'", given.priority);
  }
  if (given.worker_class != nullptr) {
    bool found = false;
    for (auto worker_class : {WorkerClass::foreground, WorkerClass::background}) {
      if (!PyUnicode_Check(given.worker_class)) break;
      if (!equal_to_ascii(given.worker_class, worker_class_name(worker_class).data())) continue;
      options.worker_class = worker_class;
      found = true;
    }
    if (!found) {
      return refuse(what, "worker_class", "'foreground' or 'background'", given.worker_class);
    }
  }
  if (given.deadline != nullptr && given.deadline != Py_None) {
    double seconds = 0;
    if (!to_seconds({what, "deadline"}, given.deadline, seconds)) return false;
    // Beyond thirty years nobody waits, and nanoseconds would overflow.
    if (seconds < 1e9) {
      options.deadline =
          deadline_after(now, Nanoseconds(static_cast<std::int64_t>(std::max(seconds, 0.0) * 1e9)));
    }
  }
  if (given.affinity != nullptr && given.affinity != Py_None) {
    if (!convert_affinity(what, given.affinity, affinity)) return false;
    options.affinity = &affinity;
  }
  return true;
}

}  // namespace cogway
