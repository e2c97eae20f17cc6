// SPDX-License-Identifier: Apache-2.0
#include "foreign_compiler.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "cogway/engine/params.hpp"
#include "integer_range.hpp"

namespace cogway {
namespace {

using Role = ForeignArgument::Role;

/// What is wrong with a declaration, on its way out of the compiler.
struct Refusal : std::exception {
  explicit Refusal(Status what_is) : status(std::move(what_is)) {}
  [[nodiscard]] const char* what() const noexcept override { return status.message().c_str(); }
  Status status;
};

}  // namespace

void ForeignKernel::Compiler::refuse(const std::string& what) const {
  throw Refusal({StatusCode::invalid_argument, declaration_.name + ": " + what});
}

std::string ForeignKernel::Compiler::who(const Bound& bound) const {
  std::string text = "argument '" + bound.argument.name + "'";
  if (bound.parameter != nullptr) text += " (" + bound.parameter->type.text() + ")";
  return text;
}

std::int32_t ForeignKernel::Compiler::variable(std::string_view name) const {
  const auto found = std::ranges::find(out_.names_, name);
  return found == out_.names_.end() ? -1 : static_cast<std::int32_t>(found - out_.names_.begin());
}

std::int32_t ForeignKernel::Compiler::add_variable(const std::string& name) {
  if (const std::int32_t known = variable(name); known >= 0) return known;
  if (out_.names_.size() == kMaxVariables) refuse("has more than 24 dimensions and scalars");
  out_.names_.push_back(name);
  return static_cast<std::int32_t>(out_.names_.size() - 1);
}

Status ForeignKernel::Compiler::run() {
  try {
    match();
    name_arguments();
    find_variables();
    auto interface = std::make_unique<CallInterface>();
    if (Status status = CallInterface::make(declaration_.signature, interface.get());
        !status.ok()) {
      return {status.code(), declaration_.name + ": " + status.message()};
    }
    out_.interface_ = std::move(interface);
    add_result();
    for (const Bound& bound : bound_) add(bound);
    finish();
    return {};
  } catch (const Refusal& refusal) {
    return refusal.status;
  }
}

/// Pairs arguments with parameters.
void ForeignKernel::Compiler::match() {
  for (const CSignature::Parameter& parameter : declaration_.signature.parameters) {
    if (parameter.type.points_to("PyObject")) {
      refuse("'" + declaration_.signature.text() +
             "' takes a Python object, which needs the GIL: give spawn() the Python function");
    }
  }
  std::vector<ForeignArgument> arguments = declaration_.arguments;
  if (declaration_.conventional) {
    if (Status status = conventional_arguments(declaration_, &arguments); !status.ok()) {
      throw Refusal(std::move(status));
    }
  }
  const auto& parameters = declaration_.signature.parameters;
  if (declaration_.user_data) {
    if (parameters.empty() || !parameters.back().type.is_pointer()) {
      refuse("there is user data, but the last parameter of '" + declaration_.signature.text() +
             "' is no pointer to take it");
    }
    ForeignArgument& argument = arguments.emplace_back();
    argument.role = Role::constant;
    argument.name = "user_data";
    argument.value = *declaration_.user_data;
  }
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    const CType& type = parameters[i].type;
    if (type.points_to("cogway_call")) takes_call_ = true;
    for (const char* name : {"cogway_call", "cogway_context", "cogway_host", "cogway_view"}) {
      knows_header_ |= type.points_to(name);
    }
  }
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    const CType& type = parameters[i].type;
    if (is_given_by_engine(parameters[i]) || type.points_to("cogway_call")) continue;
    if (takes_call_) refuse("a function of a cogway_call takes nothing beside it");
    if (next == arguments.size()) break;
    bound_.push_back({&parameters[i], std::move(arguments[next++]), i});
  }
  if (takes_call_) {
    for (ForeignArgument& argument : arguments) bound_.push_back({nullptr, std::move(argument), 0});
    return;
  }
  const auto wanted = std::ranges::count_if(
      parameters, [](const auto& parameter) { return !is_given_by_engine(parameter); });
  if (static_cast<std::size_t>(wanted) != arguments.size()) {
    refuse("'" + declaration_.signature.text() + "' has " + std::to_string(wanted) +
           " parameters to be given, arguments= describes " + std::to_string(arguments.size()));
  }
}

