// SPDX-License-Identifier: Apache-2.0
// _core.Flow: building a pipeline from Python's values.

#include <array>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "cogway/engine/kernel.hpp"
#include "module/arguments.hpp"
#include "module/errors.hpp"
#include "module/findings.hpp"
#include "module/heap_type.hpp"
#include "module/kernel_params.hpp"
#include "module/pipeline.hpp"

namespace cogway {
namespace {

/// Keeps the objects of a list source; the last run may let go of them on any thread.
struct SourceOwner : MailboxItem {
  ReleaseMailbox* mailbox;
  PyObject* values;

  SourceOwner(ReleaseMailbox* counted, PyObject* list) noexcept
      : MailboxItem(&SourceOwner::drop), mailbox(counted), values(Py_NewRef(list)) {
    mailbox->retain();
  }
  static void release(SourceOwner* self) noexcept { self->mailbox->post(self); }
  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<SourceOwner*>(item);
    Py_DECREF(self->values);
    self->mailbox->release();
    delete self;
  }
};

/// Runs `build`, which throws what Pipeline's methods throw; None, or nullptr with ValueError.
template <typename Build>
PyObject* guarded(Build&& build) {
  try {
    build();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* names[] = {"engine", nullptr};
  ModuleState& state = state_of_type(type);
  PyObject* engine = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!:Flow", const_cast<char**>(names),
                                   state.engine_type, &engine)) {
    return nullptr;
  }
  EngineHost* host = host_of(engine);
  if (host == nullptr) return nullptr;
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  FlowObject* self = as_flow(object);
  self->state = &state;
  self->engine = Py_NewRef(engine);
  try {
    self->pipeline = new Pipeline(host->engine);
    self->kernels = new std::vector<const Kernel*>();
  } catch (...) {
    raise_current_cpp_exception();
    Py_DECREF(object);
    return nullptr;
  }
  return object;
}

void dealloc(PyObject* object) {
  FlowObject* self = as_flow(object);
  PyObject_GC_UnTrack(object);
  delete self->pipeline;
  delete self->kernels;
  Py_CLEAR(self->engine);
  free_heap_object(object);
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(as_flow(object)->engine);
  return 0;
}

/// The bytes objects of `values` as a list source that keeps them.
SourceList list_of_bytes(ModuleState& state, PyObject* values) {
  SourceList list;
  const Py_ssize_t size = PyTuple_GET_SIZE(values);
  list.values.reserve(static_cast<std::size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* value = PyTuple_GET_ITEM(values, i);
    if (!PyBytes_Check(value)) throw std::invalid_argument("source_list() takes bytes");
    list.values.push_back(std::as_bytes(
        std::span(PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value)))));
  }
  auto* owner = new SourceOwner(state.mailbox, values);
  list.owner = std::shared_ptr<const void>(owner, [](const void* held) {
    SourceOwner::release(static_cast<SourceOwner*>(const_cast<void*>(held)));
  });
  return list;
}

/// source_list(values: tuple[bytes, ...] | int, seed: int | None): values, or how many Python
/// keeps.
PyObject* source_list(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  FlowObject* self = as_flow(object);
  const bool bytes = count == 2 && PyTuple_CheckExact(arguments[0]);
  if (!bytes && !(count == 2 && PyLong_CheckExact(arguments[0]))) {
    PyErr_SetString(PyExc_TypeError, "source_list() takes a tuple or a count, and a seed or None");
    return nullptr;
  }
  const std::size_t size = bytes ? 0 : PyLong_AsSize_t(arguments[0]);
  const bool shuffle = arguments[1] != Py_None;
  const unsigned long long seed = shuffle ? PyLong_AsUnsignedLongLongMask(arguments[1]) : 0;
  if (PyErr_Occurred() != nullptr) return nullptr;
  return guarded([&] {
    SourceList list;
    if (bytes) {
      list = list_of_bytes(*self->state, arguments[0]);
    } else {
      list.foreign = true;
      list.values.resize(size);
    }
    list.shuffle = shuffle;
    list.seed = seed;
    self->pipeline->source(std::move(list));
  });
}

PyObject* open_source(PyObject* object, PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  if (text == nullptr) return nullptr;
  return guarded([&] { as_flow(object)->pipeline->open_source(text); });
}

/// Binds a parameter to the item, with a stand-in value so that the others can be checked now.
bool bind_param(KernelParams& params, NativeStage& stage, PyObject* name, std::uint32_t ordinal,
                ItemField field) {
  PyRef stand_in =
      PyRef::steal(field == ItemField::text ? PyUnicode_FromString("-") : PyLong_FromLong(0));
  if (!stand_in || !params.add(name, stand_in.get())) return false;
  stage.bound.push_back({ordinal, field});
  return true;
}

