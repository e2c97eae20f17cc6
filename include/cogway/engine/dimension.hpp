// SPDX-License-Identifier: Apache-2.0
#pragma once
// A number that follows from the shapes of a call's inputs and from its scalars: "n", "2*n + 1",
// "..." (how many elements the dimensions have that "..." stands for). Not a language: + - * //,
// brackets, names and whole numbers.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/base/status.hpp"

namespace cogway {

/// **Threads**: immutable once parsed. **Ownership**: a value. **Progress**: evaluate() allocates
/// nothing. **Order**: none.
class Dimension {
 public:
  static constexpr std::size_t kMaxSteps = 32;

  /// `variable` gives a name's place among the values, or -1. invalid_argument says what is wrong.
  static Status parse(std::string_view text,
                      const std::function<std::int32_t(std::string_view)>& variable,
                      Dimension* out);

  /// nullopt: it is beyond 64 bits, or divides by zero.
  [[nodiscard]] std::optional<std::int64_t> evaluate(
      std::span<const std::int64_t> values) const noexcept;

  /// The place of the variable that it is, or -1: it is something else.
  [[nodiscard]] std::int32_t variable() const noexcept;
  /// The number that it is whatever the inputs are.
  [[nodiscard]] std::optional<std::int64_t> constant() const noexcept;
  /// The greatest place of a variable in it, -1: none.
  [[nodiscard]] std::int32_t last_variable() const noexcept;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  enum class What : std::uint8_t { number, variable, add, subtract, multiply, divide, negate };
  struct Step {
    What what = What::number;
    std::int64_t value = 0;  ///< of a number; of a variable its place
  };
  class Parser;

  std::vector<Step> steps_;  ///< in the order of a stack machine
  std::string text_;
};

}  // namespace cogway
