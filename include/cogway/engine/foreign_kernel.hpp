// SPDX-License-Identifier: Apache-2.0
#pragma once
// A C function that knows nothing of cogway, prepared to be called as a kernel: which register or
// place on the stack gets what of a call. It is a kernel like any other to the engine: run() and
// describe() of kernel_abi.h, with this object as their data.
//
//   1. Inputs are C-contiguous, of the declared element type and shape, or the call is refused
//   where
//      it is made. A parameter of type const cogway_view* gets any strides.
//   2. A name in the shapes of inputs means one number; the first input that has it says which, all
//      others must agree. "..." means the same dimensions wherever it stands.
//   3. Shapes of outputs follow from those names and from integer scalars, so that their bytes are
//      reserved before the call is queued.
//   4. Numbers are checked against the width of their C type, where the call is made.
//   5. An exception that leaves the function is a failure of the call (internal). So is a status
//      other than 0, unless the function knows kernel_abi.h: it is given the context, the host,
//      the call or views. To others 1 is no COGWAY_CANCELLED.
//
// Convention, where no arguments are declared: `const T*` is an input and `T*` an output, all of
// one shape; the one integer after the first pointer is how many elements they have; other numbers
// are scalars. What does not fit, or could mean two things, is refused.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/engine/dimension.hpp"
#include "cogway/engine/foreign_declaration.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

class CallInterface;
union CSlot;

/// **Threads**: immutable once made. **Ownership**: the registry's, for ever; the function is kept
/// by the kernel's owner. **Progress**: describe() is quick, run() as the function. **Order**:
/// none.
class ForeignKernel {
 public:
  /// invalid_argument, unimplemented: what is wrong with the declaration, and what to do.
  static Status make(const ForeignDeclaration& declaration, std::unique_ptr<ForeignKernel>* out);
  ~ForeignKernel();
  ForeignKernel(const ForeignKernel&) = delete;
  ForeignKernel& operator=(const ForeignKernel&) = delete;

  /// What the registry makes a kernel of; points into this object.
  [[nodiscard]] const cogway_kernel& declaration() const noexcept { return kernel_; }
  /// Equal for equal functions with equal arguments, and for no others.
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }

  /// What a caller gives by position, in order: inputs and scalars.
  struct Positional {
    bool scalar = false;
    std::uint32_t index = 0;  ///< of the input or the parameter
  };
  [[nodiscard]] std::span<const Positional> positional() const noexcept { return positional_; }
  /// The struct that an input consists of; nullptr: numbers.
  [[nodiscard]] const CStruct* input_structure(std::size_t input) const noexcept {
    return input < inputs_.size() ? inputs_[input].structure.get() : nullptr;
  }
  /// The first output is one number: what the function returned.
  [[nodiscard]] bool gives_number() const noexcept { return result_ == Result::value; }
  /// Its arguments fit into registers.
  [[nodiscard]] bool by_registers() const noexcept;

 private:
  static constexpr std::size_t kMaxVariables = 24;
  static constexpr std::int32_t kEllipsis = 0;  ///< place of "..." among the variables

  enum class Source : std::uint8_t {
    input_data,
    output_data,
    input_view,
    output_view,
    integer,
    real,
    real32,  ///< a parameter of the kernel
    dimension,
    constant,
    context,
    host,
    call,
  };
  enum class Result : std::uint8_t {
    nothing,
    value,
    code,    ///< 0, or a failure that means nothing to the engine
    status,  ///< a status code of kernel_abi.h
  };

  /// An input or output.
  struct Operand {
    std::string name;
    DType dtype;
    std::shared_ptr<const CStruct> structure;
    std::vector<Dimension> shape;
    std::int32_t ellipsis = -1;  ///< place of "..." in shape
    bool strided = false;        ///< the function gets the view
  };
  /// What one slot of the call interface gets.
  struct Move {
    Source source = Source::constant;
    std::uint8_t slot = 0;
    std::uint32_t index = 0;
    std::int64_t bits = 0;  ///< of a constant
    CType type;             ///< of the parameter
  };
  /// The numbers that names mean in one call.
  struct Values {
    std::array<std::int64_t, kMaxVariables> numbers;
    std::uint32_t known = 0;  ///< bits
    std::uint32_t ellipsis_ndim = 0;
    std::int64_t ellipsis[COGWAY_MAX_NDIM];
  };
  class Compiler;

  ForeignKernel();
  static int32_t describe_entry(const cogway_call* call, cogway_output_spec* outputs);
  static int32_t run_entry(const cogway_call* call);
  int32_t describe(const cogway_call& call, cogway_output_spec* outputs) const;
  int32_t run(const cogway_call& call) const;
  void copy_inouts(const cogway_call& call) const noexcept;
  int32_t settle(const cogway_call& call, const CSlot& result) const;

  bool bind(const cogway_call& call, Values& values, std::string* fault) const;
  bool bind_input(const Operand& operand, const cogway_view& view, Values& values,
                  std::string* fault) const;
  [[nodiscard]] std::string wanted(const Operand& operand) const;

  cogway_kernel kernel_{};
  std::string name_, doc_, text_, identity_;
  const void* function_ = nullptr;
  std::unique_ptr<CallInterface> interface_;
  std::vector<Operand> inputs_, outputs_;
  struct Copied {
    std::uint32_t input = 0, output = 0;
  };
  std::vector<Copied> copied_;             ///< inouts
  std::vector<std::string> names_;         ///< of variables, by place
  std::vector<std::int32_t> variable_of_;  ///< of each scalar; -1: no integer
  std::vector<std::string> param_names_;
  std::vector<cogway_param_spec> params_;
  std::vector<Dimension> dimensions_;
  std::vector<Move> moves_;
  std::vector<Positional> positional_;
  Result result_ = Result::nothing;
  CType result_type_;
};

}  // namespace cogway
