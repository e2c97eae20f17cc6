// SPDX-License-Identifier: Apache-2.0
// Bus.lease and Bus.copy: buffers, now or within a time.

#include <Python.h>

#include <cstdint>
#include <utility>

#include "cogway/base/clock.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/buffer.hpp"
#include "module/bus.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/lend.hpp"

namespace cogway {
namespace {

constexpr std::size_t kCopyDetached = std::size_t{1} << 20;  // bytes from which copies detach

BusObject* as_bus(PyObject* self) noexcept { return reinterpret_cast<BusObject*>(self); }

BufferRef lease_waiting(BusObject* self, const Layout& layout, TimePoint deadline) {
  BufferRef leased;
  PyThreadState* thread = PyEval_SaveThread();
  Status status;
  bool failed = false;
  try {
    status = self->bus->lease_within(layout, deadline, &leased, signal_raised, &thread);
  } catch (...) {
    failed = true;
  }
  attach_or_hang(thread);
  if (failed) {
    PyErr_NoMemory();
  } else if (status.code() == StatusCode::failed_precondition) {
    raise_refused(self, layout);
  } else if (!status.ok() && PyErr_Occurred() == nullptr) {
    raise_status(*self->state, status);
  }
  return leased;
}

enum class Policy { fail, wait };

bool to_policy(PyObject* value, bool has_timeout, Policy& policy) {
  policy = has_timeout ? Policy::wait : Policy::fail;
  if (value == nullptr || value == Py_None) return true;
  if (PyUnicode_Check(value) && equal_to_ascii(value, "wait")) {
    policy = Policy::wait;
    return true;
  }
  if (PyUnicode_Check(value) && equal_to_ascii(value, "fail")) {
    if (!has_timeout) return true;
    PyErr_SetString(PyExc_ValueError,
                    "lease(): a policy of \"fail\" does not wait: drop the timeout");
    return false;
  }
  PyErr_Format(PyExc_ValueError, "lease(): policy must be \"wait\" or \"fail\", not %R", value);
  return false;
}

}  // namespace

bool signal_raised(void* argument) {
  auto& thread = *static_cast<PyThreadState**>(argument);
  attach_or_hang(thread);
  const bool raised = PyErr_CheckSignals() != 0;
  thread = PyEval_SaveThread();
  return raised;
}

// Closed and forked are told apart from full.
void raise_refused(BusObject* self, const Layout& layout) {
  const Bus& bus = *self->bus;
  if (!bus.belongs_here()) {
    PyErr_SetString(self->state->engine_closed, "this bus belongs to the parent process");
  } else if (bus.closed()) {
    PyErr_SetString(self->state->engine_closed, "the bus is closed");
  } else {
    PyErr_Format(
        self->state->bus_exhausted, "no room for %s (%llu bytes): %llu of %llu bytes are in use",
        layout.describe().c_str(), static_cast<unsigned long long>(Bus::charge(layout.nbytes())),
        static_cast<unsigned long long>(bus.used()),
        static_cast<unsigned long long>(bus.capacity()));
  }
}

bool to_lease_request(PyObject* const* arguments, Py_ssize_t count, PyObject* keywords,
                      LeaseRequest& out) {
  static constexpr const char* kNames[] = {"shape", "dtype", "timeout", "policy"};
  static constexpr Signature kSignature{"lease", kNames, 2, 1};
  PyObject* values[4];
  if (!bind_arguments(kSignature, arguments, count, keywords, values)) return false;
  DType dtype = kUint8;
  Policy policy{};
  double seconds = -1;
  const bool has_timeout = values[2] != nullptr && values[2] != Py_None;
  if (!to_dtype("lease", values[1], dtype) || !to_layout("lease", values[0], dtype, out.layout) ||
      !to_seconds({"lease", "timeout"}, values[2], seconds) ||
      !to_policy(values[3], has_timeout, policy)) {
    return false;
  }
  if (has_timeout && !(seconds >= 0)) {
    PyErr_Format(PyExc_ValueError, "lease(): timeout must be 0 seconds or more, not %R", values[2]);
    return false;
  }
  out.wait = policy == Policy::wait;
  out.deadline = kNever;
  if (has_timeout && seconds < 1e9) {
    out.deadline =
        deadline_after(monotonic_now(), Nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
  }
  return true;
}

PyObject* bus_lease(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords) {
  LeaseRequest request;
  if (!to_lease_request(arguments, count, keywords, request)) return nullptr;
  BusObject* object = as_bus(self);
  if (object->state->mailbox->pending()) object->state->mailbox->drain();
  BufferRef leased = object->bus->try_lease(request.layout);
  if (!leased && request.wait) {
    leased = lease_waiting(object, request.layout, request.deadline);
    if (!leased) return nullptr;
  }
  if (!leased) {
    raise_refused(object, request.layout);
    return nullptr;
  }
  note_place(leased);
  return wrap_buffer(*object->state, std::move(leased));
}

// A new buffer with the elements of any object that has some.
BufferRef bus_copy_of(BusObject* self, PyObject* value) {
  BufferView source;
  if (!lend_object(*self->state, value, source)) return {};
  Layout layout;
  const Status described = Layout::contiguous(source.layout.dtype, source.layout.dims(), &layout);
  if (!described.ok()) return raise_status(*self->state, described), BufferRef();
  BufferRef made = self->bus->try_lease(layout);
  if (!made) return raise_refused(self, layout), BufferRef();
  note_place(made);
  if (layout.nbytes() >= kCopyDetached) {
    Detached detached;
    copy_elements(source, made.mutable_data());
  } else {
    copy_elements(source, made.mutable_data());
  }
  source = BufferView();
  if (self->state->mailbox->pending()) self->state->mailbox->drain();
  return made;
}

PyObject* bus_copy(PyObject* self, PyObject* value) {
  BufferRef made = bus_copy_of(as_bus(self), value);
  return made ? wrap_buffer(*as_bus(self)->state, std::move(made)) : nullptr;
}

}  // namespace cogway
