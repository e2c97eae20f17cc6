// SPDX-License-Identifier: Apache-2.0
#include "module/rw_lock.hpp"

#include "module/lock_order.hpp"
#include "module/lock_owner.hpp"

namespace cogway {
namespace {

int begun(RwResult result) {
  if (result == RwResult::waits) return 0;
  return rw_done(result) ? 1 : -1;
}
int granted(PyObject*, SyncWait&) { return 1; }
bool withdraw(PyObject* self, SyncWait& wait) { return rw_lock_of(self).withdraw(wait); }

}  // namespace

const WaitKind kRwRead = {
    nullptr,
    [](PyObject* self, SyncWait& wait) {
      return begun(rw_lock_of(self).start_read(&wait, wait.key));
    },
    granted,
    withdraw,
    [](PyObject* self, SyncWait& wait) { (void)rw_lock_of(self).unlock_read(wait.key); },
};
const WaitKind kRwWrite = {
    nullptr,
    [](PyObject* self, SyncWait& wait) {
      return begun(rw_lock_of(self).start_write(&wait, wait.key));
    },
    granted,
    withdraw,
    [](PyObject* self, SyncWait& wait) { (void)rw_lock_of(self).unlock_write(wait.key); },
};
const WaitKind kRwUpgrade = {
    nullptr,
    [](PyObject* self, SyncWait& wait) {
      return begun(rw_lock_of(self).start_upgrade(&wait, wait.key));
    },
    granted,
    withdraw,
    // It read before, and reads on.
    [](PyObject* self, SyncWait& wait) { (void)rw_lock_of(self).downgrade(wait.key); },
};

bool rw_done(RwResult result) {
  const char* text = nullptr;
  switch (result) {
    case RwResult::done:
    case RwResult::waits:
      return true;
    case RwResult::holds_read:
      text = "this thread or task reads: to write as well it must upgrade()";
      break;
    case RwResult::holds_write:
      text = "this thread or task writes: it has the RWLock already";
      break;
    case RwResult::not_held:
      text = "this thread or task does not hold the RWLock that way";
      break;
    case RwResult::held_repeatedly:
      text = "this thread or task reads more than once: only a single hold can be upgraded";
      break;
    case RwResult::upgrade_pending:
      text = "another reader waits to write: each would wait for the other";
      break;
  }
  PyErr_SetString(PyExc_RuntimeError, text);
  return false;
}

PyObject* rw_acquire(const WaitKind& kind, PyObject* self, TimePoint deadline) {
  const auto take = [&]() -> PyObject* {
    SyncWait wait;
    wait.key = this_thread_owner();
    const int got = wait_in_thread(kind, self, deadline, wait);
    return got < 0 ? nullptr : PyBool_FromLong(got);
  };
  // Who upgrades has it already.
  return &kind == &kRwUpgrade ? take() : take_in_order(self, deadline != TimePoint{}, take);
}

PyObject* rw_acquire_async(const WaitKind& kind, PyObject* self, ModuleState& state) {
  const void* owner = this_task_owner(state);
  if (owner == nullptr) {
    return PyErr_Format(PyExc_RuntimeError,
                        "an RWLock is owned by who asks for it, and no task runs here");
  }
  // order: relaxed, whoever releases as a task has come here itself
  as_rw_lock(self)->for_tasks.store(true, std::memory_order_relaxed);
  return make_sync_awaiter(state, &kind, self, {.key = owner});
}

PyObject* rw_release(PyObject* self, ModuleState& state, RwUnlock first, RwUnlock second) {
  RwLock<>& lock = rw_lock_of(self);
  const auto release = [&](const void* owner) {
    const RwResult result = (lock.*first)(owner);
    return result == RwResult::not_held && second != nullptr ? (lock.*second)(owner) : result;
  };
  RwResult result = RwResult::not_held;
  // order: relaxed, a task that owns the lock has set it itself
  if (as_rw_lock(self)->for_tasks.load(std::memory_order_relaxed)) [[unlikely]] {
    if (const void* task = this_task_owner(state)) result = release(task);
  }
  if (result == RwResult::not_held) result = release(this_thread_owner());
  if (!rw_done(result)) return nullptr;
  if (LockOrder::on() && first != &RwLock<>::downgrade) LockOrder::released(self);
  Py_RETURN_NONE;
}

}  // namespace cogway
