// SPDX-License-Identifier: Apache-2.0
// The bare bridge: what an `await` on native work costs when nothing is checked, counted, cancelled
// or scheduled. One native thread that spins before it parks, a completion stack, an eventfd that
// `loop.add_reader` watches, `asyncio.Future.set_result`, and a loop-side poll that re-arms itself
// with `call_soon`. cogway's own await is measured as a ratio to this. Nothing of cogway is used
// here.

#include <Python.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <new>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void spin_for(std::int64_t nanoseconds) noexcept {
  const auto end = Clock::now() + std::chrono::nanoseconds(nanoseconds);
  while (Clock::now() < end) pause_cpu();
}

struct Job {
  Job* next = nullptr;
  std::int64_t duration = 0;
  PyObject* future = nullptr;
};

// Treiber stacks of jobs: submissions one way, completions the other.
struct JobStack {
  std::atomic<Job*> head{nullptr};
  bool push(Job* job) noexcept {
    Job* seen = head.load();
    do {
      job->next = seen;
    } while (!head.compare_exchange_weak(seen, job));
    return seen == nullptr;
  }
  Job* take() noexcept {
    Job* job = head.exchange(nullptr);
    Job* oldest_first = nullptr;
    while (job != nullptr) {
      Job* next = job->next;
      job->next = oldest_first;
      oldest_first = job;
      job = next;
    }
    return oldest_first;
  }
};

struct Native {
  JobStack submitted;
  JobStack completed;
  std::atomic<std::uint32_t> parked{0};
  std::atomic<bool> stop{false};
  std::atomic<bool> polling{false};
  std::chrono::nanoseconds spin{};
  std::chrono::nanoseconds poll{};
  int event = -1;
  std::thread thread;