void ForeignKernel::Compiler::name_arguments() {
  for (Bound& bound : bound_) {
    if (bound.argument.name.empty() && bound.parameter != nullptr) {
      bound.argument.name = bound.parameter->name;
    }
    if (bound.argument.name.empty())
      bound.argument.name = "arg" + std::to_string(&bound - bound_.data());
    for (const Bound* other = bound_.data(); other != &bound; ++other) {
      if (other->argument.name == bound.argument.name) {
        refuse("two arguments are called '" + bound.argument.name + "'");
      }
    }
  }
}

/// Names in inputs' shapes and integer scalars, in the order in which they come to be known.
void ForeignKernel::Compiler::find_variables() {
  out_.names_ = {"..."};
  for (const Bound& bound : bound_) {
    const bool integer = bound.parameter == nullptr || bound.parameter->type.is_integer();
    if (bound.argument.role == Role::scalar && integer) add_variable(bound.argument.name);
  }
  for (const Bound& bound : bound_) {
    if (bound.argument.role != Role::input && bound.argument.role != Role::inout) continue;
    for (const std::string& dimension : bound.argument.shape) {
      const bool name = !dimension.empty() && std::ranges::all_of(dimension, [](char c) {
        return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
      });
      if (name && std::isdigit(static_cast<unsigned char>(dimension[0])) == 0) {
        add_variable(dimension);
      }
      has_ellipsis_ |= dimension == "...";
    }
  }
}

void ForeignKernel::Compiler::add_result() {
  const CType& type = declaration_.signature.result;
  out_.result_type_ = type;
  switch (declaration_.result) {
    case ForeignResult::ignored:
      return;
    case ForeignResult::status:
      if (!type.is_integer()) {
        refuse("a status is an integer (0: success), but the function returns " + type.text());
      }
      out_.result_ = knows_header_ ? Result::status : Result::code;
      return;
    case ForeignResult::automatic:
      break;
  }
  if (takes_call_) {
    if (type.kind != CKind::int32) refuse("a function of a cogway_call returns int32, its status");
    out_.result_ = Result::status;
  } else if (type.is_number()) {
    out_.result_ = Result::value;
    Operand& result = out_.outputs_.emplace_back();
    result.name = "result";
    result.dtype = type.dtype().value_or(kInt8);
    if (type.kind == CKind::character) result.dtype = kInt8;
  }
}

void ForeignKernel::Compiler::add(const Bound& bound) {
  switch (bound.argument.role) {
    case Role::input:
      return add_buffer(bound, false);
    case Role::output:
    case Role::inout:
      return add_buffer(bound, true);
    case Role::scalar:
      return add_scalar(bound);
    case Role::dimension:
      return add_dimension(bound);
    case Role::constant:
      return add_constant(bound);
  }
}

void ForeignKernel::Compiler::move(const Bound& bound, Source source, std::uint32_t index) {
  if (bound.parameter == nullptr) return;
  out_.moves_.push_back({source, static_cast<std::uint8_t>(out_.interface_->slot(bound.place)),
                         index, 0, bound.parameter->type});
}

