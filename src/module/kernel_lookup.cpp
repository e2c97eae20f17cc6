// SPDX-License-Identifier: Apache-2.0
// From what a call names its kernel by to the kernel.

#include "cogway/engine/kernel.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/kernel_object.hpp"

namespace cogway {
namespace {

Kernel* find_by_name(KernelRegistry& registry, PyObject* name, KernelHold* hold) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(name, &size);
  if (text == nullptr) return nullptr;
  const std::string_view key(text, static_cast<std::size_t>(size));
  Kernel* kernel = registry.find(key);
  if (kernel == nullptr) {
    PyErr_SetString(PyExc_LookupError, registry.explain_unknown(key).c_str());
    return nullptr;
  }
  *hold = KernelHold(kernel);
  if (*hold) return kernel;
  PyErr_Format(PyExc_LookupError, "the function behind kernel %R has been released", name);
  return nullptr;
}

/// A native function, by cogway._accept, which knows all kinds of them.
PyRef accept_function(PyObject* object, PyObject* nogil) {
  PyRef module = PyRef::steal(PyImport_ImportModule("cogway._accept"));
  if (!module) return {};
  return PyRef::steal(PyObject_CallMethod(module.get(), "accept", "OO", object,
                                          nogil == nullptr ? Py_None : nogil));
}

}  // namespace

Kernel* find_kernel(EngineObject* engine, PyObject* object, PyObject* nogil, KernelHold* hold) {
  ModuleState& state = *engine->state;
  KernelRegistry& registry = (*engine->host)->engine.registry();
  const std::uint64_t generation = registry.generation();
  KernelCacheEntry& entry =
      engine->kernels[(reinterpret_cast<std::uintptr_t>(object) >> 4) % EngineObject::kCacheSize];
  Kernel* kernel = nullptr;
  COGWAY_BEGIN_CRITICAL_SECTION(engine)
  if (entry.named_by == object && entry.generation == generation) {
    kernel = entry.kernel;
    *hold = KernelHold(kernel);
  }
  COGWAY_END_CRITICAL_SECTION()
  if (*hold) return kernel;
  PyRef handle;
  if (PyUnicode_Check(object)) {
    kernel = find_by_name(registry, object, hold);
    if (kernel == nullptr) return nullptr;
  } else {
    PyObject* found = object;
    if (!is_kernel(state, object)) {
      handle = accept_function(object, nogil);
      if (!handle) return nullptr;
      found = handle.get();
    }
    *hold = kernel_hold(found);
    kernel = hold->get();
  }
  if ((*engine->host)->engine.closed()) return kernel;  // nothing is kept any more
  PyRef old_name, old_handle;
  COGWAY_BEGIN_CRITICAL_SECTION(engine)
  old_name = PyRef::steal(std::exchange(entry.named_by, Py_NewRef(object)));
  old_handle = PyRef::steal(std::exchange(entry.handle, handle.release()));
  entry.kernel = kernel;
  entry.generation = generation;
  COGWAY_END_CRITICAL_SECTION()
  return kernel;
}

void forget_kernels(EngineObject* engine) noexcept {
  for (KernelCacheEntry& entry : engine->kernels) {
    PyRef old_name, old_handle;  // let go of outside: their ends may run anything
    COGWAY_BEGIN_CRITICAL_SECTION(engine)
    old_name = PyRef::steal(std::exchange(entry.named_by, nullptr));
    old_handle = PyRef::steal(std::exchange(entry.handle, nullptr));
    entry.kernel = nullptr;
    COGWAY_END_CRITICAL_SECTION()
  }
}

}  // namespace cogway
