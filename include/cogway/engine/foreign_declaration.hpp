// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has to be said of a C function so that it can be called as a kernel: where it is, its
// signature, and what each argument means. Descriptions; see ForeignKernel for the rules.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cogway/engine/c_signature.hpp"
#include "cogway/engine/kernel_owner.hpp"

namespace cogway {

/// What one parameter of the function is given.
struct ForeignArgument {
  enum class Role : std::uint8_t {
    input,      ///< the address of an input's elements, or a struct's value
    output,     ///< the address of an output's elements
    inout,      ///< the same, and an input has been copied there
    scalar,     ///< a number that the caller gives
    dimension,  ///< a number that follows from the inputs
    constant,   ///< always the same number or address
  };
  Role role = Role::input;
  std::string name;     ///< empty: the signature's, or arg0, arg1 …
  std::string element;  ///< of buffers: a dtype's name, a struct "{double x, int32 n}", or empty
  /// Of buffers: dimensions (see dimension.hpp), one of which may be "...": any number of them.
  std::vector<std::string> shape;
  std::string expression;                                    ///< of a dimension
  std::variant<std::monostate, std::int64_t, double> value;  ///< a default, or the constant
};

/// What is done with what the function returns.
enum class ForeignResult : std::uint8_t {
  automatic,  ///< a number is the call's first output; int32(const cogway_call*) gives a status
  status,     ///< 0 is success, all else fails the call
  ignored,
};

struct ForeignDeclaration {
  std::string name;        ///< "mine.scale"
  bool anonymous = false;  ///< not to be found by name; the name is for messages
  bool replace = false;    ///< take the name from whoever has it
  std::string doc;
  std::string pack;  ///< who brought it: "ctypes", "numba" …
  const void* function = nullptr;
  CSignature signature;
  /// One for each parameter, those of type cogway_context* and cogway_host* left out.
  std::vector<ForeignArgument> arguments;
  bool conventional = false;  ///< `arguments` is empty: go by the convention
  /// What a last parameter of type void* is always given, beside `arguments`.
  std::optional<std::int64_t> user_data;
  bool knows_const = true;  ///< the signature says const where it means it
  ForeignResult result = ForeignResult::automatic;
};

}  // namespace cogway
