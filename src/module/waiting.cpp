// SPDX-License-Identifier: Apache-2.0
#include "module/waiting.hpp"

#include <algorithm>

#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"

namespace cogway {
namespace {

constexpr Nanoseconds kSignalCheck{200'000'000};

/// Sleeps without the GIL until an outcome (1), the deadline (0) or an exception of a signal
/// handler (-1).
int sleep_attached(WaitNode<>& node, TimePoint deadline) {
  for (;;) {
    {
      const Detached detached;
      // A signal ends the sleep; slices, since it may have interrupted another thread.
      (void)node.park_once(std::min(deadline, deadline_after(monotonic_now(), kSignalCheck)));
    }
    if (node.outcome() != WaitOutcome::waiting) return 1;
    if (PyErr_CheckSignals() < 0) return -1;
    if (deadline != kNever && monotonic_now() >= deadline) return 0;
  }
}

}  // namespace

int wait_in_thread(const WaitKind& kind, PyObject* owner, TimePoint deadline, SyncWait& wait) {
  if (kind.try_now != nullptr) {
    if (kind.try_now(owner)) return 1;
    if (deadline == TimePoint{}) return 0;
  }
  if (const int started = kind.start(owner, wait)) return started;
  for (;;) {
    const int slept = deadline == TimePoint{} ? 0 : sleep_attached(wait, deadline);
    if (slept > 0) {
      if (const int resumed = kind.resume(owner, wait)) return resumed;
      continue;
    }
    if (kind.withdraw(owner, wait)) return slept;
    if (slept < 0) return kind.give_back(owner, wait), -1;
    // At the last moment there was an outcome.
    if (const int resumed = kind.resume(owner, wait)) return resumed;
  }
}

bool to_deadline(Argument argument, PyObject* timeout, bool minus_one, TimePoint& deadline) {
  deadline = kNever;
  if (timeout == nullptr || timeout == Py_None) return true;
  double seconds = 0;
  if (!to_seconds(argument, timeout, seconds)) return false;
  if (minus_one && seconds == -1) return true;
  if (seconds < 0) {
    PyErr_Format(PyExc_ValueError, "%s(): %s must not be negative", argument.function,
                 argument.name);
    return false;
  }
  if (seconds >= 1e9) return true;
  deadline = seconds == 0 ? TimePoint{}
                          : deadline_after(monotonic_now(),
                                           Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  return true;
}

bool to_acquire(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                TimePoint& deadline, const char* function) {
  static constexpr const char* kNames[] = {"blocking", "timeout"};
  PyObject* values[2];
  if (!bind_arguments({function, kNames, 2, 0}, arguments, count, keywords, values)) return false;
  const int truth = values[0] == nullptr ? 1 : PyObject_IsTrue(values[0]);
  if (truth < 0 || !to_deadline({function, "timeout"}, values[1], true, deadline)) return false;
  if (truth != 0) return true;
  if (deadline != kNever) {
    PyErr_Format(PyExc_ValueError, "%s(): a call that does not wait takes no timeout", function);
    return false;
  }
  deadline = TimePoint{};
  return true;
}

bool to_wait(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords, TimePoint& deadline,
             const char* function) {
  static constexpr const char* kNames[] = {"timeout"};
  PyObject* given = nullptr;
  return bind_arguments({function, kNames, 1, 0}, arguments, count, keywords, &given) &&
         to_deadline({function, "timeout"}, given, false, deadline);
}

}  // namespace cogway
