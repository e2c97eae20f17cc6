// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "cogway/engine/kernel.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/buffer.hpp"
#include "module/errors.hpp"
#include "module/kernel_input.hpp"
#include "module/pipeline.hpp"

namespace cogway {
namespace {

/// A list made of `make(i)` for each i.
template <typename Make>
PyRef list_of(std::size_t count, Make&& make) {
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(count)));
  for (std::size_t i = 0; list && i < count; ++i) {
    PyObject* item = make(i);
    if (item == nullptr) return {};
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), item);
  }
  return list;
}

PyRef wrap_all(ModuleState& state, const std::vector<BufferRef>& buffers) {
  return list_of(buffers.size(),
                 [&](std::size_t i) { return wrap_buffer(state, BufferRef(buffers[i])); });
}

PyObject* number_or_none(std::uint64_t number) {
  if (number == Failure::kNoItem) return Py_NewRef(Py_None);
  return PyLong_FromUnsignedLongLong(number);
}

bool put(PyObject* dict, const char* name, const PyRef& value) {
  return value && PyDict_SetItemString(dict, name, value.get()) == 0;
}
bool put(PyObject* dict, const char* name, std::uint64_t value) {
  return put(dict, name, PyRef::steal(PyLong_FromUnsignedLongLong(value)));
}
bool put(PyObject* dict, const char* name, std::int64_t value) {
  return put(dict, name, PyRef::steal(PyLong_FromLongLong(value)));
}
bool put(PyObject* dict, const char* name, const std::string& value) {
  return put(dict, name,
             PyRef::steal(
                 PyUnicode_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()))));
}

PyObject* from_stage(const StageStatistics& stage) {
  PyRef dict = PyRef::steal(PyDict_New());
  PyObject* d = dict.get();
  const bool ok = d != nullptr && put(d, "name", stage.name) && put(d, "kind", stage.kind) &&
                  put(d, "completed", stage.completed) && put(d, "failed", stage.failed) &&
                  put(d, "queued", stage.queued) && put(d, "queued_most", stage.queued_most) &&
                  put(d, "running", stage.running) && put(d, "busy_ns", stage.busy_ns) &&
                  put(d, "wait_ns", stage.wait_ns) && put(d, "p50_ns", stage.p50_ns) &&
                  put(d, "p99_ns", stage.p99_ns);
  return ok ? dict.release() : nullptr;
}

}  // namespace

bool to_operands(ModuleState& state, const Kernel& kernel, PyObject* value,
                 std::vector<Operand>& operands) {
  const bool several = PyTuple_CheckExact(value);
  const Py_ssize_t count = several ? PyTuple_GET_SIZE(value) : 1;
  if (count > static_cast<Py_ssize_t>(COGWAY_MAX_BUFFERS)) {
    PyErr_Format(PyExc_ValueError, "%s: a tuple of %zd inputs, at most %u are possible",
                 kernel.name().c_str(), count, COGWAY_MAX_BUFFERS);
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    Input input;
    PyObject* part = several ? PyTuple_GET_ITEM(value, i) : value;
    if (!to_input(state, kernel, static_cast<std::size_t>(i), part, &input)) return false;
    operands.push_back(Operand::of(std::move(input)));
  }
  return true;
}

PyObject* from_element(ModuleState& state, const Element& element) {
  const std::vector<Member>& members = element.members;
  PyRef positions = list_of(members.size(), [&](std::size_t i) {
    return PyLong_FromUnsignedLongLong(members[i].position);
  });
  PyRef indices = list_of(
      members.size(), [&](std::size_t i) { return PyLong_FromUnsignedLongLong(members[i].index); });
  PyRef buffers = wrap_all(state, element.buffers);
  PyRef collected = list_of(element.collected.size(), [&](std::size_t i) {
    return wrap_all(state, element.collected[i]).release();
  });
  if (!positions || !indices || !buffers || !collected) return nullptr;
  return Py_BuildValue("(KOOOOOO)", static_cast<unsigned long long>(element.number),
                       positions.get(), indices.get(), element.batch ? Py_True : Py_False,
                       element.foreign ? Py_True : Py_False, buffers.get(), collected.get());
}

PyObject* from_failures(ModuleState& state, const std::vector<Failure>& failures) {
  PyRef list = list_of(failures.size(), [&](std::size_t i) -> PyObject* {
    const Failure& failure = failures[i];
    PyRef position = PyRef::steal(number_or_none(failure.position));
    PyRef index = PyRef::steal(number_or_none(failure.index));
    PyRef exception = make_exception(state, failure.cause, failure.status.code(), failure.name,
                                     failure.status.message());
    if (!position || !index || !exception) return nullptr;
    return Py_BuildValue("(IsOOO)", failure.stage, failure.name.c_str(), position.get(),
                         index.get(), exception.get());
  });
  return list.release();
}

PyObject* from_statistics(const PipelineStatistics& s) {
  PyRef dict = PyRef::steal(PyDict_New());
  PyRef stages = list_of(s.stages.size(), [&](std::size_t i) { return from_stage(s.stages[i]); });
  PyObject* d = dict.get();
  const bool ok = d != nullptr && put(d, "stages", stages) && put(d, "slowest", s.slowest) &&
                  put(d, "admitted", s.admitted) && put(d, "skipped", s.skipped) &&
                  put(d, "elements", s.elements) && put(d, "items", s.items) &&
                  put(d, "in_flight", s.in_flight) && put(d, "in_flight_most", s.in_flight_most) &&
                  put(d, "ready", s.ready) && put(d, "bytes", s.bytes) &&
                  put(d, "bytes_most", s.bytes_most) && put(d, "bus_waits", s.bus_waits) &&
                  put(d, "stalled", PyRef::borrow(s.stalled ? Py_True : Py_False)) &&
                  put(d, "consumer_waits", s.consumer_waits) &&
                  put(d, "consumer_wait_ns", s.consumer_wait_ns) &&
                  put(d, "elapsed_ns", s.elapsed_ns);
  return ok ? dict.release() : nullptr;
}

}  // namespace cogway
