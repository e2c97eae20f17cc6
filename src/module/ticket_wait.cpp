// SPDX-License-Identifier: Apache-2.0
// Ticket.result and Ticket.exception: waiting from any thread, without the GIL, with Ctrl-C let
// through.

#include <algorithm>
#include <cmath>
#include <limits>

#include "cogway/base/clock.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/running_loop.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

constexpr Nanoseconds kSignalCheck{200'000'000};

/// Keeps the work from being cancelled by other awaiters while a thread waits here.
class Waiting {
 public:
  explicit Waiting(TicketObject* ticket) noexcept : ticket_(ticket) { ++ticket_->awaiters; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --ticket_->awaiters; }

 private:
  TicketObject* ticket_;
};

/// True when the loop that the work needs is the one running in this thread: waiting would never
/// end.
bool needs_this_loop(TicketObject* self) {
  if (self->home_loop == nullptr) return false;
  PyRef loop = running_loop(*self->state);
  if (!loop) return false;
  PyObject* home = nullptr;
  if (weak_referent(self->home_loop, &home) < 0) PyErr_Clear();
  PyRef owned = PyRef::steal(home);
  return home == loop.get();
}

/// Waits without the GIL. 1 done, 0 the time-out came, -1 an exception (of a signal handler).
int wait_done(TicketObject* self, double timeout) {
  self->state->mailbox->drain();
  if (self->done()) return 1;
  if (timeout <= 0) return 0;
  if (needs_this_loop(self)) {
    PyErr_SetString(PyExc_RuntimeError,
                    "waiting here would block the event loop that this ticket needs: await it");
    return -1;
  }
  if (self->fork_epoch != os::fork_epoch()) {
    raise_cause(*self->state, Cause::engine_forked, StatusCode::failed_precondition, "ticket", {});
    return -1;
  }
  Waiting waiting(self);
  if (std::isinf(timeout) && run_awaited_call(*self->task)) return 1;
  const TimePoint start = monotonic_now();
  const TimePoint deadline =
      timeout >= 1e9 ? kNever
                     : deadline_after(start, Nanoseconds(static_cast<std::int64_t>(timeout * 1e9)));
  for (;;) {
    bool ended = false;
    {
      Detached detached;
      // A signal ends the sleep; slices, since it may have interrupted another thread.
      const TimePoint slice = std::min(deadline, deadline_after(monotonic_now(), kSignalCheck));
      ended = self->task->wait_once(slice);
    }
    if (ended) return 1;
    if (PyErr_CheckSignals() < 0) return -1;
    if (monotonic_now() >= deadline) return 0;
  }
}

/// Common start of result() and exception(): 1 done, 0 with an exception raised.
int wait_for_call(TicketObject* self, const char* function, PyObject* const* arguments,
                  Py_ssize_t count, PyObject* keywords) {
  if (count == 0 && keywords == nullptr && self->done()) return 1;
  static constexpr const char* kNames[] = {"timeout"};
  PyObject* given = nullptr;
  if (!bind_arguments({function, kNames, 1, 0}, arguments, count, keywords, &given)) return 0;
  double timeout = std::numeric_limits<double>::infinity();
  if (!to_seconds({function, "timeout"}, given, timeout)) return 0;
  const int waited = wait_done(self, timeout);
  if (waited == 0) {
    PyErr_Format(PyExc_TimeoutError, "the ticket was not done within %S seconds", given);
  }
  return waited > 0 ? 1 : 0;
}

}  // namespace

PyObject* ticket_result(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                        PyObject* keywords) {
  TicketObject* self = as_ticket(object);
  if (wait_for_call(self, "result", arguments, count, keywords) == 0) return nullptr;
  return ticket_outcome(self);
}

PyObject* ticket_exception(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                           PyObject* keywords) {
  TicketObject* self = as_ticket(object);
  if (wait_for_call(self, "exception", arguments, count, keywords) == 0) return nullptr;
  if (collect_outcome(self) < 0) return nullptr;
  if (self->outcome == Outcome::cancelled) {
    raise_cancelled(*self->state, nullptr);
    return nullptr;
  }
  if (self->outcome == Outcome::value) Py_RETURN_NONE;
  self->seen = true;
  return Py_NewRef(self->collected);
}

}  // namespace cogway
