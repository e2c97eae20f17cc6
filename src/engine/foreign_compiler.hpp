// SPDX-License-Identifier: Apache-2.0
#pragma once
// From a declaration to a ForeignKernel: every rule that can be checked before the first call.

#include <string>
#include <string_view>
#include <vector>

#include "call_interface.hpp"
#include "cogway/engine/foreign_kernel.hpp"

namespace cogway {

/// The arguments that the convention gives a signature. invalid_argument when it gives none.
Status conventional_arguments(const ForeignDeclaration& declaration,
                              std::vector<ForeignArgument>* out);
/// A parameter that the engine fills in, and that nobody declares: the context, the host table; the
/// 0 that a cpdef function of Cython has behind its own parameters, which is what a slot begins as.
[[nodiscard]] bool is_given_by_engine(const CSignature::Parameter& parameter) noexcept;
/// The parameter that always gets the declaration's user data.
[[nodiscard]] bool is_user_data(const ForeignDeclaration& declaration,
                                std::size_t parameter) noexcept;

class ForeignKernel::Compiler {
 public:
  Compiler(const ForeignDeclaration& declaration, ForeignKernel& out)
      : declaration_(declaration), out_(out) {}
  Status run();

 private:
  struct Bound {
    const CSignature::Parameter* parameter = nullptr;  ///< null: the function takes the call
    ForeignArgument argument;
    std::uint32_t place = 0;  ///< of the parameter
  };

  void match();
  void name_arguments();
  void find_variables();
  void add_result();
  void add(const Bound& bound);
  void add_buffer(const Bound& bound, bool is_output);
  void add_scalar(const Bound& bound);
  void add_dimension(const Bound& bound);
  void add_constant(const Bound& bound);
  void move(const Bound& bound, Source source, std::uint32_t index);
  void read_element(const Bound& bound, Operand& operand);
  void read_shape(const Bound& bound, Operand& operand, bool is_output);
  void finish();
  [[nodiscard]] std::int32_t variable(std::string_view name) const;
  std::int32_t add_variable(const std::string& name);
  [[nodiscard]] std::string who(const Bound& bound) const;
  [[noreturn]] void refuse(const std::string& what) const;

  const ForeignDeclaration& declaration_;
  ForeignKernel& out_;
  std::vector<Bound> bound_;
  std::uint64_t bound_variables_ = 1;  ///< "..." is known if any input has it
  bool has_ellipsis_ = false;
  bool knows_header_ = false;
  bool takes_call_ = false;
};

}  // namespace cogway
