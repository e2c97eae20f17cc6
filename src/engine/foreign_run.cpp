// SPDX-License-Identifier: Apache-2.0
// A call of a foreign function, on the worker.

#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

#include "call_interface.hpp"
#include "cogway/engine/foreign_kernel.hpp"
#include "cogway/engine/kernel_registry.hpp"
#include "cogway/engine/task_context.hpp"
#include "strided_copy.hpp"

namespace cogway {
namespace {

/// What is being handled in a catch (...), in words.
void describe_exception(char* message, std::size_t size) noexcept {
  const std::type_info* type = abi::__cxa_current_exception_type();
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      type == nullptr ? nullptr : abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
      &std::free);
  const char* shown = name != nullptr ? name.get() : "an exception of unknown type";
  try {
    throw;
  } catch (const std::exception& error) {
    std::snprintf(message, size, "it threw %s: %s", shown, error.what());
  } catch (...) {
    std::snprintf(message, size, "it threw %s", shown);
  }
}

/// The low bits of an integer result, which is all that the callee has set.
std::int64_t integer_of(const CType& type, const CSlot& slot) noexcept {
  switch (type.kind) {
    case CKind::boolean:
      return (slot.u & 0xff) != 0 ? 1 : 0;
    case CKind::character:
    case CKind::int8:
      return static_cast<std::int8_t>(slot.i);
    case CKind::uint8:
      return static_cast<std::uint8_t>(slot.i);
    case CKind::int16:
      return static_cast<std::int16_t>(slot.i);
    case CKind::uint16:
      return static_cast<std::uint16_t>(slot.i);
    case CKind::int32:
      return static_cast<std::int32_t>(slot.i);
    case CKind::uint32:
      return static_cast<std::uint32_t>(slot.i);
    default:
      return slot.i;
  }
}

}  // namespace

int32_t ForeignKernel::run_entry(const cogway_call* call) {
  try {
    return static_cast<const ForeignKernel*>(call->data)->run(*call);
  } catch (const abi::__forced_unwind&) {
    throw;  // the thread is being ended: it cannot be kept
  } catch (...) {
    char message[400];
    describe_exception(message, sizeof(message));
    return static_cast<int32_t>(
        TaskContext::from(call->context).fail(StatusCode::internal, message));
  }
}

void ForeignKernel::copy_inouts(const cogway_call& call) const noexcept {
  for (const Copied& copied : copied_) {
    const cogway_view& from = call.inputs[copied.input];
    auto* to = static_cast<std::byte*>(call.outputs[copied.output].data);
    if (from.data != to) copy_strided(from, to);
  }
}

int32_t ForeignKernel::run(const cogway_call& call) const {
  Values values;
  if (!dimensions_.empty()) {
    std::string fault;
    if (!bind(call, values, &fault)) {  // describe() let it pass
      return static_cast<int32_t>(
          TaskContext::from(call.context).fail(StatusCode::internal, fault));
    }
  }
  copy_inouts(call);
  CSlot slots[CallInterface::kSlots] = {};
  for (const Move& move : moves_) {
    CSlot& slot = slots[move.slot];
    switch (move.source) {
      case Source::input_data:
        slot.p = call.inputs[move.index].data;
        break;
      case Source::output_data:
        slot.p = call.outputs[move.index].data;
        break;
      case Source::input_view:
        slot.p = &call.inputs[move.index];
        break;
      case Source::output_view:
        slot.p = &call.outputs[move.index];
        break;
      case Source::integer:
        slot.i = call.params[move.index].as.i;
        break;
      case Source::real:
        slot.d = call.params[move.index].as.f;
        break;
      case Source::real32:
        slot.f = static_cast<float>(call.params[move.index].as.f);
        break;
      case Source::dimension:
        slot.i = dimensions_[move.index].evaluate(values.numbers).value_or(0);
        break;
      case Source::constant:
        slot.i = move.bits;
        break;
      case Source::context:
        slot.p = call.context;
        break;
      case Source::host:
        slot.p = host_table();
        break;
      case Source::call:
        slot.p = &call;
        break;
    }
  }
  interface_->call(function_, slots);
  return settle(call, slots[0]);
}

/// What becomes of what the function returned.
int32_t ForeignKernel::settle(const cogway_call& call, const CSlot& result) const {
  if (result_ == Result::nothing) return COGWAY_OK;
  if (result_ != Result::value) {
    const std::int64_t code = integer_of(result_type_, result);
    const bool known = code >= COGWAY_OK && code <= COGWAY_INTERNAL;
    if (code == COGWAY_OK || (known && result_ == Result::status)) {
      return static_cast<int32_t>(code);
    }
    char message[64];
    std::snprintf(message, sizeof(message), "it returned %lld (0 is success)",
                  static_cast<long long>(code));
    return static_cast<int32_t>(
        TaskContext::from(call.context).fail(StatusCode::internal, message));
  }
  void* const to = call.outputs[0].data;
  switch (result_type_.kind) {
    case CKind::float32:
      *static_cast<float*>(to) = result.f;
      break;
    case CKind::float64:
      *static_cast<double*>(to) = result.d;
      break;
    case CKind::boolean:
      *static_cast<std::uint8_t*>(to) = integer_of(result_type_, result) != 0 ? 1 : 0;
      break;
    case CKind::character:
    case CKind::int8:
    case CKind::uint8:
      *static_cast<std::uint8_t*>(to) = static_cast<std::uint8_t>(result.u);
      break;
    case CKind::int16:
    case CKind::uint16:
      *static_cast<std::uint16_t*>(to) = static_cast<std::uint16_t>(result.u);
      break;
    case CKind::int32:
    case CKind::uint32:
      *static_cast<std::uint32_t*>(to) = static_cast<std::uint32_t>(result.u);
      break;
    default:
      *static_cast<std::uint64_t*>(to) = result.u;
      break;
  }
  return COGWAY_OK;
}

}  // namespace cogway
