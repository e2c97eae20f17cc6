// SPDX-License-Identifier: Apache-2.0
// The heap type `_core.Engine`: construction, life and the table of methods.

#include <new>
#include <string>
#include <vector>

#include "cogway/engine/kernel_registry.hpp"
#include "cogway/python/attach_watch.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/thread_state.hpp"
#include "module/arguments.hpp"
#include "module/bus.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/heap_type.hpp"
#include "module/log_forwarder.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

constexpr const char* kInit = "Engine";
// In the order of Engine.__init__; cogway.Engine gives them all by keyword.
constexpr const char* kInitNames[] = {"name",
                                      "native_workers",
                                      "background_workers",
                                      "reserved_cores",
                                      "pin",
                                      "cpus",
                                      "spin_ns",
                                      "lifo",
                                      "ageing",
                                      "queue_capacity",
                                      "wait_for_bus",
                                      "bus_bytes",
                                      "grace",
                                      "background_idle",
                                      "manual",
                                      "openmp_threads",
                                      "debug"};

bool read_options(PyObject* const* values, EngineOptions& options, TaskQueueOptions& queue) {
  if (values[0] != nullptr) {
    const char* name = PyUnicode_AsUTF8(values[0]);
    if (name == nullptr) return false;
    options.name = name;
  }
  std::int64_t native = options.foreground_workers;
  std::int64_t background = options.background_workers;
  std::int64_t reserved = options.reserved_cores;
  std::int64_t spin = options.spin.count();
  std::int64_t ageing = options.ageing;
  std::int64_t capacity = 0;
  std::int64_t bus_bytes = static_cast<std::int64_t>(options.bus_bytes);
  double grace = std::chrono::duration<double>(options.grace).count();
  std::int64_t openmp = options.openmp_threads;
  bool lifo = false;
  bool background_idle = true;
  bool wait_for_bus = options.full_bus == FullBusPolicy::wait;
  if (!to_int64({kInit, kInitNames[1]}, values[1], -1, kMostThreads, native) ||
      !to_int64({kInit, kInitNames[2]}, values[2], -1, kMostThreads, background) ||
      !to_int64({kInit, kInitNames[3]}, values[3], 0, kMostThreads, reserved) ||
      !to_bool({kInit, kInitNames[4]}, values[4], options.pin) ||
      !read_cpus({kInit, kInitNames[5]}, values[5], options.cpus) ||
      !to_int64({kInit, kInitNames[6]}, values[6], -1, 1'000'000'000, spin) ||
      !to_bool({kInit, kInitNames[7]}, values[7], lifo) ||
      !to_int64({kInit, kInitNames[8]}, values[8], 0, 1'000'000, ageing) ||
      !to_int64({kInit, kInitNames[9]}, values[9], 0, std::int64_t{1} << 40, capacity) ||
      !to_bool({kInit, kInitNames[10]}, values[10], wait_for_bus) ||
      !to_int64({kInit, kInitNames[11]}, values[11], 1, std::int64_t{1} << 50, bus_bytes) ||
      !to_seconds({kInit, kInitNames[12]}, values[12], grace) ||
      !to_bool({kInit, kInitNames[13]}, values[13], background_idle) ||
      !to_bool({kInit, kInitNames[14]}, values[14], options.manual) ||
      !to_int64({kInit, kInitNames[15]}, values[15], 0, kMostThreads, openmp) ||
      !to_bool({kInit, kInitNames[16]}, values[16], options.debug)) {
    return false;
  }
  options.foreground_workers = static_cast<int>(native);
  options.background_workers = static_cast<int>(background);
  options.reserved_cores = static_cast<int>(reserved);
  options.openmp_threads = static_cast<int>(openmp);
  options.background_policy =
      background_idle ? os::SchedulingPolicy::idle : os::SchedulingPolicy::batch;
  options.spin = Nanoseconds{spin};
  options.order = lifo ? QueueOrder::lifo : QueueOrder::fifo;
  options.ageing = static_cast<std::uint32_t>(ageing);
  options.queue_capacity = static_cast<std::size_t>(capacity);
  options.full_bus = wait_for_bus ? FullBusPolicy::wait : FullBusPolicy::fail;
  options.bus_bytes = static_cast<std::size_t>(bus_bytes);
  options.grace = Nanoseconds(static_cast<std::int64_t>(std::min(grace, 1e9) * 1e9));
  queue.order = options.order;
  queue.ageing = options.ageing;
  queue.capacity = options.queue_capacity;
  queue.spin = options.spin;
  return true;
}

int init(PyObject* object, PyObject* args, PyObject* kwargs) {
  EngineObject* self = as_engine(object);
  if (self->host != nullptr) {
    return PyErr_SetString(PyExc_RuntimeError, "this engine was started already"), -1;
  }
  if (PyTuple_GET_SIZE(args) != 0) {
    return PyErr_SetString(PyExc_TypeError, "Engine() takes keyword arguments only"), -1;
  }
  PyObject* values[std::size(kInitNames)] = {};
  PyObject *key = nullptr, *value = nullptr;
  Py_ssize_t position = 0;
  while (kwargs != nullptr && PyDict_Next(kwargs, &position, &key, &value)) {
    std::size_t i = 0;
    while (i < std::size(kInitNames) && !equal_to_ascii(key, kInitNames[i])) ++i;
    if (i == std::size(kInitNames)) {
      return PyErr_Format(PyExc_TypeError, "Engine() got an unexpected keyword argument %R", key),
             -1;
    }
    values[i] = value;
  }
  try {
    EngineOptions options = options_from_environment();
    TaskQueueOptions queue;
    if (!read_options(values, options, queue)) return -1;
    if (options.debug) options.attach_watch = watch_attachments();
    auto host = std::make_unique<std::shared_ptr<EngineHost>>(
        std::make_shared<EngineHost>(std::move(options), queue));
    forward_log(*self->state, *host);
    self->host = host.release();
  } catch (...) {
    raise_current_cpp_exception();
    return -1;
  }
  return 0;
}

PyObject* make(PyTypeObject* type, PyObject*, PyObject*) {
  ModuleState* state = state_of_subtype(type);
  if (state == nullptr) return nullptr;
  auto* self = reinterpret_cast<EngineObject*>(type->tp_alloc(type, 0));
  if (self == nullptr) return nullptr;
  self->state = state;
  self->host = nullptr;
  new (&self->kernels) std::array<KernelCacheEntry, EngineObject::kCacheSize>{};
  return reinterpret_cast<PyObject*>(self);
}

void drop_host(EngineObject* self) {
  std::shared_ptr<EngineHost>* host = std::exchange(self->host, nullptr);
  if (host == nullptr) return;
  (*host)->python_queue.close();
  Detached detached;
  delete host;  // joins the workers: never while attached
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  for (KernelCacheEntry& entry : as_engine(object)->kernels) {
    Py_VISIT(entry.named_by);
    Py_VISIT(entry.handle);
  }
  return 0;
}

void dealloc(PyObject* object) {
  EngineObject* self = as_engine(object);
  if (PyObject_CallFinalizerFromDealloc(object) < 0) return;
  PyObject_GC_UnTrack(object);
  PyObject_ClearWeakRefs(object);
  drop_host(self);
  forget_kernels(self);
  free_heap_object(object);
}

PyObject* get_bus(PyObject* object, void*) {
  EngineHost* host = host_of(object);
  return host == nullptr ? nullptr : wrap_bus(*as_engine(object)->state, host->engine.shared_bus());
}
PyObject* get_closed(PyObject* object, void*) {
  EngineHost* host = host_of(object);
  return host == nullptr ? nullptr : PyBool_FromLong(host->engine.closed());
}
PyObject* get_debug(PyObject* object, void*) {
  EngineHost* host = host_of(object);
  return host == nullptr ? nullptr : PyBool_FromLong(host->engine.options().debug);
}
PyObject* findings(PyObject* object, PyObject*) {
  EngineHost* host = host_of(object);
  if (host == nullptr) return nullptr;
  return findings_tuple(*as_engine(object)->state, host->debug_report.get());
}
PyObject* get_own_process(PyObject* object, void*) {
  EngineHost* host = host_of(object);
  return host == nullptr ? nullptr : PyBool_FromLong(host->engine.belongs_to_this_process());
}

PyMethodDef methods[] = {
    {"c_spawn", method(engine_c_spawn), METH_FASTCALL | METH_KEYWORDS,
     "c_spawn($self, kernel, /, *inputs, params=None, priority='normal', deadline=None,\n"
     "        worker_class='foreground', out=None, affinity=None, nogil=None, **parameters)\n--\n\n"
     "Call a kernel on a native worker and return its ticket at once."},
    {"c_map", method(engine_c_map), METH_FASTCALL | METH_KEYWORDS,
     "c_map($self, kernel, items, /, *, out=None, each=None, params=None,\n"
     "      return_exceptions=False, priority='normal', deadline=None,\n"
     "      worker_class='foreground', affinity=None, nogil=None, **parameters)\n--\n\n"
     "Call a kernel once per item and return one ticket for the list of results."},
    {"_call", method(engine_call), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"_worker", engine_worker, METH_NOARGS, nullptr},
    {"_run_call", engine_run_call, METH_NOARGS, nullptr},
    {"_retire_worker", engine_retire_worker, METH_NOARGS, nullptr},
    {"_stop_calls", engine_stop_calls, METH_NOARGS, nullptr},
    {"_abandon_calls", engine_abandon_calls, METH_O, nullptr},
    {"_drain", engine_drain, METH_O, nullptr},
    {"_stop", engine_stop, METH_O, nullptr},
    {"_close_python_queue", engine_close_python_queue, METH_O, nullptr},
    {"_resize", method(engine_resize), METH_FASTCALL, nullptr},
    {"_schedule_workers", method(engine_schedule_workers), METH_FASTCALL, nullptr},
    {"_run_one", engine_run_one, METH_NOARGS, nullptr},
    {"_advance", engine_advance, METH_O, nullptr},
    {"_open_port", method(engine_open_port), METH_FASTCALL, nullptr},
    {"_statistics", engine_statistics, METH_NOARGS, nullptr},
    {"_kernels", engine_kernels, METH_NOARGS, nullptr},
    {"findings", findings, METH_NOARGS,
     "findings($self, /)\n--\n\n"
     "Return what debug mode found, on the bus and in kernels, oldest first, as a tuple of "
     "Finding;\n"
     "at most 1000."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"bus", get_bus, nullptr, "The shared memory of this engine.", nullptr},
    {"debug", get_debug, nullptr, "Whether the engine is in debug mode.", nullptr},
    {"closed", get_closed, nullptr, "True once the engine takes no more work.", nullptr},
    {"_own_process", get_own_process, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
#ifndef COGWAY_MANAGED_WEAKREF
PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(EngineObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
constexpr unsigned kWeakFlag = 0;
#else
constexpr unsigned kWeakFlag = Py_TPFLAGS_MANAGED_WEAKREF;
#endif
PyType_Slot slots[] = {
    {Py_tp_new, slot(make)},
    {Py_tp_init, slot(init)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
#ifndef COGWAY_MANAGED_WEAKREF
    {Py_tp_members, members},
#endif
    {Py_tp_doc, const_cast<char*>("The raw engine; use cogway.Engine.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Engine", sizeof(EngineObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE |
                        Py_TPFLAGS_HAVE_GC | kWeakFlag,
                    slots};

}  // namespace

EngineHost* host_of(PyObject* engine) {
  EngineObject* self = as_engine(engine);
  if (self->host != nullptr) return self->host->get();
  PyErr_SetString(PyExc_RuntimeError, "Engine.__init__() was not called");
  return nullptr;
}

int add_engine_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.engine_type, Export::visible);
}

}  // namespace cogway