/// native(kernel, params: dict, bound: dict[str, int], concurrency: int, nogil: bool | None)
PyObject* native(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  FlowObject* self = as_flow(object);
  if (count != 5 || !PyDict_Check(arguments[1]) || !PyDict_Check(arguments[2])) {
    PyErr_SetString(PyExc_TypeError, "native() takes kernel, params, bound, concurrency, nogil");
    return nullptr;
  }
  NativeStage stage;
  stage.kernel = find_kernel(as_engine(self->engine), arguments[0], arguments[4], &stage.hold);
  if (stage.kernel == nullptr) return nullptr;
  const unsigned long concurrency = PyLong_AsUnsignedLong(arguments[3]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  stage.concurrency = static_cast<std::uint32_t>(concurrency);

  KernelParams params(*stage.kernel);
  if (!params.add_all(arguments[1])) return nullptr;
  PyObject *name = nullptr, *field = nullptr;
  Py_ssize_t place = 0;
  while (PyDict_Next(arguments[2], &place, &name, &field) != 0) {
    const char* text = PyUnicode_AsUTF8(name);
    if (text == nullptr) return nullptr;
    const auto ordinal = stage.kernel->param_index(text);
    if (!ordinal) {
      PyErr_Format(PyExc_TypeError, "%s has no parameter '%U'", stage.kernel->name().c_str(), name);
      return nullptr;
    }
    const long code = PyLong_AsLong(field);
    if (PyErr_Occurred() != nullptr) return nullptr;
    if (!bind_param(params, stage, name, static_cast<std::uint32_t>(*ordinal),
                    static_cast<ItemField>(code))) {
      return nullptr;
    }
  }
  std::vector<std::string_view> given;
  place = 0;
  for (PyObject* dict : {arguments[1], arguments[2]}) {
    place = 0;
    while (PyDict_Next(dict, &place, &name, &field) != 0) {
      const char* text = PyUnicode_AsUTF8(name);
      if (text == nullptr) return nullptr;
      given.emplace_back(text);
    }
  }
  if (const auto ordinal = item_text_param(*stage.kernel, given)) {
    PyRef text = PyRef::steal(PyUnicode_FromString(stage.kernel->params()[*ordinal].name));
    if (!text || !bind_param(params, stage, text.get(), *ordinal, ItemField::text)) return nullptr;
    if (!params.normalize(&stage.params)) return nullptr;
  } else if (!params.normalize(&stage.params)) {
    return nullptr;
  }
  return guarded([&] {
    const Kernel* kernel = stage.kernel;
    self->pipeline->native(std::move(stage));
    self->kernels->push_back(kernel);
  });
}

/// foreign(name: str, concurrency: int)
PyObject* foreign(PyObject* object, PyObject* const* arguments, Py_ssize_t count) {
  FlowObject* self = as_flow(object);
  const char* name = count == 2 ? PyUnicode_AsUTF8(arguments[0]) : nullptr;
  if (name == nullptr) {
    if (PyErr_Occurred() == nullptr)
      PyErr_SetString(PyExc_TypeError, "foreign() takes 2 arguments");
    return nullptr;
  }
  const unsigned long concurrency = PyLong_AsUnsignedLong(arguments[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  return guarded([&] {
    self->pipeline->foreign({name, static_cast<std::uint32_t>(concurrency)});
    self->kernels->push_back(nullptr);
  });
}

/// batch(size: int, drop_last: bool, stack: bool)
PyObject* batch(PyObject* object, PyObject* arguments) {
  FlowObject* self = as_flow(object);
  unsigned int size = 0;
  int drop_last = 0, stack = 0;
  if (!PyArg_ParseTuple(arguments, "Ipp:batch", &size, &drop_last, &stack)) return nullptr;
  return guarded([&] {
    self->pipeline->batch({size, drop_last != 0, stack != 0});
    self->kernels->push_back(nullptr);
  });
}

/// options(prefetch, prefetch_bytes, ordered, skip_errors, skip_limit, priority, worker_class)
PyObject* options(PyObject* object, PyObject* arguments) {
  unsigned int prefetch = 0;
  unsigned long long prefetch_bytes = 0, skip_limit = 0;
  int ordered = 0, skip_errors = 0, priority = 0, worker_class = 0;
  if (!PyArg_ParseTuple(arguments, "IKppKii:options", &prefetch, &prefetch_bytes, &ordered,
                        &skip_errors, &skip_limit, &priority, &worker_class)) {
    return nullptr;
  }
  PipelineOptions chosen;
  chosen.prefetch = prefetch;
  chosen.prefetch_bytes = prefetch_bytes;
  chosen.ordered = ordered != 0;
  chosen.skip_errors = skip_errors != 0;
  chosen.skip_limit = skip_limit;
  chosen.priority = static_cast<Priority>(priority);
  chosen.worker_class = static_cast<WorkerClass>(worker_class);
  return guarded([&] { as_flow(object)->pipeline->options(chosen); });
}

PyObject* start(PyObject* object, PyObject* epoch) {
  FlowObject* self = as_flow(object);
  self->state->mailbox->drain();
  const unsigned long long number = PyLong_AsUnsignedLongLong(epoch);
  if (PyErr_Occurred() != nullptr) return nullptr;
  try {
    const std::shared_ptr<DebugReport> report = self->pipeline->engine().debug_report();
    const char* place = report == nullptr ? nullptr : kept_place(*report);
    return make_flow_run(self, self->pipeline->start(number, place));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyMethodDef methods[] = {
    {"source_list", method(source_list), METH_FASTCALL, nullptr},
    {"open_source", open_source, METH_O, nullptr},
    {"native", method(native), METH_FASTCALL, nullptr},
    {"foreign", method(foreign), METH_FASTCALL, nullptr},
    {"batch", batch, METH_VARARGS, nullptr},
    {"options", options, METH_VARARGS, nullptr},
    {"start", start, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, slot(make)},
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_traverse, slot(traverse)},
    {Py_tp_methods, methods},
    {Py_tp_doc, const_cast<char*>("The raw pipeline; use cogway.Pipeline.")},
    {0, nullptr},
};
PyType_Spec spec = {"cogway._core.Flow", sizeof(FlowObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

int add_flow_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.flow_type, Export::visible);
}

}  // namespace cogway
