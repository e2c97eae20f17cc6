// SPDX-License-Identifier: Apache-2.0
// The buffers of a declaration: what they consist of, what shape they have.

#include <utility>

#include "cogway/kernel_abi.h"
#include "foreign_compiler.hpp"

namespace cogway {
namespace {

using Role = ForeignArgument::Role;

/// Whether elements of that type may lie behind that pointer.
bool fits_behind(DType dtype, const CType& pointer) noexcept {
  if (pointer.target == nullptr) return true;
  const CType& target = *pointer.target;
  if (target.kind == CKind::character || target.kind == CKind::uint8 ||
      target.kind == CKind::named) {
    return true;
  }
  if (dtype == kFloat16 || dtype == kBfloat16) return target.kind == CKind::uint16;
  return target.dtype() == dtype;
}

}  // namespace

void ForeignKernel::Compiler::add_buffer(const Bound& bound, bool is_output) {
  const CType* type = bound.parameter == nullptr ? nullptr : &bound.parameter->type;
  const bool by_value = type != nullptr && type->kind == CKind::structure;
  const bool view = type != nullptr && type->points_to("cogway_view");
  if (type != nullptr && !type->is_pointer() && (!by_value || is_output)) {
    refuse(who(bound) + " is no pointer, so it cannot be a buffer");
  }
  if (type != nullptr && is_output && type->constant && !view) {
    refuse(who(bound) + " points to const, so it cannot be an output");
  }
  Operand operand;
  operand.name = bound.argument.name;
  operand.strided = view || type == nullptr;
  read_element(bound, operand);
  const bool has_input = bound.argument.role != Role::output;
  read_shape(bound, operand, !has_input);
  if (by_value && !operand.shape.empty()) refuse(who(bound) + " is one struct: it has no shape");
  if (has_input) {
    if (out_.inputs_.size() == COGWAY_MAX_BUFFERS) refuse("has more than 8 inputs");
    const auto index = static_cast<std::uint32_t>(out_.inputs_.size());
    out_.positional_.push_back({false, index});
    out_.inputs_.push_back(operand);
    if (!is_output) move(bound, view ? Source::input_view : Source::input_data, index);
  }
  if (!is_output) return;
  if (out_.outputs_.size() == COGWAY_MAX_BUFFERS) refuse("has more than 8 outputs");
  const auto index = static_cast<std::uint32_t>(out_.outputs_.size());
  if (has_input) {
    out_.inputs_.back().strided = true;  // it is copied
    out_.copied_.push_back({static_cast<std::uint32_t>(out_.inputs_.size() - 1), index});
  }
  out_.outputs_.push_back(std::move(operand));
  move(bound, view ? Source::output_view : Source::output_data, index);
}

void ForeignKernel::Compiler::read_element(const Bound& bound, Operand& operand) {
  const CType* type = bound.parameter == nullptr ? nullptr : &bound.parameter->type;
  const std::string& element = bound.argument.element;
  const auto take = [&](const CType& of) {
    operand.structure = of.structure;
    if (operand.structure != nullptr) operand.dtype = kUint8;
  };
  if (type != nullptr && type->kind == CKind::structure) return take(*type);
  if (element.starts_with('{')) {
    CSignature holder;  // a struct's text is read as the parameter of a function
    if (Status status = CSignature::parse("void(const " + element + "*)", &holder); !status.ok()) {
      refuse(who(bound) + ": " + status.message());
    }
    take(*holder.parameters[0].type.target);
    if (type != nullptr && type->target != nullptr && type->target->kind == CKind::structure &&
        type->target->size() != operand.structure->size) {
      refuse(who(bound) + " points to structs of another size than " + element);
    }
    return;
  }
  if (!element.empty()) {
    const std::optional<DType> dtype = DType::parse(element);
    if (!dtype) refuse(who(bound) + ": '" + element + "' is no dtype");
    if (type != nullptr && !fits_behind(*dtype, *type)) {
      refuse(who(bound) + " does not point to " + element);
    }
    operand.dtype = *dtype;
    return;
  }
  if (type != nullptr && type->target != nullptr) {
    if (type->target->kind == CKind::structure) return take(*type->target);
    if (const auto dtype = type->target->dtype()) {
      operand.dtype = *dtype;
      return;
    }
  }
  refuse(who(bound) + " does not say what it points to: give its dtype, as in In(\"float64\")");
}

void ForeignKernel::Compiler::read_shape(const Bound& bound, Operand& operand, bool is_output) {
  for (const std::string& text : bound.argument.shape) {
    Dimension dimension;
    if (Status status = Dimension::parse(
            text, [&](std::string_view name) { return variable(name); }, &dimension);
        !status.ok()) {
      refuse(who(bound) + ": " + status.message());
    }
    if (text == "...") {
      if (operand.ellipsis >= 0) refuse(who(bound) + " has '...' twice");
      operand.ellipsis = static_cast<std::int32_t>(operand.shape.size());
    }
    operand.shape.push_back(std::move(dimension));
  }
  const std::size_t most = COGWAY_MAX_NDIM - (operand.structure != nullptr ? 1 : 0);
  if (operand.shape.size() > most) refuse(who(bound) + " has more than 8 dimensions");
  if (is_output && operand.ellipsis >= 0 && !has_ellipsis_) {
    refuse(who(bound) + " has the shape of an input, but there is no input with '...'");
  }
}

}  // namespace cogway