void ForeignKernel::Compiler::add_scalar(const Bound& bound) {
  const CType* type = bound.parameter == nullptr ? nullptr : &bound.parameter->type;
  const ForeignArgument& argument = bound.argument;
  if (type != nullptr && !type->is_number()) {
    refuse(who(bound) + " is no number, so it cannot be a scalar");
  }
  if (out_.params_.size() == ParamValues::kMaxParams) refuse("has more than 32 scalars");
  const bool real = type != nullptr ? type->kind == CKind::float32 || type->kind == CKind::float64
                                    : std::holds_alternative<double>(argument.value);
  cogway_param_spec spec{};
  spec.size = sizeof(spec);
  spec.type = real ? COGWAY_PARAM_FLOAT : COGWAY_PARAM_INT;
  if (type != nullptr && type->kind == CKind::boolean) spec.type = COGWAY_PARAM_BOOL;
  if (spec.type == COGWAY_PARAM_INT && type != nullptr) {
    const IntegerRange range = IntegerRange::of(*type);
    if (!range.is_all()) {
      spec.min_value = static_cast<double>(range.least);
      spec.max_value = static_cast<double>(range.greatest);
    }
  }
  spec.default_value.type = spec.type;
  if (const auto* integer = std::get_if<std::int64_t>(&argument.value)) {
    if (real) {
      spec.default_value.as.f = static_cast<double>(*integer);
    } else {
      spec.default_value.as.i = *integer;
    }
  } else if (const auto* number = std::get_if<double>(&argument.value)) {
    if (!real) refuse(who(bound) + " is an integer, its default is not");
    spec.default_value.as.f = *number;
  } else {
    spec.default_value.type = 0;
    spec.flags = COGWAY_PARAM_REQUIRED;
  }
  const auto index = static_cast<std::uint32_t>(out_.params_.size());
  out_.params_.push_back(spec);
  out_.param_names_.push_back(argument.name);
  out_.positional_.push_back({true, index});
  const std::int32_t place = real ? -1 : variable(argument.name);
  out_.variable_of_.push_back(place);
  const bool narrow = type != nullptr && type->kind == CKind::float32;
  move(bound, real ? (narrow ? Source::real32 : Source::real) : Source::integer, index);
}

void ForeignKernel::Compiler::add_dimension(const Bound& bound) {
  if (bound.parameter == nullptr || !bound.parameter->type.is_integer()) {
    refuse(who(bound) + " is no integer, so it cannot be a dimension");
  }
  Dimension dimension;
  if (Status status = Dimension::parse(
          bound.argument.expression, [&](std::string_view name) { return variable(name); },
          &dimension);
      !status.ok()) {
    refuse(who(bound) + ": " + status.message());
  }
  if (!has_ellipsis_ && bound.argument.expression.find("...") != std::string::npos) {
    refuse(who(bound) + ": there is no input with '...'");
  }
  move(bound, Source::dimension, static_cast<std::uint32_t>(out_.dimensions_.size()));
  out_.dimensions_.push_back(std::move(dimension));
}

void ForeignKernel::Compiler::add_constant(const Bound& bound) {
  if (bound.parameter == nullptr) refuse("a function of a cogway_call takes no constants");
  const CType& type = bound.parameter->type;
  CSlot slot{};
  if (const auto* integer = std::get_if<std::int64_t>(&bound.argument.value)) {
    if (type.is_integer() || type.kind == CKind::boolean) {
      if (!IntegerRange::of(type).has(*integer)) {
        refuse(who(bound) + " cannot hold " + std::to_string(*integer));
      }
      slot.i = *integer;
    } else if (type.is_pointer()) {
      slot.i = *integer;
    } else if (type.kind == CKind::float64) {
      slot.d = static_cast<double>(*integer);
    } else if (type.kind == CKind::float32) {
      slot.f = static_cast<float>(*integer);
    } else {
      refuse(who(bound) + " takes no number");
    }
  } else if (const auto* number = std::get_if<double>(&bound.argument.value)) {
    if (type.kind == CKind::float64) {
      slot.d = *number;
    } else if (type.kind == CKind::float32) {
      slot.f = static_cast<float>(*number);
    } else {
      refuse(who(bound) + " is an integer, the constant is not");
    }
  }
  move(bound, Source::constant, 0);
  out_.moves_.back().bits = slot.i;
}

