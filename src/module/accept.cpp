// SPDX-License-Identifier: Apache-2.0
// `_core.accept`, `_core.accept_table` and `_core.read_capsule`: native functions become kernels.
// What a function is, and how its signature is found, is known to cogway._accept.

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "cogway/engine/foreign_declaration.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/errors.hpp"
#include "module/functions.hpp"
#include "module/kernel_object.hpp"

namespace cogway {
namespace {

/// The object behind a kernel. The last call may end on a native thread.
struct FunctionOwner : MailboxItem {
  ReleaseMailbox* mailbox = nullptr;
  PyObject* object = nullptr;

  static FunctionOwner* make(ModuleState& state, PyObject* object) {
    auto* owner = new FunctionOwner;
    owner->release = drop;
    owner->mailbox = state.mailbox;
    owner->mailbox->retain();
    owner->object = Py_NewRef(object);
    return owner;
  }
  static void give_back(void* given) noexcept {
    auto* self = static_cast<FunctionOwner*>(given);
    ReleaseMailbox* mailbox = self->mailbox;
    mailbox->retain();  // the item, and its hold on the mailbox, may be gone before post() returns
    mailbox->post(self);
    mailbox->release();
  }
  static void drop(MailboxItem* item) noexcept {
    auto* self = static_cast<FunctionOwner*>(item);
    Py_CLEAR(self->object);
    self->mailbox->release();
    delete self;
  }
};

bool read_text(PyObject* object, std::string& out) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text == nullptr) return false;
  out.assign(text, static_cast<std::size_t>(size));
  return true;
}

bool read_role(const std::string& text, ForeignArgument::Role& role) {
  static constexpr std::pair<const char*, ForeignArgument::Role> kRoles[] = {
      {"in", ForeignArgument::Role::input},
      {"out", ForeignArgument::Role::output},
      {"inout", ForeignArgument::Role::inout},
      {"scalar", ForeignArgument::Role::scalar},
      {"dimension", ForeignArgument::Role::dimension},
      {"constant", ForeignArgument::Role::constant},
  };
  for (const auto& [name, value] : kRoles) {
    if (text == name) return role = value, true;
  }
  PyErr_Format(PyExc_ValueError, "'%s' is no role of an argument", text.c_str());
  return false;
}

bool read_value(PyObject* object, ForeignArgument& argument) {
  if (object == Py_None) return true;
  if (PyFloat_Check(object)) {
    argument.value = PyFloat_AS_DOUBLE(object);
    return true;
  }
  PyRef integer = PyRef::steal(PyNumber_Index(object));
  if (!integer) return false;
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(integer.get(), &overflow);
  if (overflow > 0) {  // an address of the upper half, as it lies in 64 bits
    value = static_cast<long long>(PyLong_AsUnsignedLongLong(integer.get()));
  }
  if (PyErr_Occurred() != nullptr) return false;
  argument.value = static_cast<std::int64_t>(value);
  return true;
}

/// (role, name, element, shape, expression, value)
bool read_argument(PyObject* object, ForeignArgument& argument) {
  PyObject *role = nullptr, *name = nullptr, *element = nullptr, *shape = nullptr;
  PyObject *expression = nullptr, *value = nullptr;
  std::string role_name;
  if (!PyArg_ParseTuple(object, "UUUO!UO", &role, &name, &element, &PyTuple_Type, &shape,
                        &expression, &value) ||
      !read_text(role, role_name) || !read_role(role_name, argument.role) ||
      !read_text(name, argument.name) || !read_text(element, argument.element) ||
      !read_text(expression, argument.expression) || !read_value(value, argument)) {
    return false;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shape); ++i) {
    if (!read_text(PyTuple_GET_ITEM(shape, i), argument.shape.emplace_back())) return false;
  }
  return true;
}

bool read_result(const char* text, ForeignResult& result) {
  const std::string_view name(text);
  if (name == "value") {
    result = ForeignResult::automatic;
  } else if (name == "status") {
    result = ForeignResult::status;
  } else if (name == "ignore") {
    result = ForeignResult::ignored;
  } else {
    PyErr_Format(PyExc_ValueError, "returns must be 'value', 'status' or 'ignore', not '%s'", text);
    return false;
  }
  return true;
}

PyObject* finish(ModuleState& state, const Status& status, KernelHold hold) {
  if (status.ok()) return make_kernel(state, std::move(hold));
  raise_status(state, status);
  return nullptr;
}

