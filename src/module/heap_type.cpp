// SPDX-License-Identifier: Apache-2.0
#include "module/heap_type.hpp"

namespace cogway {

int add_heap_type(PyObject* module, PyType_Spec* spec, PyTypeObject** slot_in_state,
                  Export exported) {
  PyObject* type = PyType_FromModuleAndSpec(module, spec, nullptr);
  if (type == nullptr) return -1;
  *slot_in_state = reinterpret_cast<PyTypeObject*>(type);
  return exported == Export::visible ? PyModule_AddType(module, *slot_in_state) : 0;
}

}  // namespace cogway
