// SPDX-License-Identifier: Apache-2.0
#pragma once
// libffi, opened when the first signature needs it: whoever never meets one (nearly everybody)
// needs no such library, and nothing of cogway is linked to it. Nor is its header needed: a wheel
// is built in one place and run in another, so whether calls work must not hang on what the first
// place had. What is declared here is the same for all the names that open() tries; libffi_test.cpp
// compares it with the header where there is one.

#include <cstddef>

#if !defined(__x86_64__) && !defined(__aarch64__) && defined(__has_include)
#if __has_include(<ffi.h>)
#include <ffi.h>
#define COGWAY_FFI_DEFAULT_ABI FFI_DEFAULT_ABI
#endif
#endif

namespace cogway {

struct FfiType {
  std::size_t size = 0;  ///< of structs: filled by prep_cif
  unsigned short alignment = 0;
  unsigned short type = 0;
  FfiType** elements = nullptr;  ///< of structs: the last one is nullptr
};

/// Filled by prep_cif.
struct FfiCif {
  int abi = 0;
  unsigned nargs = 0;
  FfiType** arg_types = nullptr;
  FfiType* rtype = nullptr;
  unsigned bytes = 0;
  unsigned flags = 0;
  unsigned more[16] = {};  ///< some processors have a field or two here
};

/// What is used of it.
struct Libffi {
  static constexpr int kOk = 0;
  static constexpr unsigned short kStruct = 13;
#if defined(__x86_64__)
  static constexpr int kDefaultAbi = 2;  ///< FFI_UNIX64
#elif defined(__aarch64__)
  static constexpr int kDefaultAbi = 1;  ///< FFI_SYSV
#elif defined(COGWAY_FFI_DEFAULT_ABI)
  static constexpr int kDefaultAbi = COGWAY_FFI_DEFAULT_ABI;
#else
  static constexpr int kDefaultAbi = -1;  ///< not known: prep_cif refuses it
#endif

  int (*prep_cif)(FfiCif*, int abi, unsigned nargs, FfiType* rtype, FfiType** arg_types);
  void (*call)(FfiCif*, void (*function)(), void* result, void** arguments);
  FfiType *type_void, *type_pointer, *type_float, *type_double;
  FfiType *sint8, *sint16, *sint32, *sint64, *uint8, *uint16, *uint32, *uint64;

  /// nullptr: this machine has none. The first call opens it; it is never closed.
  [[nodiscard]] static const Libffi* open();
};

}  // namespace cogway