/// accept(name, pack, address, signature, arguments, returns, doc, owner, user_data, anonymous,
///        replace, nogil, knows_const); arguments is None (the convention) or a tuple.
PyObject* accept(PyObject* module, PyObject* given) {
  ModuleState& state = state_of_module(module);
  state.mailbox->drain();
  const char *name = nullptr, *pack = nullptr, *signature = nullptr, *returns = nullptr;
  const char* doc = nullptr;
  unsigned long long address = 0;
  PyObject *arguments = nullptr, *owner = nullptr, *user_data = nullptr;
  int anonymous = 0, replace = 0, nogil = 0, knows_const = 0;
  if (!PyArg_ParseTuple(given, "ssKsOssOOpppp:accept", &name, &pack, &address, &signature,
                        &arguments, &returns, &doc, &owner, &user_data, &anonymous, &replace,
                        &nogil, &knows_const)) {
    return nullptr;
  }
  try {
    ForeignDeclaration declaration;
    declaration.name = name;
    declaration.pack = pack;
    declaration.doc = doc;
    declaration.function = reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address));
    declaration.anonymous = anonymous != 0;
    declaration.replace = replace != 0;
    declaration.knows_const = knows_const != 0;
    if (!read_result(returns, declaration.result)) return nullptr;
    if (const Status status = CSignature::parse(signature, &declaration.signature); !status.ok()) {
      return finish(state, status, {});
    }
    if (nogil == 0 && !declaration.signature.nogil) {
      PyErr_Format(PyExc_TypeError,
                   "%s: nothing says that it runs without the GIL: if it never touches Python, say "
                   "nogil=True, or end its signature with 'nogil'; else use spawn()",
                   name);
      return nullptr;
    }
    if (user_data != Py_None) {
      const unsigned long long value = PyLong_AsUnsignedLongLongMask(user_data);
      if (PyErr_Occurred() != nullptr) return nullptr;
      declaration.user_data = static_cast<std::int64_t>(value);
    }
    declaration.conventional = arguments == Py_None;
    if (!declaration.conventional) {
      if (!PyTuple_Check(arguments)) {
        PyErr_SetString(PyExc_TypeError, "arguments must be a tuple");
        return nullptr;
      }
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments); ++i) {
        if (!read_argument(PyTuple_GET_ITEM(arguments, i), declaration.arguments.emplace_back())) {
          return nullptr;
        }
      }
    }
    KernelHold hold;
    const Status status = KernelRegistry::process().accept(
        declaration, FunctionOwner::make(state, owner), &FunctionOwner::give_back, &hold);
    return finish(state, status, std::move(hold));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

/// accept_table(name or "", address, owner, replace): a cogway_kernel that lies somewhere.
PyObject* accept_table(PyObject* module, PyObject* given) {
  ModuleState& state = state_of_module(module);
  const char* name = nullptr;
  unsigned long long address = 0;
  PyObject* owner = nullptr;
  int replace = 0;
  if (!PyArg_ParseTuple(given, "sKOp:accept_table", &name, &address, &owner, &replace)) {
    return nullptr;
  }
  if (address == 0) {
    PyErr_SetString(PyExc_ValueError, "the address of the cogway_kernel is 0");
    return nullptr;
  }
  try {
    const auto* table =
        reinterpret_cast<const cogway_kernel*>(static_cast<std::uintptr_t>(address));
    cogway_kernel renamed{};
    std::memcpy(&renamed, table, std::min<std::size_t>(table->size, sizeof(renamed)));
    if (name[0] != '\0') renamed.name = name;
    KernelHold hold;
    const Status status = KernelRegistry::process().accept_table(renamed, "table", replace != 0,
                                                                 FunctionOwner::make(state, owner),
                                                                 &FunctionOwner::give_back, &hold);
    return finish(state, status, std::move(hold));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

/// read_capsule(capsule) -> (address, name)
PyObject* read_capsule(PyObject*, PyObject* capsule) {
  if (!PyCapsule_CheckExact(capsule)) {
    PyErr_Format(PyExc_TypeError, "a PyCapsule is needed, not %.100s", Py_TYPE(capsule)->tp_name);
    return nullptr;
  }
  const char* name = PyCapsule_GetName(capsule);
  if (name == nullptr && PyErr_Occurred() != nullptr) return nullptr;
  void* address = PyCapsule_GetPointer(capsule, name);
  if (address == nullptr) return nullptr;
  return Py_BuildValue(
      "Kz", static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address)), name);
}

/// struct_layout(text) -> (size, offsets of its fields)
PyObject* struct_layout(PyObject* module, PyObject* text) {
  std::string given;
  if (!read_text(text, given)) return nullptr;
  try {
    CSignature holder;
    const Status status = CSignature::parse("void(const " + given + "*)", &holder);
    if (!status.ok()) return finish(state_of_module(module), status, {});
    const CType& type = *holder.parameters[0].type.target;
    if (type.structure == nullptr) {
      PyErr_Format(PyExc_ValueError, "'%U' is no struct", text);
      return nullptr;
    }
    const auto& fields = type.structure->fields;
    PyRef offsets = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(fields.size())));
    for (std::size_t i = 0; offsets && i < fields.size(); ++i) {
      PyObject* offset = PyLong_FromUnsignedLong(fields[i].offset);
      if (offset == nullptr) return nullptr;
      PyTuple_SET_ITEM(offsets.get(), static_cast<Py_ssize_t>(i), offset);
    }
    return offsets ? Py_BuildValue("IN", type.structure->size, offsets.release()) : nullptr;
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyMethodDef functions[] = {
    {"struct_layout", struct_layout, METH_O, nullptr},
    {"accept", accept, METH_VARARGS, nullptr},
    {"accept_table", accept_table, METH_VARARGS, nullptr},
    {"read_capsule", read_capsule, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

int add_accept_functions(PyObject* module, ModuleState&) {
  if (PyModule_AddFunctions(module, functions) < 0) return -1;
  // What Cython code imports to reach the host table: PyCapsule_Import("cogway._core.host", 0).
  PyRef host = PyRef::steal(
      PyCapsule_New(const_cast<cogway_host*>(host_table()), "cogway._core.host", nullptr));
  if (!host) return -1;
  return PyModule_AddObjectRef(module, "host", host.get());
}

}  // namespace cogway
