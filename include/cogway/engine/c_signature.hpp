// SPDX-License-Identifier: Apache-2.0
#pragma once
// The signature of a C function, read from text: "double(double, int64)", a C declaration such as
// "void scale(const double* x, double* y, size_t n)", or the name of a Cython capsule. Not a C
// parser: numbers, structs of numbers, and pointers.

#include <string>
#include <string_view>
#include <vector>

#include "cogway/base/status.hpp"
#include "cogway/engine/c_type.hpp"

namespace cogway {

struct CSignature {
  static constexpr std::size_t kMaxParameters = 32;

  struct Parameter {
    CType type;
    std::string name;  ///< may be empty
  };

  CType result;
  std::string name;  ///< of the function; may be empty
  std::vector<Parameter> parameters;
  bool nogil = false;  ///< says so at its end

  /// result ["name"] "(" [type [name] {"," type [name]}] ")" {"noexcept" | "nogil"}
  ///
  /// Numbers: C's, those of stdint.h with or without _t, size_t, ssize_t, ptrdiff_t, intptr_t,
  /// Py_ssize_t, float32, float64, intp, uintp, intc, uintc; complex64, complex128 and any other
  /// name behind a pointer; {type [name], ...} is a struct, laid out as C does.
  /// invalid_argument says what was expected, where.
  static Status parse(std::string_view text, CSignature* out);

  /// Without names, so that equal signatures have equal texts.
  [[nodiscard]] std::string text() const;
};

}  // namespace cogway
