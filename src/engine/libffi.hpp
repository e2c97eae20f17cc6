// SPDX-License-Identifier: Apache-2.0
#pragma once
// libffi, opened when the first signature needs it: whoever never meets one (nearly everybody)
// needs no such library, and nothing of cogway is linked to it.

#if defined(__has_include)
#if __has_include(<ffi.h>)
#include <ffi.h>
#define COGWAY_HAS_LIBFFI 1
#endif
#endif

namespace cogway {

#ifdef COGWAY_HAS_LIBFFI
/// What is used of it.
struct Libffi {
  decltype(&ffi_prep_cif) prep_cif;
  decltype(&ffi_call) call;
  ffi_type *type_void, *type_pointer, *type_float, *type_double;
  ffi_type *sint8, *sint16, *sint32, *sint64, *uint8, *uint16, *uint32, *uint64;

  /// nullptr: this machine has none. The first call opens it; it is never closed.
  [[nodiscard]] static const Libffi* open();
};
#endif

}  // namespace cogway
