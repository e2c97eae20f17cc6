// SPDX-License-Identifier: Apache-2.0
// The heap type `_core.Kernel`.

#include <new>
#include <utility>

#include "cogway/engine/kernel.hpp"
#include "module/heap_type.hpp"
#include "module/kernel_object.hpp"

namespace cogway {
namespace {

const Kernel& kernel_of(PyObject* object) noexcept {
  return *reinterpret_cast<KernelObject*>(object)->hold.get();
}

PyObject* text(const std::string& value) {
  return PyUnicode_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()));
}

void dealloc(PyObject* object) {
  reinterpret_cast<KernelObject*>(object)->hold.~KernelHold();
  free_heap_object(object);
}

PyObject* represent(PyObject* object) {
  const Kernel& kernel = kernel_of(object);
  return PyUnicode_FromFormat("<cogway.Kernel '%s' %s>", kernel.name().c_str(),
                              kernel.signature().c_str());
}

PyObject* get_name(PyObject* object, void*) { return text(kernel_of(object).name()); }
PyObject* get_signature(PyObject* object, void*) { return text(kernel_of(object).signature()); }
PyObject* get_doc(PyObject* object, void*) { return text(kernel_of(object).doc()); }
PyObject* get_pack(PyObject* object, void*) { return text(kernel_of(object).pack()); }

PyGetSetDef properties[] = {
    {"name", get_name, nullptr, "What calls, errors and statistics call it.", nullptr},
    {"signature", get_signature, nullptr, "Inputs, scalars and outputs, for people.", nullptr},
    {"doc", get_doc, nullptr, "What it does; of a function its C signature.", nullptr},
    {"pack", get_pack, nullptr, "The kind of function that it was made of.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_dealloc, slot(dealloc)},
    {Py_tp_repr, slot(represent)},
    {Py_tp_getset, properties},
    {Py_tp_doc,
     const_cast<char*>("A kernel that was made of a native function.\n\n"
                       "`Engine.c_spawn`, `Engine.c_map` and `Pipeline.native` take it in place of "
                       "a name. It keeps\nthe function, and so does every call in flight.")},
    {0, nullptr},
};
PyType_Spec spec = {
    "cogway._core.Kernel", sizeof(KernelObject), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

}  // namespace

PyObject* make_kernel(ModuleState& state, KernelHold hold) {
  PyObject* object = state.kernel_type->tp_alloc(state.kernel_type, 0);
  if (object == nullptr) return nullptr;
  new (&reinterpret_cast<KernelObject*>(object)->hold) KernelHold(std::move(hold));
  return object;
}

int add_kernel_type(PyObject* module, ModuleState& state) {
  return add_heap_type(module, &spec, &state.kernel_type, Export::visible);
}

}  // namespace cogway
