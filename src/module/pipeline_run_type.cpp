// SPDX-License-Identifier: Apache-2.0
// _core.FlowRun: one epoch, for its consumer and for the Python parts of it.

#include <new>
#include <utility>

#include "cogway/engine/kernel.hpp"
#include "module/errors.hpp"
#include "module/heap_type.hpp"
#include "module/pipeline.hpp"
#include "module/ticket.hpp"

namespace cogway {
namespace {

PipelineRun& run_of(PyObject* object) noexcept { return *as_flow_run(object)->run; }

/// Everything that may throw (allocation) runs in here.
template <typename Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

void dealloc(PyObject* object) {
  FlowRunObject* self = as_flow_run(object);
  PyObject_GC_UnTrack(object);
  // Cancels. In a forked child its lock may be held by a thread that is not there: leave it.
  EngineHost* host = host_of(self->flow->engine);
  if (host != nullptr && host->engine.belongs_to_this_process()) delete self->run;
  Py_CLEAR(self->flow);
  free_heap_object(object);
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(as_flow_run(object)->flow);
  return 0;
}

/// False with an exception in a forked child: what would end a wait is in the parent, and so may be
/// who holds the run's lock.
bool is_here(FlowRunObject* self) {
  EngineHost* host = host_of(self->flow->engine);
  if (host == nullptr || host->engine.belongs_to_this_process()) return true;
  raise_cause(*self->state, Cause::engine_forked, StatusCode::failed_precondition, "pipeline", {});
  return false;
}

/// An element as a tuple; else 1 pending, 2 end, 3 failed, 4 cancelled: Next's own numbers.
PyObject* try_next(PyObject* object, PyObject*) {
  return guarded([&]() -> PyObject* {
    FlowRunObject* self = as_flow_run(object);
    if (!is_here(self)) return nullptr;
    self->state->mailbox->drain();
    Element element;
    const Next found = self->run->try_next(&element);
    if (found == Next::element) return from_element(*self->state, element);
    return PyLong_FromLong(static_cast<long>(found));
  });
}

template <TaskRef (PipelineRun::*Wait)()>
PyObject* wait(PyObject* object, PyObject*) {
  return guarded([&]() -> PyObject* {
    FlowRunObject* self = as_flow_run(object);
    return is_here(self) ? make_ticket(*self->state, (self->run->*Wait)()) : nullptr;
  });
}

PyObject* cancel(PyObject* object, PyObject*) {
  return guarded([&] { return PyBool_FromLong(run_of(object).cancel() ? 1 : 0); });
}
PyObject* failures(PyObject* object, PyObject*) {
  return guarded(
      [&] { return from_failures(*as_flow_run(object)->state, run_of(object).failures()); });
}
PyObject* skipped(PyObject* object, PyObject*) {
  return guarded(
      [&] { return from_failures(*as_flow_run(object)->state, run_of(object).skipped()); });
}
PyObject* statistics(PyObject* object, PyObject*) {
  return guarded([&] { return from_statistics(run_of(object).statistics()); });
}
PyObject* left(PyObject* object, PyObject*) {
  return guarded([&]() -> PyObject* {
    const std::vector<std::uint64_t> positions = run_of(object).left();
    PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(positions.size())));
    for (std::size_t i = 0; list && i < positions.size(); ++i) {
      PyObject* number = PyLong_FromUnsignedLongLong(positions[i]);
      if (number == nullptr) return nullptr;
      PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), number);
    }
    return list.release();
  });
}

/// The kernel that comes right after `stage` (-1: the source); nullptr where none does.
const Kernel* kernel_after(FlowRunObject* self, long stage) noexcept {
  const auto next = static_cast<std::size_t>(stage + 1);
  return next < self->flow->kernels->size() ? (*self->flow->kernels)[next] : nullptr;
}

