// SPDX-License-Identifier: Apache-2.0
#pragma once
// The Python type `SharedBus`.

#include <Python.h>

#include <memory>
#include <string>

#include "cogway/bus/shared_bus.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached thread. **Ownership**: shares the bus with its buffers, which outlive
/// it. **Progress**: as SharedBus; what waits or enters the kernel detaches. **Order**: as
/// SharedBus.
struct SharedBusObject {
  PyObject_HEAD ModuleState* state;  ///< lives as long as the type
  std::shared_ptr<SharedBus> bus;    ///< constant
  PyObject* weak_references;
};

/// New SharedBus object.
[[nodiscard]] PyObject* wrap_shared_bus(ModuleState& state, std::shared_ptr<SharedBus> bus);

[[nodiscard]] inline bool is_shared_bus(ModuleState& state, PyObject* object) noexcept {
  return PyObject_TypeCheck(object, state.shared_bus_type) != 0;
}

/// The `id` of a bus as Python sees it.
[[nodiscard]] std::string shared_bus_id_text(const SharedBus& bus);

/// The name of a bus. False with an exception.
[[nodiscard]] bool to_bus_name(const char* function, PyObject* value, std::string& out);

/// A SharedBusStatistics object.
[[nodiscard]] PyObject* shared_statistics(ModuleState& state, const SharedBusStatistics& now);

/// Why a bus could not be created or opened, as an OSError's subclass where there is one.
void raise_open_status(ModuleState& state, const Status& status);
/// Why a call of a bus that is open failed.
void raise_shared_status(SharedBusObject* self, const Status& status);

}  // namespace cogway
