// SPDX-License-Identifier: Apache-2.0
#include "module/orphan.hpp"

#include <new>
#include <utility>

#include "cogway/python/compat.hpp"
#include "module/errors.hpp"
#include "module/running_loop.hpp"

namespace cogway {
namespace {

bool worth_reporting(Cause cause) noexcept {
  // Cancelled work, and work that an engine gave up when it was closed, has been told about.
  return cause != Cause::none && cause != Cause::cancelled && cause != Cause::engine_closed &&
         cause != Cause::engine_forked;
}

void report_task(ModuleState& state, Task& task) noexcept {
  if (!worth_reporting(task.cause()) || state.kernel_error == nullptr) return;
  PyRef exception = make_exception(state, task.cause(), task.status(), task.name(), task.message());
  if (exception) report_unseen(state, nullptr, exception.get());
  PyErr_Clear();
}

/// Waits for a task in place of its ticket; frees itself.
struct Orphan : Waiter {
  struct Item : MailboxItem {
    Orphan* owner = nullptr;
  };
  Item item;
  ModuleState* state;
  ReleaseMailbox* mailbox;
  TaskRef task;
  std::shared_ptr<Batch> batch;

  Orphan(ModuleState& owner, TaskRef of, std::shared_ptr<Batch> with) noexcept
      : Waiter(&Orphan::notify),
        state(&owner),
        mailbox(owner.mailbox),
        task(std::move(of)),
        batch(std::move(with)) {
    item.release = &Orphan::release;
    item.owner = this;
    mailbox->retain();
  }
  ~Orphan() { mailbox->release(); }
  Orphan(const Orphan&) = delete;
  Orphan& operator=(const Orphan&) = delete;

  [[nodiscard]] Task* failed() const noexcept {
    if (task->cause() != Cause::none) return task.get();
    return batch == nullptr ? nullptr : batch->first_failure();
  }
  static void notify(Waiter* waiter, Task&) noexcept {
    auto* self = static_cast<Orphan*>(waiter);
    if (self->failed() != nullptr) {
      self->mailbox->post(&self->item);
    } else {
      delete self;  // nothing of Python's is held: no need for an attached thread
    }
  }
  static void release(MailboxItem* posted) noexcept {
    auto* self = static_cast<Item*>(posted)->owner;
    report_task(*self->state, *self->failed());
    delete self;
  }
};

}  // namespace

void leave_orphan(ModuleState& state, TaskRef task, std::shared_ptr<Batch> batch) noexcept {
  if (task->done()) return;  // the ticket has reported it
  Task& waited = *task;
  auto* orphan = new (std::nothrow) Orphan(state, std::move(task), std::move(batch));
  if (orphan == nullptr || waited.add_waiter(orphan)) return;
  if (Task* failed = orphan->failed(); failed != nullptr) report_task(state, *failed);
  delete orphan;
}

void report_unseen(ModuleState& state, PyObject* ticket, PyObject* exception) noexcept {
  PyRef loop = running_loop(state);
  if (loop) {
    PyRef message =
        PyRef::steal(PyUnicode_FromString("the exception of a cogway ticket was never retrieved"));
    PyRef details = PyRef::steal(PyDict_New());
    if (message && details &&
        PyDict_SetItem(details.get(), state.name_message, message.get()) == 0 &&
        PyDict_SetItem(details.get(), state.name_exception, exception) == 0) {
      PyRef done = PyRef::steal(
          PyObject_CallMethodOneArg(loop.get(), state.name_call_exception_handler, details.get()));
      if (done) return;
    }
  }
  PyErr_Clear();
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception)), exception);
  PyErr_WriteUnraisable(ticket);
}

}  // namespace cogway
