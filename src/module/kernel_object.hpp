// SPDX-License-Identifier: Apache-2.0
#pragma once
// `cogway.Kernel`: a handle of a kernel. For one that was made of a native function the handle, and
// every call in flight, keep that function.

#include <Python.h>

#include "cogway/engine/kernel_owner.hpp"
#include "module/module_state.hpp"

namespace cogway {

/// **Threads**: any attached; immutable. **Ownership**: one hold of the kernel.
/// **Progress**, **Order**: as KernelHold.
struct KernelObject {
  PyObject_HEAD KernelHold hold;
};

[[nodiscard]] inline bool is_kernel(const ModuleState& state, PyObject* object) noexcept {
  return Py_IS_TYPE(object, state.kernel_type);
}
[[nodiscard]] inline KernelHold kernel_hold(PyObject* object) noexcept {
  return reinterpret_cast<KernelObject*>(object)->hold;
}
/// A handle; nullptr with an exception.
[[nodiscard]] PyObject* make_kernel(ModuleState& state, KernelHold hold);

}  // namespace cogway
