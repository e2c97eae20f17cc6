// SPDX-License-Identifier: Apache-2.0
#include "module/ticket.hpp"

#include <new>

#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/kernel.hpp"
#include "cogway/python/compat.hpp"
#include "module/buffer.hpp"
#include "module/errors.hpp"
#include "module/running_loop.hpp"

namespace cogway {
namespace {

PyRef cancelled_class(ModuleState& state) {
  PyRef loop = running_loop(state);
  const bool in_loop = static_cast<bool>(loop);
  PyObject** cached = in_loop ? &state.cancelled_error : &state.concurrent_cancelled_error;
  PyRef result;
  COGWAY_BEGIN_CRITICAL_SECTION(state.module)
  result = PyRef::borrow(*cached);
  COGWAY_END_CRITICAL_SECTION()
  if (result) return result;
  PyRef module =
      PyRef::steal(PyImport_ImportModule(in_loop ? "asyncio.exceptions" : "concurrent.futures"));
  if (!module) return {};
  result = PyRef::steal(PyObject_GetAttrString(module.get(), "CancelledError"));
  COGWAY_BEGIN_CRITICAL_SECTION(state.module)
  if (result && *cached == nullptr) *cached = result.new_ref();
  COGWAY_END_CRITICAL_SECTION()
  return result;
}

/// One output: a Buffer, or the number that a C function returned.
PyObject* wrap_output(ModuleState& state, const Task& task, std::size_t i) {
  const BufferRef& output = task.output(i);
  const Kernel* kernel = task.kernel();
  if (i == 0 && kernel != nullptr && kernel->foreign() != nullptr &&
      kernel->foreign()->gives_number()) {
    return number_at(output.layout().dtype, output.data());
  }
  return wrap_buffer(state, BufferRef(output));
}

/// What a task that ended well gives.
PyRef result_of_task(ModuleState& state, Task& task, bool filled_slots) {
  const std::size_t count = filled_slots ? 0 : task.output_count();
  if (count == 0) return PyRef::borrow(Py_None);
  if (count == 1) return PyRef::steal(wrap_output(state, task, 0));
  PyRef results = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(count)));
  for (std::size_t i = 0; results && i < count; ++i) {
    PyObject* output = wrap_output(state, task, i);
    if (output == nullptr) return {};
    PyTuple_SET_ITEM(results.get(), static_cast<Py_ssize_t>(i), output);
  }
  return results;
}

PyRef exception_of_task(ModuleState& state, Task& task) {
  if (task.cause() == Cause::cancelled) {
    PyRef type = cancelled_class(state);
    return type ? PyRef::steal(PyObject_CallNoArgs(type.get())) : PyRef();
  }
  return make_exception(state, task.cause(), task.status(), task.name(), task.message());
}

/// The results of a batch in order, failures among them if exceptions are results.
PyRef results_of_batch(ModuleState& state, const Batch& batch) {
  const std::vector<TaskRef>& tasks = batch.group.results();
  PyRef results = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(tasks.size())));
  for (std::size_t i = 0; results && i < tasks.size(); ++i) {
    Task& task = *tasks[i];
    PyRef item = task.cause() == Cause::none ? result_of_task(state, task, batch.fills_slots)
                                             : exception_of_task(state, task);
    if (!item) return {};
    PyList_SET_ITEM(results.get(), static_cast<Py_ssize_t>(i), item.release());
  }
  return results;
}

/// Raised out of an await, a StopIteration would be taken for the result: as asyncio does for its
/// futures, it becomes the cause of a RuntimeError.
PyRef without_stop_iteration(PyRef exception) {
  if (PyErr_GivenExceptionMatches(exception.get(), PyExc_StopIteration) == 0) return exception;
  PyRef text = PyRef::steal(
      PyUnicode_FromFormat("the work of the ticket raised %s", Py_TYPE(exception.get())->tp_name));
  if (!text) return {};
  PyRef error = PyRef::steal(PyObject_CallOneArg(PyExc_RuntimeError, text.get()));
  if (!error) return {};
  PyException_SetContext(error.get(), exception.new_ref());
  PyException_SetCause(error.get(), exception.release());
  return error;
}