/// try_offer(value, index) -> position, or None when there is no room. RuntimeError when over.
PyObject* try_offer(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  FlowRunObject* self = as_flow_run(object);
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "try_offer() takes a value and an index");
    return nullptr;
  }
  const unsigned long long index = PyLong_AsUnsignedLongLong(arguments[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  return guarded([&]() -> PyObject* {
    std::vector<Operand> operands;
    const Kernel* kernel = kernel_after(self, -1);
    if (kernel != nullptr && !to_operands(*self->state, *kernel, arguments[0], operands)) {
      return nullptr;
    }
    bool taken = false;
    std::uint64_t position = 0;
    const Status status = self->run->try_offer(operands, index, &taken, &position);
    if (!status.ok()) {
      raise_status(*self->state, status);
      return nullptr;
    }
    if (!taken) Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(position);
  });
}

PyObject* end_source(PyObject* object, PyObject*) {
  return guarded([&] {
    run_of(object).end_source();
    return Py_NewRef(Py_None);
  });
}
PyObject* fail_source(PyObject* object, PyObject* message) {
  const char* text = PyUnicode_AsUTF8(message);
  if (text == nullptr) return nullptr;
  return guarded([&] {
    run_of(object).fail_source(StatusCode::internal, text);
    return Py_NewRef(Py_None);
  });
}

/// take_foreign() -> (ticket, stage, element), or None.
PyObject* take_foreign(PyObject* object, PyObject*) {
  return guarded([&]() -> PyObject* {
    FlowRunObject* self = as_flow_run(object);
    ForeignItem item;
    if (!self->run->take_foreign(&item)) Py_RETURN_NONE;
    PyObject* element = from_element(*self->state, item.value);
    if (element == nullptr) {
      self->run->give_foreign(item.ticket, {}, Status(StatusCode::internal, "no memory"));
      return nullptr;
    }
    return Py_BuildValue("(KIN)", static_cast<unsigned long long>(item.ticket), item.stage,
                         element);
  });
}
PyObject* foreign_over(PyObject* object, PyObject*) {
  return PyBool_FromLong(run_of(object).foreign_over() ? 1 : 0);
}

/// give_foreign(ticket, stage, value, failure: str | None). A value that the next stage cannot take
/// raises, and the item is still to be given back. An empty failure: its call never began.
PyObject* give_foreign(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  FlowRunObject* self = as_flow_run(object);
  if (count != 4) {
    PyErr_SetString(PyExc_TypeError, "give_foreign() takes ticket, stage, value, failure");
    return nullptr;
  }
  const unsigned long long ticket = PyLong_AsUnsignedLongLong(arguments[0]);
  const long stage = PyLong_AsLong(arguments[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  return guarded([&]() -> PyObject* {
    Status status;
    std::vector<Operand> operands;
    if (arguments[3] != Py_None) {
      const char* text = PyUnicode_AsUTF8(arguments[3]);
      if (text == nullptr) return nullptr;
      status = *text == '\0' ? Status(StatusCode::cancelled, "the call never began")
                             : Status(StatusCode::internal, text);
    } else if (const Kernel* kernel = kernel_after(self, stage); kernel != nullptr) {
      if (!to_operands(*self->state, *kernel, arguments[2], operands)) return nullptr;
    }
    self->run->give_foreign(ticket, operands, status);
    Py_RETURN_NONE;
  });
}

PyObject* get_quiet(PyObject* object, void*) {
  return PyBool_FromLong(run_of(object).quiet() ? 1 : 0);
}

PyMethodDef methods[] = {
    {"try_next", try_next, METH_NOARGS, nullptr},
    {"wait_ready", wait<&PipelineRun::wait_ready>, METH_NOARGS, nullptr},
    {"wait_quiet", wait<&PipelineRun::wait_quiet>, METH_NOARGS, nullptr},
    {"wait_room", wait<&PipelineRun::wait_room>, METH_NOARGS, nullptr},
    {"wait_foreign", wait<&PipelineRun::wait_foreign>, METH_NOARGS, nullptr},
    {"cancel", cancel, METH_NOARGS, nullptr},
    {"failures", failures, METH_NOARGS, nullptr},
    {"skipped", skipped, METH_NOARGS, nullptr},
    {"statistics", statistics, METH_NOARGS, nullptr},
    {"left", left, METH_NOARGS, nullptr},
    {"try_offer", method(try_offer), METH_FASTCALL, nullptr},
    {"end_source", end_source, METH_NOARGS, nullptr},
    {"fail_source", fail_source, METH_O, nullptr},
    {"take_foreign", take_foreign, METH_NOARGS, nullptr},
    {"foreign_over", foreign_over, METH_NOARGS, nullptr},
    {"give_foreign", method(give_foreign), METH_FASTCALL, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"quiet", get_quiet, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_doc, const_cast<char*>("One epoch of a raw pipeline.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.FlowRun", sizeof(FlowRunObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

PyObject* make_flow_run(FlowObject* flow, PipelineRun run) {
  PyTypeObject* type = flow->state->flow_run_type;
  auto owned = std::make_unique<PipelineRun>(std::move(run));
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  FlowRunObject* self = as_flow_run(object);
  self->state = flow->state;
  self->flow = as_flow(Py_NewRef(reinterpret_cast<PyObject*>(flow)));
  self->run = owned.release();
  return object;
}

int add_flow_run_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.flow_run_type, Export::visible);
}

}  // namespace cogway
