// SPDX-License-Identifier: Apache-2.0
#include "call_interface.hpp"

#include <deque>
#include <utility>
#include <vector>

#include "libffi.hpp"

namespace cogway {
namespace {

bool is_float(const CType& type) noexcept {
  return type.kind == CKind::float32 || type.kind == CKind::float64;
}

}  // namespace

// --- Registers -----------------------------------------------------------------------------------

/// The calls that fill registers: integers first in the slots, then floating ones.
struct RegisterCall {
#if defined(__x86_64__)
#define COGWAY_INTEGERS(T) T, T, T, T, T, T
#define COGWAY_GIVE_INTEGERS(s) (s)[0].i, (s)[1].i, (s)[2].i, (s)[3].i, (s)[4].i, (s)[5].i
#else
#define COGWAY_INTEGERS(T) T, T, T, T, T, T, T, T
#define COGWAY_GIVE_INTEGERS(s) \
  (s)[0].i, (s)[1].i, (s)[2].i, (s)[3].i, (s)[4].i, (s)[5].i, (s)[6].i, (s)[7].i
#endif
  using Integer = std::int64_t;
  template <typename R>
  using Integers = R (*)(COGWAY_INTEGERS(Integer));
  template <typename R>
  using All = R (*)(COGWAY_INTEGERS(Integer), double, double, double, double, double, double,
                    double, double);

  template <typename R>
  static void give(CSlot& slot, R value) noexcept {
    if constexpr (std::is_same_v<R, float>) {
      slot.f = value;
    } else if constexpr (std::is_same_v<R, double>) {
      slot.d = value;
    } else {
      slot.i = value;
    }
  }
  template <typename R>
  static void integers(const CallInterface&, const void* function, CSlot* s) {
    give<R>(s[0],
            reinterpret_cast<Integers<R>>(const_cast<void*>(function))(COGWAY_GIVE_INTEGERS(s)));
  }
  template <typename R>
  static void all(const CallInterface&, const void* function, CSlot* s) {
    const CSlot* f = s + CallInterface::kIntegers;
    give<R>(s[0], reinterpret_cast<All<R>>(const_cast<void*>(function))(
                      COGWAY_GIVE_INTEGERS(s), f[0].d, f[1].d, f[2].d, f[3].d, f[4].d, f[5].d,
                      f[6].d, f[7].d));
  }
#undef COGWAY_INTEGERS
#undef COGWAY_GIVE_INTEGERS

  /// False: something does not fit.
  static bool make(const CSignature& signature, CallInterface& out) noexcept {
    std::uint32_t integers_used = 0;
    std::uint32_t floats_used = 0;
    for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
      const CType& type = signature.parameters[i].type;
      if (is_float(type)) {
        if (floats_used == CallInterface::kFloats) return false;
        out.places_[i] = static_cast<std::uint8_t>(CallInterface::kIntegers + floats_used++);
      } else if (type.kind != CKind::structure && integers_used < CallInterface::kIntegers) {
        out.places_[i] = static_cast<std::uint8_t>(integers_used++);
      } else {
        return false;
      }
    }
    if (CallInterface::kIntegers == 0) return false;
    const bool floats = floats_used != 0;
    switch (signature.result.kind) {
      case CKind::float32:
        out.call_ = floats ? &all<float> : &integers<float>;
        break;
      case CKind::float64:
        out.call_ = floats ? &all<double> : &integers<double>;
        break;
      default:
        out.call_ = floats ? &all<Integer> : &integers<Integer>;
        break;
    }
    return true;
  }
};

// --- libffi --------------------------------------------------------------------------------------

struct CallInterface::General {
  const Libffi* ffi = nullptr;
  FfiCif cif;  ///< filled by make()
  std::vector<FfiType*> types;
  std::vector<bool> by_address;  ///< structs: the slot has where they are
  std::deque<FfiType> structs;
  std::deque<std::vector<FfiType*>> fields;

  FfiType* type_of(const CType& type) {
    switch (type.kind) {
      case CKind::none:
        return ffi->type_void;
      case CKind::boolean:
      case CKind::uint8:
        return ffi->uint8;
      case CKind::character:
      case CKind::int8:
        return ffi->sint8;
      case CKind::int16:
        return ffi->sint16;
      case CKind::int32:
        return ffi->sint32;
      case CKind::int64:
        return ffi->sint64;
      case CKind::uint16:
        return ffi->uint16;
      case CKind::uint32:
        return ffi->uint32;
      case CKind::uint64:
        return ffi->uint64;
      case CKind::float32:
        return ffi->type_float;
      case CKind::float64:
        return ffi->type_double;
      case CKind::structure: {
        std::vector<FfiType*> members;
        for (const CStruct::Field& field : type.structure->fields) {
          members.insert(members.end(), field.count, type_of(field.type));
        }
        members.push_back(nullptr);
        FfiType& made = structs.emplace_back();
        made.type = Libffi::kStruct;
        made.elements = fields.emplace_back(std::move(members)).data();
        return &made;
      }
      default:
        return ffi->type_pointer;
    }
  }

  static void call(const CallInterface& interface, const void* function, CSlot* slots) {
    const General& self = *interface.general_;
    void* values[kSlots];
    for (std::size_t i = 0; i < self.types.size(); ++i) {
      values[i] = self.by_address[i] ? const_cast<void*>(slots[i].p) : &slots[i];
    }
    CSlot result{};
    self.ffi->call(const_cast<FfiCif*>(&self.cif),
                   reinterpret_cast<void (*)()>(const_cast<void*>(function)), &result, values);
    slots[0] = result;
  }
};

Status CallInterface::make(const CSignature& signature, CallInterface* out) {
  CallInterface made;
  if (RegisterCall::make(signature, made)) {
    *out = std::move(made);
    return {};
  }
  const Libffi* ffi = Libffi::open();
  if (ffi == nullptr) {
    return {StatusCode::unimplemented,
            "'" + signature.text() +
                "' has more arguments than registers, or a struct by value: that takes libffi, "
                "which this machine has not (on Debian: apt install libffi8)"};
  }
  auto general = std::make_shared<General>();
  general->ffi = ffi;
  for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
    const CType& type = signature.parameters[i].type;
    general->types.push_back(general->type_of(type));
    general->by_address.push_back(type.kind == CKind::structure);
    made.places_[i] = static_cast<std::uint8_t>(i);
  }
  const int status = ffi->prep_cif(&general->cif, Libffi::kDefaultAbi,
                                   static_cast<unsigned>(general->types.size()),
                                   general->type_of(signature.result), general->types.data());
  if (status != Libffi::kOk) {
    return {StatusCode::unimplemented,
            "libffi cannot call '" + signature.text() + "' (" + std::to_string(status) + ")"};
  }
  made.general_ = std::move(general);
  made.call_ = &General::call;
  *out = std::move(made);
  return {};
}

}  // namespace cogway
