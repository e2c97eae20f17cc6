// SPDX-License-Identifier: Apache-2.0
#include "libffi.hpp"

#include <dlfcn.h>

#include <optional>

namespace cogway {
namespace {

template <typename T>
bool find(void* library, const char* name, T& out) {
  void* symbol = dlsym(library, name);
  out = reinterpret_cast<T>(symbol);
  return symbol != nullptr;
}

std::optional<Libffi> load() {
  void* library = nullptr;
  for (const char* name : {"libffi.so.8", "libffi.so.7"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) return std::nullopt;
  Libffi ffi{};
  const bool complete =
      find(library, "ffi_prep_cif", ffi.prep_cif) && find(library, "ffi_call", ffi.call) &&
      find(library, "ffi_type_void", ffi.type_void) &&
      find(library, "ffi_type_pointer", ffi.type_pointer) &&
      find(library, "ffi_type_float", ffi.type_float) &&
      find(library, "ffi_type_double", ffi.type_double) &&
      find(library, "ffi_type_sint8", ffi.sint8) && find(library, "ffi_type_sint16", ffi.sint16) &&
      find(library, "ffi_type_sint32", ffi.sint32) &&
      find(library, "ffi_type_sint64", ffi.sint64) && find(library, "ffi_type_uint8", ffi.uint8) &&
      find(library, "ffi_type_uint16", ffi.uint16) &&
      find(library, "ffi_type_uint32", ffi.uint32) && find(library, "ffi_type_uint64", ffi.uint64);
  return complete ? std::optional(ffi) : std::nullopt;
}

}  // namespace

const Libffi* Libffi::open() {
  static const std::optional<Libffi> library = load();
  return library ? &*library : nullptr;
}

}  // namespace cogway
