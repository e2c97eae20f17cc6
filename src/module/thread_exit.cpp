// SPDX-License-Identifier: Apache-2.0
// `register_native_destructor` and `unregister_native_destructor`: ThreadExit for extensions that
// reach it through Python, by addresses.

#include "cogway/sync/thread_exit.hpp"

#include <cstdint>

#include "module/arguments.hpp"
#include "module/heap_type.hpp"
#include "module/sync_state.hpp"

namespace cogway {
namespace {

/// An address that there can be; nullptr with an exception.
void* to_address(Argument argument, PyObject* value) {
  std::int64_t address = 0;
  if (!to_int64(argument, value, 1, INT64_MAX, address)) return nullptr;
  return reinterpret_cast<void*>(address);
}

PyObject* register_destructor(PyObject*, PyObject* const* arguments, Py_ssize_t count,
                              PyObject* keywords) {
  static constexpr const char* kName = "register_native_destructor";
  static constexpr const char* kNames[] = {"var", "destructor"};
  PyObject* values[2];
  if (!bind_arguments({kName, kNames, 2, 2}, arguments, count, keywords, values)) return nullptr;
  void* variable = to_address({kName, "var"}, values[0]);
  void* destructor = variable == nullptr ? nullptr : to_address({kName, "destructor"}, values[1]);
  if (destructor == nullptr) return nullptr;
  if (!ThreadExit::add(static_cast<void**>(variable),
                       reinterpret_cast<ThreadExit::Destructor>(destructor))) {
    return PyErr_NoMemory();
  }
  Py_RETURN_NONE;
}

PyObject* unregister_destructor(PyObject*, PyObject* const* arguments, Py_ssize_t count,
                                PyObject* keywords) {
  static constexpr const char* kName = "unregister_native_destructor";
  static constexpr const char* kNames[] = {"var"};
  PyObject* given = nullptr;
  if (!bind_arguments({kName, kNames, 1, 1}, arguments, count, keywords, &given)) return nullptr;
  void* variable = to_address({kName, "var"}, given);
  if (variable == nullptr) return nullptr;
  return PyBool_FromLong(ThreadExit::remove(static_cast<void**>(variable)));
}

PyMethodDef functions[] = {
    {"register_native_destructor", method(register_destructor), METH_FASTCALL | METH_KEYWORDS,
     "register_native_destructor($module, /, var, destructor)\n--\n\n"
     "Have a native function called with what a thread-local variable holds when this thread "
     "ends.\n"
     "\n"
     "`var` is the address of a `thread_local void*` of the calling thread, `destructor` that of "
     "a\n"
     "`void (*)(void*)`. It is called once for each time it was registered, in that order, unless\n"
     "the variable is null by then; for the main thread at the end of the process. It must not "
     "use\n"
     "Python, which may be gone. A thread that never ends calls none."},
    {"unregister_native_destructor", method(unregister_destructor), METH_FASTCALL | METH_KEYWORDS,
     "unregister_native_destructor($module, /, var)\n--\n\n"
     "Forget the destructors of a variable in the calling thread; return whether there was one."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

int add_thread_exit_functions(PyObject* module, ModuleState&) {
  return PyModule_AddFunctions(module, functions);
}

}  // namespace cogway