  void wake_worker() noexcept {
    if (parked.load() != 0 && parked.exchange(0) != 0) {
      syscall(SYS_futex, &parked, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

  void run() noexcept {
    auto idle_since = Clock::now();
    while (!stop.load()) {
      Job* job = submitted.take();
      if (job == nullptr) {
        if (Clock::now() - idle_since < spin) {
          pause_cpu();
          continue;
        }
        parked.store(1);
        if (submitted.head.load() == nullptr && !stop.load()) {
          syscall(SYS_futex, &parked, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0);
        }
        parked.store(0);
        idle_since = Clock::now();
        continue;
      }
      while (job != nullptr) {
        Job* next = job->next;
        if (job->duration > 0) spin_for(job->duration);
        if (completed.push(job) && !polling.load()) {
          const std::uint64_t one = 1;
          [[maybe_unused]] const auto written = write(event, &one, sizeof one);
        }
        job = next;
      }
      idle_since = Clock::now();
    }
  }
};

struct Bridge {
  PyObject_HEAD Native* native;
  PyObject* loop;
  PyObject* future_type;
  PyObject* set_result;
  PyObject* call_soon;
  PyObject* poll_callback;
  PyObject* loop_keyword;
  std::int64_t in_flight;
  Clock::time_point armed_at;
};

int resolve_completed(Bridge* self) {
  Job* job = self->native->completed.take();
  while (job != nullptr) {
    Job* next = job->next;
    PyObject* arguments[] = {job->future, Py_None};
    PyObject* result = PyObject_VectorcallMethod(self->set_result, arguments, 2, nullptr);
    if (result == nullptr) {
      PyErr_Clear();  // cancelled by its awaiter
    } else {
      Py_DECREF(result);
    }
    Py_DECREF(job->future);
    delete job;
    --self->in_flight;
    job = next;
  }
  return 0;
}

PyObject* bridge_drain(PyObject* object, PyObject*) {
  auto* self = reinterpret_cast<Bridge*>(object);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(self->native->event, &count, sizeof count);
  resolve_completed(self);
  Py_RETURN_NONE;
}

int arm_poll(Bridge* self) {
  PyObject* handle = PyObject_CallOneArg(self->call_soon, self->poll_callback);
  if (handle == nullptr) return -1;
  Py_DECREF(handle);
  return 0;
}

PyObject* bridge_poll(PyObject* object, PyObject*) {
  auto* self = reinterpret_cast<Bridge*>(object);
  resolve_completed(self);
  if (self->in_flight > 0 && Clock::now() - self->armed_at < self->native->poll) {
    if (arm_poll(self) < 0) return nullptr;
    Py_RETURN_NONE;
  }
  self->native->polling.store(false);
  resolve_completed(self);
  Py_RETURN_NONE;
}

PyObject* new_future(Bridge* self) {
  PyObject* arguments[] = {self->loop};
  return PyObject_Vectorcall(self->future_type, arguments, 0, self->loop_keyword);
}

PyObject* submit_job(Bridge* self, std::int64_t duration) {
  PyObject* future = new_future(self);
  if (future == nullptr) return nullptr;
  Job* job = new (std::nothrow) Job{nullptr, duration, Py_NewRef(future)};
  if (job == nullptr) return Py_DECREF(future), PyErr_NoMemory();
  ++self->in_flight;
  self->native->submitted.push(job);
  return future;
}

int after_submit(Bridge* self) {
  self->native->wake_worker();
  if (self->native->poll.count() == 0) return 0;
  self->armed_at = Clock::now();
  if (self->native->polling.load()) return 0;
  self->native->polling.store(true);
  return arm_poll(self);
}

PyObject* bridge_submit(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  auto* self = reinterpret_cast<Bridge*>(object);
  std::int64_t duration = 0;
  if (count > 0) {
    duration = PyLong_AsLongLong(arguments[0]);
    if (duration == -1 && PyErr_Occurred() != nullptr) return nullptr;
  }
  PyObject* future = submit_job(self, duration);
  if (future != nullptr && after_submit(self) < 0) Py_CLEAR(future);
  return future;
}

PyObject* bridge_submit_many(PyObject* object, PyObject* argument) {
  auto* self = reinterpret_cast<Bridge*>(object);
  const Py_ssize_t n = PyLong_AsSsize_t(argument);
  if (n == -1 && PyErr_Occurred() != nullptr) return nullptr;
  PyObject* futures = PyList_New(n);
  for (Py_ssize_t i = 0; futures != nullptr && i < n; ++i) {
    PyObject* future = submit_job(self, 0);
    if (future == nullptr) {
      Py_CLEAR(futures);
    } else {
      PyList_SET_ITEM(futures, i, future);
    }
  }
  if (futures != nullptr && after_submit(self) < 0) Py_CLEAR(futures);
  return futures;
}

void stop_thread(Bridge* self) {
  if (self->native == nullptr) return;
  self->native->stop.store(true);
  self->native->parked.store(1);
  self->native->wake_worker();
  Py_BEGIN_ALLOW_THREADS self->native->thread.join();
  Py_END_ALLOW_THREADS
}

PyObject* bridge_close(PyObject* object, PyObject*) {
  auto* self = reinterpret_cast<Bridge*>(object);
  if (self->native == nullptr) Py_RETURN_NONE;
  PyObject* removed = PyObject_CallMethod(self->loop, "remove_reader", "i", self->native->event);
  if (removed == nullptr) return nullptr;
  Py_DECREF(removed);
  stop_thread(self);
  resolve_completed(self);
  close(self->native->event);
  delete self->native;
  self->native = nullptr;
  Py_CLEAR(self->poll_callback);
  Py_RETURN_NONE;
}

int bridge_init(PyObject* object, PyObject* arguments, PyObject* keywords) {
  auto* self = reinterpret_cast<Bridge*>(object);
  static const char* names[] = {"loop", "spin_us", "poll_us", nullptr};
  PyObject* loop = nullptr;
  long long spin_us = 50;
  long long poll_us = 150;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|$LL", const_cast<char**>(names), &loop,
                                   &spin_us, &poll_us)) {
    return -1;
  }
  if (self->native != nullptr) return PyErr_SetString(PyExc_RuntimeError, "already started"), -1;
  PyObject* asyncio = PyImport_ImportModule("asyncio");
  if (asyncio == nullptr) return -1;
  self->loop = Py_NewRef(loop);
  self->future_type = PyObject_GetAttrString(asyncio, "Future");
  Py_DECREF(asyncio);
  self->set_result = PyUnicode_InternFromString("set_result");
  self->call_soon = PyObject_GetAttrString(loop, "call_soon");
  self->loop_keyword = Py_BuildValue("(s)", "loop");
  self->poll_callback = PyObject_GetAttrString(object, "_poll");
  PyObject* drain = PyObject_GetAttrString(object, "_drain");
  if (self->future_type == nullptr || self->set_result == nullptr || self->call_soon == nullptr ||
      self->loop_keyword == nullptr || self->poll_callback == nullptr || drain == nullptr) {
    Py_XDECREF(drain);
    return -1;
  }
  auto* native = new Native();
  native->spin = std::chrono::microseconds(spin_us);
  native->poll = std::chrono::microseconds(poll_us);
  native->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  PyObject* added = PyObject_CallMethod(loop, "add_reader", "iO", native->event, drain);
  Py_DECREF(drain);
  if (added == nullptr) {
    close(native->event);
    delete native;
    return -1;
  }
  Py_DECREF(added);
  self->native = native;
  native->thread = std::thread([native] { native->run(); });
  return 0;
}

void bridge_dealloc(PyObject* object) {
  auto* self = reinterpret_cast<Bridge*>(object);
  if (self->native != nullptr) {
    stop_thread(self);
    resolve_completed(self);
    close(self->native->event);
    delete self->native;
  }
  Py_XDECREF(self->loop);
  Py_XDECREF(self->future_type);
  Py_XDECREF(self->set_result);
  Py_XDECREF(self->call_soon);
  Py_XDECREF(self->poll_callback);
  Py_XDECREF(self->loop_keyword);
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* module_spin(PyObject*, PyObject* argument) {
  const long long nanoseconds = PyLong_AsLongLong(argument);
  if (nanoseconds == -1 && PyErr_Occurred() != nullptr) return nullptr;
  Py_BEGIN_ALLOW_THREADS spin_for(nanoseconds);
  Py_END_ALLOW_THREADS Py_RETURN_NONE;
}

template <typename Function>
PyCFunction method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef bridge_methods[] = {
    {"submit", method(bridge_submit), METH_FASTCALL, "submit(duration_ns=0) -> asyncio.Future"},
    {"submit_many", bridge_submit_many, METH_O, "submit_many(n) -> list of futures, one wake-up"},
    {"close", bridge_close, METH_NOARGS, "Stop the thread and leave the loop."},
    {"_drain", bridge_drain, METH_NOARGS, nullptr},
    {"_poll", bridge_poll, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot bridge_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(bridge_init)},
    {Py_tp_dealloc, reinterpret_cast<void*>(bridge_dealloc)},
    {Py_tp_methods, bridge_methods},
    {0, nullptr},
};
PyType_Spec bridge_spec = {"_await_floor.Bridge", sizeof(Bridge), 0, Py_TPFLAGS_DEFAULT,
                           bridge_slots};

int execute_module(PyObject* module) {
  PyObject* type = PyType_FromModuleAndSpec(module, &bridge_spec, nullptr);
  if (type == nullptr) return -1;
  const int added = PyModule_AddObjectRef(module, "Bridge", type);
  Py_DECREF(type);
  return added;
}

PyMethodDef module_methods[] = {
    {"spin", module_spin, METH_O, "spin(ns): keep the processor busy without the GIL"},
    {nullptr, nullptr, 0, nullptr},
};
PyModuleDef_Slot module_slots[] = {{Py_mod_exec, reinterpret_cast<void*>(execute_module)},
#ifdef Py_mod_gil
                                   {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
                                   {0, nullptr}};
PyModuleDef module_definition = {PyModuleDef_HEAD_INIT,
                                 "_await_floor",
                                 "The bare bridge that cogway's await is measured against.",
                                 0,
                                 module_methods,
                                 module_slots,
                                 nullptr,
                                 nullptr,
                                 nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__await_floor() { return PyModuleDef_Init(&module_definition); }
