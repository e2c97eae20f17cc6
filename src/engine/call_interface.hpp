// SPDX-License-Identifier: Apache-2.0
#pragma once
// Calling a C function whose signature is known at run time only. Two ways:
//
//   registers  all arguments fit into registers (nearly all functions do). Integer and floating
//              arguments are numbered apart by both calling conventions (System V x86-64, AAPCS64),
//              so that one call that fills every register serves every such signature.
//   libffi     the rest: arguments on the stack, structs by value. Opened when first needed.

#include <cstdint>
#include <memory>

#include "cogway/base/status.hpp"
#include "cogway/engine/c_signature.hpp"

namespace cogway {

/// One argument or result as it lies in a register, or in memory for libffi (little-endian, so that
/// a narrow value begins where a wide one does).
union CSlot {
  std::int64_t i;
  std::uint64_t u;
  double d;
  float f;
  const void* p;
};
static_assert(sizeof(CSlot) == 8);

/// **Threads**: immutable once made. **Ownership**: a value. **Progress**: as the function called.
/// **Order**: none.
class CallInterface {
 public:
#if defined(__x86_64__)
  static constexpr std::uint32_t kIntegers = 6;
#elif defined(__aarch64__)
  static constexpr std::uint32_t kIntegers = 8;
#else
  static constexpr std::uint32_t kIntegers = 0;
#endif
  static constexpr std::uint32_t kFloats = kIntegers == 0 ? 0 : 8;
  static constexpr std::uint32_t kSlots = CSignature::kMaxParameters;

  /// unimplemented: libffi would be needed and is not there, or the types cannot be passed.
  static Status make(const CSignature& signature, CallInterface* out);

  /// Where the value of a parameter goes. Integers are extended to 64 bits; a float lies in the low
  /// half of a zeroed slot; of a struct the slot has the address.
  [[nodiscard]] std::uint32_t slot(std::uint32_t parameter) const noexcept {
    return places_[parameter];
  }
  /// Calls; the result is in slots[0], as far as its type goes. `slots` has kSlots, and those that
  /// no parameter has are to be initialised, to whatever. May throw what the function throws.
  void call(const void* function, CSlot* slots) const { call_(*this, function, slots); }
  [[nodiscard]] bool by_registers() const noexcept { return general_ == nullptr; }

 private:
  struct General;  ///< libffi's
  friend struct RegisterCall;

  void (*call_)(const CallInterface&, const void*, CSlot*) = nullptr;
  std::uint8_t places_[kSlots] = {};
  std::shared_ptr<const General> general_;
};

}  // namespace cogway
