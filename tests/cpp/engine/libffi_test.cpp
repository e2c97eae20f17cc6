// SPDX-License-Identifier: Apache-2.0
#include "engine/libffi.hpp"

#include <doctest/doctest.h>

#include <cstdint>

#if __has_include(<ffi.h>)
#include <ffi.h>
#define HAS_HEADER 1
#endif

using cogway::FfiCif;
using cogway::FfiType;
using cogway::Libffi;

#ifdef HAS_HEADER
static_assert(sizeof(FfiType) == sizeof(ffi_type));
static_assert(offsetof(FfiType, alignment) == offsetof(ffi_type, alignment));
static_assert(offsetof(FfiType, type) == offsetof(ffi_type, type));
static_assert(offsetof(FfiType, elements) == offsetof(ffi_type, elements));
static_assert(sizeof(FfiCif) >= sizeof(ffi_cif));
static_assert(sizeof(int) == sizeof(ffi_abi));
static_assert(sizeof(int) == sizeof(ffi_status));
static_assert(offsetof(FfiCif, abi) == offsetof(ffi_cif, abi));
static_assert(offsetof(FfiCif, nargs) == offsetof(ffi_cif, nargs));
static_assert(offsetof(FfiCif, arg_types) == offsetof(ffi_cif, arg_types));
static_assert(offsetof(FfiCif, rtype) == offsetof(ffi_cif, rtype));
static_assert(offsetof(FfiCif, bytes) == offsetof(ffi_cif, bytes));
static_assert(offsetof(FfiCif, flags) == offsetof(ffi_cif, flags));
static_assert(Libffi::kDefaultAbi == FFI_DEFAULT_ABI);
static_assert(Libffi::kStruct == FFI_TYPE_STRUCT);
static_assert(Libffi::kOk == FFI_OK);
#endif

namespace {

struct Mixed {
  std::int32_t whole;
  double part;
  std::uint8_t small[3];
};
double add(Mixed mixed, std::int8_t narrow) {
  return mixed.whole + mixed.part + mixed.small[2] + narrow;
}

}  // namespace

TEST_CASE("the library is as declared here, with or without its header") {
  const Libffi* ffi = Libffi::open();
  REQUIRE(ffi != nullptr);
  CHECK(ffi == Libffi::open());
  FfiType* fields[] = {ffi->sint32, ffi->type_double, ffi->uint8, ffi->uint8, ffi->uint8, nullptr};
  FfiType mixed;
  mixed.type = Libffi::kStruct;
  mixed.elements = fields;
  FfiType* types[] = {&mixed, ffi->sint8};
  FfiCif cif;
  REQUIRE(ffi->prep_cif(&cif, Libffi::kDefaultAbi, 2, ffi->type_double, types) == Libffi::kOk);
  CHECK(mixed.size == sizeof(Mixed));
  CHECK(mixed.alignment == alignof(Mixed));
  for (const unsigned more : cif.more) CHECK(more == 0);  // it has filled no more than it declares

  Mixed given{40, 1.5, {0, 0, 3}};
  std::int8_t narrow = -2;
  void* arguments[] = {&given, &narrow};
  double result = 0;
  ffi->call(&cif, reinterpret_cast<void (*)()>(&add), &result, arguments);
  CHECK(result == 42.5);
  CHECK(ffi->prep_cif(&cif, -1, 2, ffi->type_double, types) != Libffi::kOk);
}
