// SPDX-License-Identifier: Apache-2.0
// Functions of `_core` about the process: kernel packs, kernels, the build, the machine, what was
// abandoned.

#include <string>
#include <vector>

#include "cogway/base/os/processors.hpp"
#include "cogway/base/os/thread_pools.hpp"
#include "cogway/engine/engine.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/kernel_abi.h"
#include "cogway/python/compat.hpp"
#include "cogway/python/py_ref.hpp"
#include "module/engine_object.hpp"
#include "module/errors.hpp"
#include "module/functions.hpp"
#include "module/heap_type.hpp"

namespace cogway {
namespace {

PyObject* pack_dict(const PackInfo& pack) {
  PyRef names = PyRef::steal(PyList_New(0));
  for (const Kernel* kernel : pack.kernels) {
    PyRef name = PyRef::steal(PyUnicode_FromString(kernel->name().c_str()));
    if (!names || !name || PyList_Append(names.get(), name.get()) < 0) return nullptr;
  }
  return Py_BuildValue("{s:s,s:s,s:s,s:N}", "name", pack.name.c_str(), "version",
                       pack.version.c_str(), "path", pack.path.c_str(), "kernels", names.release());
}

/// load_pack(path): path is a str (the package has resolved os.PathLike).
PyObject* load_pack(PyObject* module, PyObject* path) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(path, &converted) == 0) return nullptr;
  PyRef bytes = PyRef::steal(converted);
  const std::string name(PyBytes_AS_STRING(bytes.get()),
                         static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
  try {
    PackInfo info;
    const Status status = KernelRegistry::process().load(name, &info);
    if (status.ok()) return pack_dict(info);
    if (status.code() == StatusCode::not_found) {
      PyErr_SetString(PyExc_FileNotFoundError, status.message().c_str());
    } else {
      raise_status(state_of_module(module), status);
    }
  } catch (...) {
    raise_current_cpp_exception();
  }
  return nullptr;
}

PyObject* packs(PyObject*, PyObject*) {
  PyRef list = PyRef::steal(PyList_New(0));
  for (const PackInfo& pack : KernelRegistry::process().packs()) {
    PyRef dict = PyRef::steal(pack_dict(pack));
    if (!list || !dict || PyList_Append(list.get(), dict.get()) < 0) return nullptr;
  }
  return list.release();
}

PyObject* kernels(PyObject*, PyObject*) { return kernel_list(KernelRegistry::process()); }

PyObject* abandoned(PyObject*, PyObject*) {
  PyRef list = PyRef::steal(PyList_New(0));
  for (const std::string& line : abandoned_work()) {
    PyRef text = PyRef::steal(PyUnicode_FromString(line.c_str()));
    if (!list || !text || PyList_Append(list.get(), text.get()) < 0) return nullptr;
  }
  return list.release();
}

PyObject* build_info(PyObject*, PyObject*) {
#ifdef NDEBUG
  const bool asserts = false;
#else
  const bool asserts = true;
#endif
#ifdef __OPTIMIZE__
  const bool optimized = true;
#else
  const bool optimized = false;
#endif
#if defined(__SANITIZE_ADDRESS__)
  const char* sanitizer = "address";
#elif defined(__SANITIZE_THREAD__)
  const char* sanitizer = "thread";
#else
  const char* sanitizer = "";
#endif
#if defined(__clang__)
  const char* compiler = "clang " __clang_version__;
#else
  const char* compiler = "gcc " __VERSION__;
#endif
  return Py_BuildValue("{s:s,s:s,s:i,s:O,s:O,s:O}", "compiler", compiler, "sanitizer", sanitizer,
                       "kernel_abi", static_cast<int>(COGWAY_KERNEL_ABI), "optimized",
                       optimized ? Py_True : Py_False, "asserts", asserts ? Py_True : Py_False,
                       "free_threaded", kFreeThreadedBuild ? Py_True : Py_False);
}

PyObject* processors(PyObject*, PyObject*) {
  try {
    const auto allowed = os::allowed_processors();
    const auto quota = os::cgroup_processor_quota();
    return Py_BuildValue("{s:n,s:i,s:N}", "allowed", static_cast<Py_ssize_t>(allowed.size()),
                         "usable", os::usable_processors(), "quota",
                         quota ? PyFloat_FromDouble(*quota) : Py_NewRef(Py_None));
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyObject* thread_pools(PyObject*, PyObject*) {
  try {
    os::find_thread_pools();
    const std::vector<std::string> paths = os::thread_pools();
    PyRef found = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(paths.size())));
    for (std::size_t i = 0; found && i < paths.size(); ++i) {
      PyObject* path = PyUnicode_DecodeFSDefault(paths[i].c_str());
      if (path == nullptr) return nullptr;
      PyTuple_SET_ITEM(found.get(), static_cast<Py_ssize_t>(i), path);
    }
    return found.release();
  } catch (...) {
    raise_current_cpp_exception();
    return nullptr;
  }
}

PyObject* drain_mailbox(PyObject* module, PyObject*) {
  return PyLong_FromSize_t(state_of_module(module).mailbox->drain());
}

PyObject* live_tickets(PyObject* module, PyObject*) {
  return PyLong_FromLongLong(state_of_module(module).live_tickets.load());
}

PyMethodDef functions[] = {
    {"load_pack", load_pack, METH_O, nullptr},
    {"packs", packs, METH_NOARGS, nullptr},
    {"kernels", kernels, METH_NOARGS, nullptr},
    {"abandoned_work", abandoned, METH_NOARGS, nullptr},
    {"build_info", build_info, METH_NOARGS, nullptr},
    {"processors", processors, METH_NOARGS, nullptr},
    {"thread_pools", thread_pools, METH_NOARGS, nullptr},
    {"cancelled", call_cancelled, METH_NOARGS,
     "cancelled()\n--\n\n"
     "Return True when the call that runs here, on a Python worker, was cancelled or its engine "
     "is\n"
     "closing.\n\n"
     "A callable cannot be interrupted: one that takes long should ask now and then, and return."},
    {"live_tickets", live_tickets, METH_NOARGS, nullptr},
    {"drain_mailbox", drain_mailbox, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

int add_registry_functions(PyObject* module, ModuleState&) {
  return PyModule_AddFunctions(module, functions);
}

}  // namespace cogway
