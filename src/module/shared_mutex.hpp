// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python type `SharedMutex`, and what an atomic on a bus needs of it.

#include <Python.h>

#include "cogway/bus/shared_word.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// What `SharedBus.mutex` and `SharedBus.remove_word` are.
PyObject* shared_bus_mutex(PyObject* self, PyObject* name);
PyObject* shared_bus_remove_word(PyObject* self, PyObject* name);
extern const char kSharedBusMutexDoc[];
extern const char kSharedBusRemoveWordDoc[];

}  // namespace cogway