void ForeignKernel::Compiler::finish() {
  const auto& parameters = declaration_.signature.parameters;
  for (std::uint32_t i = 0; i < parameters.size(); ++i) {
    const CType& type = parameters[i].type;
    const auto slot = static_cast<std::uint8_t>(out_.interface_->slot(i));
    if (type.points_to("cogway_context"))
      out_.moves_.push_back({Source::context, slot, 0, 0, type});
    if (type.points_to("cogway_host")) out_.moves_.push_back({Source::host, slot, 0, 0, type});
    if (type.points_to("cogway_call")) out_.moves_.push_back({Source::call, slot, 0, 0, type});
  }
  for (std::size_t i = 0; i < out_.params_.size(); ++i) {
    out_.params_[i].name = out_.param_names_[i].c_str();
  }
  // For people, and to tell equal from different.
  std::string inputs, outputs;
  std::string identity = std::to_string(std::bit_cast<std::uintptr_t>(declaration_.function)) +
                         " " + declaration_.signature.text() + " " +
                         std::to_string(static_cast<int>(out_.result_));
  for (const ForeignKernel::Positional& given : out_.positional_) {
    if (!inputs.empty()) inputs += ", ";
    inputs +=
        given.scalar ? out_.param_names_[given.index] : out_.wanted(out_.inputs_[given.index]);
  }
  for (const Operand& output : out_.outputs_) {
    if (!outputs.empty()) outputs += ", ";
    outputs += out_.wanted(output);
  }
  out_.text_ = "(" + inputs + ") -> " + (outputs.empty() ? "()" : outputs);
  identity += " " + out_.text_;
  for (const Move& each : out_.moves_) {
    identity += "|" + std::to_string(static_cast<int>(each.source)) + "," +
                std::to_string(each.slot) + "," + std::to_string(each.index) + "," +
                std::to_string(each.bits);
  }
  for (const Dimension& dimension : out_.dimensions_) identity += ";" + dimension.text();
  for (const cogway_param_spec& spec : out_.params_) {
    identity += ";" + std::to_string(spec.type) + "," + std::to_string(spec.default_value.type) +
                "," + std::to_string(spec.default_value.as.i);
  }
  out_.identity_ = declaration_.anonymous ? "()" : declaration_.name + " ";
  out_.identity_ += identity;
  out_.name_ = declaration_.name;
  out_.doc_ = declaration_.doc.empty() ? declaration_.signature.text() : declaration_.doc;
  out_.function_ = declaration_.function;
  cogway_kernel& kernel = out_.kernel_;
  kernel.size = sizeof(kernel);
  kernel.name = out_.name_.c_str();
  kernel.doc = out_.doc_.c_str();
  kernel.signature = out_.text_.c_str();
  kernel.min_inputs = kernel.max_inputs = static_cast<std::uint32_t>(out_.inputs_.size());
  kernel.n_outputs = static_cast<std::uint32_t>(out_.outputs_.size());
  kernel.n_params = static_cast<std::uint32_t>(out_.params_.size());
  kernel.params = out_.params_.data();
  const bool checks = !out_.inputs_.empty() || !out_.outputs_.empty() || !out_.dimensions_.empty();
  kernel.describe = checks ? &ForeignKernel::describe_entry : nullptr;
  kernel.run = &ForeignKernel::run_entry;
  kernel.data = &out_;
}

ForeignKernel::ForeignKernel() = default;
ForeignKernel::~ForeignKernel() = default;

bool ForeignKernel::by_registers() const noexcept { return interface_->by_registers(); }

Status ForeignKernel::make(const ForeignDeclaration& declaration,
                           std::unique_ptr<ForeignKernel>* out) {
  if (declaration.function == nullptr) {
    return {StatusCode::invalid_argument, declaration.name + ": the address is 0"};
  }
  std::unique_ptr<ForeignKernel> made(new ForeignKernel());
  Status status = Compiler(declaration, *made).run();
  if (status.ok()) *out = std::move(made);
  return status;
}

}  // namespace cogway
