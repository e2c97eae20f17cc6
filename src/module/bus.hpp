// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python type `Bus`.

#include <Python.h>

#include <memory>

#include "cogway/base/clock.hpp"
#include "cogway/bus/bus.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached thread. **Ownership**: shares the bus with the engine that made it,
/// and outlives it. **Progress**: as Bus; lease() with a policy of "wait" detaches while it waits.
/// **Order**: as Bus.
struct BusObject {
  PyObject_HEAD ModuleState* state;  ///< lives as long as the type
  std::shared_ptr<Bus> bus;          ///< constant
  PyObject* weak_references;
};

/// New Bus object.
[[nodiscard]] PyObject* wrap_bus(ModuleState& state, std::shared_ptr<Bus> bus);

[[nodiscard]] inline bool is_bus(const ModuleState& state, PyObject* object) noexcept {
  return Py_IS_TYPE(object, state.bus_type);
}

/// A dtype by name ("float32"), or an object that has one: numpy.float32, numpy.dtype,
/// torch.float32. False with a ValueError or TypeError. nullptr leaves `out` as it is.
[[nodiscard]] bool to_dtype(const char* function, PyObject* value, DType& out);
/// A shape: an int or a sequence of them. False with an exception.
[[nodiscard]] bool to_layout(const char* function, PyObject* shape, DType dtype, Layout& out);

/// What a call of lease() asks for.
struct LeaseRequest {
  Layout layout;
  bool wait = false;  ///< for room, until the deadline
  TimePoint deadline = kNever;
};
/// The arguments of lease(). False with an exception.
[[nodiscard]] bool to_lease_request(PyObject* const* arguments, Py_ssize_t count,
                                    PyObject* keywords, LeaseRequest& out);
/// Between waits, detached; `argument` is the PyThreadState* that was saved. Attaches to let signal
/// handlers run; true: one raised.
bool signal_raised(void* argument);

// Parts of the type, a file each.

/// Raises why there was no lease: full, closed, or a forked child.
void raise_refused(BusObject* self, const Layout& layout);
/// A new buffer of the bus with the elements of any object that has some; empty with an exception.
[[nodiscard]] BufferRef bus_copy_of(BusObject* self, PyObject* value);

PyObject* bus_create(PyObject* type, PyObject* const* arguments, Py_ssize_t count,
                     PyObject* keywords);  // these three: shared_bus_open.cpp
PyObject* bus_open(PyObject* type, PyObject* name);
PyObject* bus_receive(PyObject* type, PyObject* socket);
PyObject* bus_names(PyObject* type, PyObject*);  // these three: shared_bus_inspect.cpp
PyObject* bus_inspect(PyObject* type, PyObject* name);
PyObject* bus_remove(PyObject* type, PyObject* name);
PyObject* bus_lease(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                    PyObject* keywords);
PyObject* bus_copy(PyObject* self, PyObject* value);
PyObject* bus_push(PyObject* self, PyObject* const* arguments, Py_ssize_t count);
PyObject* bus_snapshot(PyObject* self, PyObject* const* arguments, Py_ssize_t count);
PyObject* bus_pop(PyObject* self, PyObject* const* arguments, Py_ssize_t count);
PyObject* bus_version(PyObject* self, PyObject* name);
PyObject* bus_keys(PyObject* self, PyObject*);
int bus_contains(PyObject* self, PyObject* name);

}  // namespace cogway