int collect_locked(TicketObject* self) {
  if (self->outcome != Outcome::pending) return 0;
  ModuleState& state = *self->state;
  Task* task = self->task;
  const Batch* batch = self->batch == nullptr ? nullptr : self->batch->get();
  if (batch != nullptr && task->cause() == Cause::none && !batch->return_exceptions) {
    // The first failure in order is the failure of the batch.
    if (Task* failed = batch->first_failure(); failed != nullptr) task = failed;
  }
  switch (task->cause()) {
    case Cause::none: {
      PyRef value = batch != nullptr         ? results_of_batch(state, *batch)
                    : self->value != nullptr ? PyRef::steal(std::exchange(self->value, nullptr))
                                             : result_of_task(state, *task, false);
      if (!value) return -1;
      self->collected = value.release();
      self->outcome = Outcome::value;
      return 0;
    }
    case Cause::cancelled:
      self->outcome = Outcome::cancelled;
      return 0;
    default: {
      // Of a Python call what it raised; of a kernel the buffers of out=, which nobody gets now.
      PyRef left;
      if (task->cause() == Cause::kernel) left = PyRef::steal(std::exchange(self->value, nullptr));
      PyRef exception = left && PyExceptionInstance_Check(left.get())
                            ? without_stop_iteration(std::move(left))
                            : exception_of_task(state, *task);
      if (!exception) return -1;
      self->collected = exception.release();
      self->outcome = Outcome::error;
      // Once raised, its traceback refers to frames, and those perhaps to the ticket.
      track_ticket(self);
      return 0;
    }
  }
}

}  // namespace

std::shared_ptr<Batch> Batch::make() {
  static constexpr TaskOps kGateOps{nullptr, [](Task&) noexcept {}, "core.batch"};
  auto batch = std::make_shared<Batch>();
  batch->gate = Task::make_external(&kGateOps);
  (void)batch->gate->start();
  return batch;
}

void Batch::watch(const std::shared_ptr<Batch>& batch) {
  batch->end_.batch = batch;
  batch->group.seal();
  if (!batch->group.add_waiter(&batch->end_)) notify(&batch->end_, batch->group);
}

void Batch::notify(GroupWaiter* waiter, TaskGroup&) noexcept {
  const std::shared_ptr<Batch> batch = std::move(static_cast<EndOfGroup*>(waiter)->batch);
  (void)batch->gate->finish(StatusCode::ok);
}

Task* Batch::first_failure() const noexcept {
  if (group.failures() == 0) return nullptr;
  for (const TaskRef& task : group.results()) {
    if (task->cause() != Cause::none) return task.get();
  }
  return nullptr;
}

std::int64_t TicketObject::expected_ns() const noexcept {
  if (batch == nullptr) return task->expected_ns();
  const auto& tasks = (*batch)->group.results();
  if (tasks.empty()) return 0;
  // The workers share the batch; two is the least that polling is allowed with.
  return tasks.front()->expected_ns() * static_cast<std::int64_t>(tasks.size()) / 2;
}

int collect_outcome(TicketObject* ticket) {
  int status = 0;
  COGWAY_BEGIN_CRITICAL_SECTION(ticket)
  status = collect_locked(ticket);
  COGWAY_END_CRITICAL_SECTION()
  return status;
}

PyObject* ticket_outcome(TicketObject* ticket) {
  if (ticket->outcome == Outcome::pending && collect_outcome(ticket) < 0) return nullptr;
  switch (ticket->outcome) {
    case Outcome::value:
      return Py_NewRef(ticket->collected);
    case Outcome::error:
      ticket->seen = true;
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(ticket->collected)), ticket->collected);
      return nullptr;
    default:
      raise_cancelled(*ticket->state, nullptr);
      return nullptr;
  }
}

void raise_cancelled(ModuleState& state, PyObject* message) {
  PyRef type = cancelled_class(state);
  if (!type) return;
  if (message == nullptr || message == Py_None) {
    PyErr_SetNone(type.get());
  } else {
    PyErr_SetObject(type.get(), message);
  }
}

PyRef take_hook(TicketObject* ticket) {
  PyObject* hook = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(ticket)
  hook = std::exchange(ticket->on_cancel, nullptr);
  COGWAY_END_CRITICAL_SECTION()
  return PyRef::steal(hook);
}

bool cancel_ticket(TicketObject* ticket) {
  const bool ended = ticket->task->cancel();
  if (ended && ticket->batch != nullptr) (*ticket->batch)->group.cancel();
  if (!ended) return false;
  PyRef hook = take_hook(ticket);
  if (!hook) return true;
  PyRef result = PyRef::steal(PyObject_CallNoArgs(hook.get()));
  if (!result) PyErr_WriteUnraisable(hook.get());
  return true;
}

bool is_ticket(const ModuleState& state, PyObject* object) noexcept {
  return PyObject_TypeCheck(object, state.ticket_type);
}

}  // namespace cogway
