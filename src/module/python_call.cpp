// SPDX-License-Identifier: Apache-2.0
// Python callables on Python workers: the submission, and the loop that a worker thread runs. A
// worker is a threading.Thread that calls Engine._work(): it waits for the queue without the GIL
// and runs each callable in the context that was current where it was spawned.

#include <new>
#include <string>
#include <utility>

#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/spawn_options.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

/// What a call holds. The task's payload is a pointer to it, since what drops its references may
/// come after the task has ended.
struct PythonCall : MailboxItem {
  PythonCall() noexcept : MailboxItem(&PythonCall::drop) {}

  ModuleState* state = nullptr;
  ReleaseMailbox* mailbox = nullptr;  ///< counted
  PyObject* ticket = nullptr;         ///< gets the result
  PyObject* function = nullptr;
  PyObject* arguments = nullptr;  ///< tuple
  PyObject* keywords = nullptr;   ///< dict or nullptr
  PyObject* context = nullptr;

  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<PythonCall*>(item);
    Py_XDECREF(self->function);
    Py_XDECREF(self->arguments);
    Py_XDECREF(self->keywords);
    Py_XDECREF(self->context);
    Py_XDECREF(self->ticket);
    self->mailbox->release();
    delete self;
  }
};

/// What the task's record holds: as long as there is a ticket, also after the call has gone.
struct Payload {
  PythonCall* call;
  const EngineHost* host;  ///< whose queue it was put into; to compare with
};

PythonCall* call_of(Task& task) noexcept { return static_cast<Payload*>(task.payload())->call; }

/// The task has ended, on a worker, in cancel(), or where the engine gave it up.
void dispose_call(Task& task) noexcept {
  PythonCall* call = call_of(task);
  ReleaseMailbox* mailbox = call->mailbox;
  mailbox->post(call);
}
constexpr TaskOps kCallOps{nullptr, &dispose_call, "python.call"};
constexpr TaskOps kRetireOps{nullptr, [](Task&) noexcept {}, "python.retire"};

/// What runs on this thread, for cancelled(). Plain data: no Python object.
thread_local RunningCalls::Running* running_here = nullptr;
/// Whose calls this thread runs.
thread_local EngineHost* host_here = nullptr;

void run_call(PythonCall& call, Task& task, EngineHost& host) {
  TicketObject* ticket = as_ticket(call.ticket);
  PyRef held = PyRef::borrow(call.ticket);
  PyRef value;
  bool ok = PyContext_Enter(call.context) == 0;
  if (ok) {
    RunningCalls::Running running(host.running_calls, task, PyThread_get_thread_ident());
    RunningCalls::Running* outer = std::exchange(running_here, &running);
    {
      HangIfUnwound barrier;
      value = PyRef::steal(PyObject_Call(call.function, call.arguments, call.keywords));
      barrier.disarm();
    }
    running_here = outer;
    ok = static_cast<bool>(value);
    if (!ok) value = PyRef::steal(take_raised_exception());
    if (PyContext_Exit(call.context) < 0) PyErr_WriteUnraisable(call.function);
  } else {
    value = PyRef::steal(take_raised_exception());
  }
  // Before the task ends, since who sees it done reads the value.
  COGWAY_BEGIN_CRITICAL_SECTION(held.get())
  ticket->value = value.release();
  COGWAY_END_CRITICAL_SECTION()
  const bool counted =
      ok ? task.finish(StatusCode::ok) : task.finish(StatusCode::internal, Cause::kernel);
  if (!counted) {  // cancelled meanwhile: nobody will ask
    PyObject* unwanted = nullptr;
    COGWAY_BEGIN_CRITICAL_SECTION(held.get())
    unwanted = std::exchange(ticket->value, nullptr);
    COGWAY_END_CRITICAL_SECTION()
    Py_XDECREF(unwanted);
  }
  auto& counter = !counted ? host.python_cancelled
                  : ok     ? host.python_completed
                           : host.python_failed;
  counter.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a counter
}

bool make_call(ModuleState& state, const EngineHost& host, PyObject* const* values,
               const SpawnOptions& options, TaskRef& task) {
  auto* call = new (std::nothrow) PythonCall();
  if (call == nullptr) return PyErr_NoMemory(), false;
  call->state = &state;
  call->mailbox = state.mailbox;
  call->mailbox->retain();
  call->function = Py_NewRef(values[0]);
  call->arguments = Py_NewRef(values[1]);
  call->keywords = values[2] == Py_None ? nullptr : Py_NewRef(values[2]);
  call->context = PyContext_CopyCurrent();
  if (call->context == nullptr) {
    PythonCall::drop(call);
    return false;
  }
  task = Task::make_external(&kCallOps, options.priority, options.deadline);
  ::new (task->payload()) Payload{call, &host};
  return true;
}

}  // namespace

