// SPDX-License-Identifier: Apache-2.0
// What cogway.Engine composes its endings from: draining, stopping, resizing; and the steps of a
// manual engine. Everything that waits waits without the GIL.

#include <algorithm>

#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"

namespace cogway {

PyObject* engine_drain(PyObject* object, PyObject* timeout) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  double seconds = 1e9;
  if (!to_seconds({"drain", "timeout"}, timeout, seconds)) return nullptr;
  const TimePoint deadline =
      seconds >= 1e9
          ? kNever
          : deadline_after(monotonic_now(), Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  ReleaseMailbox* mailbox = as_engine(object)->state->mailbox;
  for (;;) {
    bool drained = false;
    {
      Detached detached;
      const TimePoint slice = deadline_after(monotonic_now(), Nanoseconds{200'000'000});
      drained = host->engine.drain_once(std::min(slice, deadline));
    }
    mailbox->drain();
    if (drained) Py_RETURN_TRUE;
    if (PyErr_CheckSignals() < 0) return nullptr;
    if (monotonic_now() >= deadline) Py_RETURN_FALSE;
  }
}

PyObject* engine_stop(PyObject* object, PyObject* grace) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  double seconds = -1;
  if (!to_seconds({"stop", "grace"}, grace, seconds)) return nullptr;
  const Nanoseconds wait =
      seconds < 0 ? Nanoseconds{EngineOptions::kAuto}
                  : Nanoseconds(static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9));
  std::size_t abandoned = 0;
  {
    Detached detached;
    abandoned = host->engine.stop(wait);
  }
  // A signal that came meanwhile is the caller's: the Python code that runs below, of log handlers
  // say, has nowhere to raise it.
  PyObject* raised = PyErr_CheckSignals() < 0 ? take_raised_exception() : nullptr;
  forget_kernels(as_engine(object));
  as_engine(object)->state->mailbox->drain();
  if (raised == nullptr) return PyLong_FromSize_t(abandoned);
  restore_raised_exception(raised);
  return nullptr;
}

PyObject* engine_close_python_queue(PyObject* object, PyObject* cancel) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  const int cancels = PyObject_IsTrue(cancel);
  if (cancels < 0) return nullptr;
  host->python_queue.close();
  while (cancels != 0) {
    TaskRef task = host->python_queue.try_pop();
    if (!task) {
      Detached detached;  // for those who are pushing at this moment
      task = host->python_queue.pop();
    }
    if (!task) break;
    task->resolve(StatusCode::unavailable, Cause::engine_closed,
                  "the engine was closed before the call ran");
  }
  as_engine(object)->state->mailbox->drain();
  Py_RETURN_NONE;
}

PyObject* engine_resize(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  std::int64_t foreground = EngineOptions::kAuto;
  std::int64_t background = EngineOptions::kAuto;
  if (count > 0 && !to_int64({"resize", "native"}, arguments[0], -1, kMostThreads, foreground)) {
    return nullptr;
  }
  if (count > 1 &&
      !to_int64({"resize", "background"}, arguments[1], -1, kMostThreads, background)) {
    return nullptr;
  }
  Status status;
  try {
    Detached detached;
    status = host->engine.resize(static_cast<int>(foreground), static_cast<int>(background));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  if (!status.ok()) return raise_status(*as_engine(object)->state, status), nullptr;
  Py_RETURN_NONE;
}

bool read_cpus(Argument argument, PyObject* given, std::vector<int>& cpus) {
  if (given == nullptr || given == Py_None) return true;
  PyRef list = PyRef::steal(PySequence_List(given));
  if (!list) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    std::int64_t cpu = 0;
    if (!to_int64(argument, PyList_GET_ITEM(list.get(), i), 0, 65535, cpu)) return false;
    cpus.push_back(static_cast<int>(cpu));
  }
  return true;
}

/// Class (0 or 1), policy or -1, its priority, niceness or -100, processors or None; all checked.
PyObject* engine_schedule_workers(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  if (count != 5) {
    PyErr_SetString(PyExc_TypeError, "_schedule_workers() takes 5 arguments");
    return nullptr;
  }
  const char* name = "_schedule_workers";
  std::int64_t background = 0, policy = -1, priority = 0, nice = 0;
  if (!to_int64({name, "background"}, arguments[0], 0, 1, background) ||
      !to_int64({name, "policy"}, arguments[1], -1, 4, policy) ||
      !to_int64({name, "priority"}, arguments[2], 0, 99, priority) ||
      !to_int64({name, "nice"}, arguments[3], -100, 19, nice)) {
    return nullptr;
  }
  os::ThreadSchedule wish;
  if (policy >= 0) wish.policy = static_cast<os::SchedulingPolicy>(policy);
  wish.priority = static_cast<int>(priority);
  if (nice > -100) wish.nice = static_cast<int>(nice);
  try {
    if (arguments[4] != Py_None && !read_cpus({name, "cpus"}, arguments[4], wish.processors))
      return nullptr;
    Detached detached;
    host->engine.schedule_workers(static_cast<WorkerClass>(background), wish);
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* engine_run_one(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  bool ran = false;
  try {
    Detached detached;
    ran = host->engine.run_one();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  return PyBool_FromLong(ran);
}

PyObject* engine_advance(PyObject* object, PyObject* given) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  double seconds = 0;
  if (!to_seconds({"advance", "seconds"}, given, seconds)) return nullptr;
  if (seconds < 0 || seconds > 1e9) {
    PyErr_SetString(PyExc_ValueError, "advance(): seconds must be between 0 and 1e9");
    return nullptr;
  }
  try {
    Detached detached;
    host->engine.advance(Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  Py_RETURN_NONE;
}

}  // namespace cogway
