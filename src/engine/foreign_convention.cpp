// SPDX-License-Identifier: Apache-2.0
// What a signature means when nobody says: see the convention in foreign_kernel.hpp.

#include "foreign_compiler.hpp"

namespace cogway {
namespace {

constexpr const char* kSay =
    "; say what each argument is: cogway.kernel(name, f, arguments=[In(...), Out(...), ...])";

Status refuse(const ForeignDeclaration& declaration, const std::string& what) {
  return {StatusCode::invalid_argument, declaration.name + ": " + what + kSay};
}

std::string which(std::size_t i, const CSignature::Parameter& parameter) {
  return "argument " + std::to_string(i) + " (" + parameter.type.text() +
         (parameter.name.empty() ? "" : " " + parameter.name) + ")";
}

}  // namespace

bool is_user_data(const ForeignDeclaration& declaration, std::size_t parameter) noexcept {
  return declaration.user_data && parameter + 1 == declaration.signature.parameters.size();
}

bool is_given_by_engine(const CSignature::Parameter& parameter) noexcept {
  return parameter.type.points_to("cogway_context") || parameter.type.points_to("cogway_host") ||
         parameter.name == "__pyx_skip_dispatch";
}

Status conventional_arguments(const ForeignDeclaration& declaration,
                              std::vector<ForeignArgument>* out) {
  const CSignature& signature = declaration.signature;
  bool pointers = false;
  bool structs = true;  // all that is pointed to
  std::size_t counts = 0;
  for (std::size_t i = 0; i < signature.parameters.size(); ++i) {
    const CSignature::Parameter& parameter = signature.parameters[i];
    const CType& type = parameter.type;
    if (is_given_by_engine(parameter) || is_user_data(declaration, i)) continue;
    ForeignArgument argument;
    if (type.is_pointer()) {
      if (type.target == nullptr || type.target->size() == 0 || type.target->is_pointer()) {
        return refuse(declaration, which(i, parameter) + " points to something of unknown type");
      }
      if (!declaration.knows_const) {
        return refuse(declaration, which(i, parameter) +
                                       " may be an input or an output: its type does not tell");
      }
      argument.role = type.constant ? ForeignArgument::Role::input : ForeignArgument::Role::output;
      argument.shape = {"..."};
      pointers = true;
      structs &= type.target->kind == CKind::structure;
    } else if (type.kind == CKind::structure) {
      argument.role = ForeignArgument::Role::input;
    } else if (pointers && type.is_integer()) {
      argument.role = ForeignArgument::Role::dimension;
      argument.expression = "...";
      if (++counts == 2) {
        return refuse(declaration, which(i, parameter) +
                                       " is the second integer after a pointer: one of them is how "
                                       "many elements there are, but not which");
      }
    } else {
      argument.role = ForeignArgument::Role::scalar;
    }
    out->push_back(std::move(argument));
  }
  if (pointers && counts == 0) {
    if (!structs) {
      return refuse(declaration, "nothing in '" + signature.text() +
                                     "' says how many elements the pointers point to");
    }
    for (ForeignArgument& argument : *out) argument.shape.clear();  // one struct each
  }
  return {};
}

}  // namespace cogway