PyObject* engine_call(PyObject* object, PyObject* const* arguments, Py_ssize_t count,
                      PyObject* keywords) {
  EngineObject* self = as_engine(object);
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  ModuleState& state = *self->state;
  state.mailbox->drain();
  static constexpr const char* kNames[] = {"fn", "args", "kwargs", "priority", "deadline"};
  PyObject* values[5];
  if (!bind_arguments({"spawn", kNames, 5, 3}, arguments, count, keywords, values)) return nullptr;
  SpawnOptions options;
  Affinity affinity;
  GivenOptions given;
  given.priority = values[3];
  given.deadline = values[4];
  if (!convert_options("spawn", given, host->engine.now(), options, affinity)) return nullptr;
  if (host->engine.closed() || !host->engine.belongs_to_this_process()) {
    raise_cause(
        state, host->engine.belongs_to_this_process() ? Cause::engine_closed : Cause::engine_forked,
        StatusCode::unavailable, "spawn", "the engine is closed");
    return nullptr;
  }
  TaskRef task;
  if (!make_call(state, *host, values, options, task)) return nullptr;
  PyRef ticket = PyRef::steal(make_ticket(state, task));
  if (!ticket) {
    task->cancel();
    return nullptr;
  }
  track_ticket(as_ticket(ticket.get()));
  call_of(*task)->ticket = ticket.new_ref();
  if (options.deadline != kNever) host->engine.watch(task);
  host->python_submitted.fetch_add(1, std::memory_order_relaxed);  // order: relaxed, a counter
  Task& queued = *task;
  if (!host->python_queue.push(std::move(task))) {
    const bool closed = host->python_queue.closed();
    TaskRef refused = TaskRef::share(&queued);
    as_ticket(ticket.get())->seen = true;
    refused->cancel();
    raise_cause(state, closed ? Cause::engine_closed : Cause::queue_full,
                StatusCode::resource_exhausted, "spawn",
                closed ? "the engine is closed" : "the queue of the Python workers is full");
    return nullptr;
  }
  return ticket.release();
}

namespace {

/// What a worker thread holds: the host, not the Engine, so that a dropped engine is noticed.
struct WorkerSeat {
  ModuleState* state;
  std::shared_ptr<EngineHost> host;
};
constexpr const char* kSeatName = "cogway._core.worker_seat";

void leave_seat(PyObject* capsule) {
  auto* seat = static_cast<WorkerSeat*>(PyCapsule_GetPointer(capsule, kSeatName));
  // Perhaps the last reference: destroying the host joins its native workers.
  Detached detached;
  delete seat;
}

PyObject* work(PyObject* capsule, PyObject*) {
  auto* seat = static_cast<WorkerSeat*>(PyCapsule_GetPointer(capsule, kSeatName));
  if (seat == nullptr) return nullptr;
  EngineHost& host = *seat->host;
  host_here = &host;
  ReleaseMailbox* mailbox = seat->state->mailbox;
  for (;;) {
    TaskRef task = host.python_queue.try_pop();
    if (!task) {
      mailbox->drain();
      Detached detached;
      task = host.python_queue.pop();
    }
    if (!task) Py_RETURN_NONE;  // closed, and nothing is left
    if (task->ops() == &kRetireOps) {
      if (task->start()) (void)task->finish(StatusCode::ok);
      Py_RETURN_NONE;
    }
    if (!task->start()) continue;
    run_call(*call_of(*task), *task, host);
    task.reset();
    mailbox->drain();
  }
}
PyMethodDef work_method = {"work", work, METH_NOARGS, "Run Python calls until retired."};

}  // namespace

PyObject* engine_worker(PyObject* object, PyObject*) {
  EngineObject* self = as_engine(object);
  if (host_of(object) == nullptr) return nullptr;
  auto* seat = new (std::nothrow) WorkerSeat{self->state, *self->host};
  if (seat == nullptr) return PyErr_NoMemory();
  PyRef capsule = PyRef::steal(PyCapsule_New(seat, kSeatName, leave_seat));
  if (!capsule) return delete seat, nullptr;
  return PyCFunction_New(&work_method, capsule.get());
}

PyObject* engine_run_call(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  for (;;) {
    TaskRef task = host->python_queue.try_pop();
    if (!task) Py_RETURN_FALSE;
    if (task->ops() == &kRetireOps || !task->start()) continue;
    EngineHost* outer = std::exchange(host_here, host);
    run_call(*call_of(*task), *task, *host);
    host_here = outer;
    task.reset();
    as_engine(object)->state->mailbox->drain();
    Py_RETURN_TRUE;
  }
}

bool run_awaited_call(Task& task) {
  if (running_here == nullptr || task.ops() != &kCallOps) return false;
  if (static_cast<Payload*>(task.payload())->host != host_here || !task.start()) return false;
  run_call(*call_of(task), task, *host_here);
  return true;
}

PyObject* call_cancelled(PyObject*, PyObject*) {
  return PyBool_FromLong(running_here != nullptr && running_here->asked_to_stop());
}

PyObject* engine_stop_calls(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  host->running_calls.stop_all();
  Py_RETURN_NONE;
}

PyObject* engine_abandon_calls(PyObject* object, PyObject* threads) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  if (!PyDict_Check(threads)) {
    PyErr_SetString(PyExc_TypeError, "_abandon_calls() takes a dict of texts by thread");
    return nullptr;
  }
  PyRef lost = PyRef::steal(PyList_New(0));
  if (!lost) return nullptr;
  try {
    for (const auto& [thread, task] : host->running_calls.list()) {
      PyRef number = PyRef::steal(PyLong_FromUnsignedLongLong(thread));
      if (!number) return nullptr;
      PyRef where = PyRef::borrow(PyDict_GetItemWithError(threads, number.get()));
      if (!where && PyErr_Occurred() != nullptr) return nullptr;
      if (!where) continue;
      const char* text = PyUnicode_AsUTF8(where.get());
      if (text == nullptr || PyList_Append(lost.get(), number.get()) < 0) return nullptr;
      task->resolve(StatusCode::unavailable, Cause::abandoned,
                    std::string(text) + " did not return within the grace period");
    }
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  as_engine(object)->state->mailbox->drain();
  return lost.release();
}

PyObject* engine_retire_worker(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  TaskRef task = Task::make_external(&kRetireOps, Priority::high);
  if (!host->python_queue.push(task)) task->cancel();
  Py_RETURN_NONE;
}

}  // namespace cogway
