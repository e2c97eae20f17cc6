// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/dimension.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace cogway {
namespace {

constexpr std::size_t kDeepestShape = 16;

/// a // b as Python does: towards minus infinity.
bool floor_divide(std::int64_t a, std::int64_t b, std::int64_t* result) noexcept {
  if (b == 0 || (b == -1 && a == INT64_MIN)) return false;
  *result = a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  return true;
}

}  // namespace

class Dimension::Parser {
 public:
  Parser(std::string_view text, const std::function<std::int32_t(std::string_view)>& variable,
         std::vector<Step>& steps)
      : text_(text), variable_(variable), steps_(steps) {}

  std::string run() {
    if (sum(0) && peek() != '\0') fail("does not end where it should");
    if (fault_.empty() && steps_.size() > kMaxSteps) fail("is too long");
    return fault_;
  }

 private:
  bool sum(std::size_t depth) {
    if (!product(depth)) return false;
    while (peek() == '+' || peek() == '-') {
      const What what = text_[at_++] == '+' ? What::add : What::subtract;
      if (!product(depth)) return false;
      steps_.push_back({what, 0});
    }
    return true;
  }
  bool product(std::size_t depth) {
    if (!factor(depth)) return false;
    for (;;) {
      if (peek() == '*') {
        ++at_;
        if (!factor(depth)) return false;
        steps_.push_back({What::multiply, 0});
      } else if (peek() == '/') {
        if (text_.substr(at_, 2) != "//") return fail("divides with /: use //");
        at_ += 2;
        if (!factor(depth)) return false;
        steps_.push_back({What::divide, 0});
      } else {
        return true;
      }
    }
  }
  bool factor(std::size_t depth) {
    if (depth > kDeepestShape || steps_.size() > kMaxSteps) return fail("is too long");
    const char c = peek();
    if (c == '(') {
      ++at_;
      if (!sum(depth + 1)) return false;
      if (peek() != ')') return fail("lacks a )");
      ++at_;
      return true;
    }
    if (c == '-') {
      ++at_;
      if (!factor(depth + 1)) return false;
      steps_.push_back({What::negate, 0});
      return true;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      std::int64_t number = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
      if (error != std::errc()) return fail("has a number beyond 64 bits");
      at_ += static_cast<std::size_t>(end - begin);
      steps_.push_back({What::number, number});
      return true;
    }
    const std::string_view name = text_.substr(at_, 3) == "..." ? text_.substr(at_, 3) : word();
    if (name.empty()) return fail("needs a name or a number");
    at_ += name.size();
    const std::int32_t place = variable_(name);
    if (place < 0)
      return fail("names '" + std::string(name) + "', which is no dimension or scalar");
    steps_.push_back({What::variable, place});
    return true;
  }

  [[nodiscard]] std::string_view word() const noexcept {
    std::size_t end = at_;
    while (end < text_.size() &&
           (text_[end] == '_' || std::isalnum(static_cast<unsigned char>(text_[end])) != 0)) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }
  char peek() noexcept {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ == text_.size() ? '\0' : text_[at_];
  }
  bool fail(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
    return false;
  }

  std::string_view text_;
  const std::function<std::int32_t(std::string_view)>& variable_;
  std::vector<Step>& steps_;
  std::size_t at_ = 0;
  std::string fault_;
};

Status Dimension::parse(std::string_view text,
                        const std::function<std::int32_t(std::string_view)>& variable,
                        Dimension* out) {
  Dimension parsed;
  parsed.text_ = text;
  const std::string fault = Parser(text, variable, parsed.steps_).run();
  if (!fault.empty()) {
    return {StatusCode::invalid_argument,
            "dimension '" + std::string(text.substr(0, 100)) + "' " + fault};
  }
  *out = std::move(parsed);
  return {};
}

std::optional<std::int64_t> Dimension::evaluate(
    std::span<const std::int64_t> values) const noexcept {
  std::array<std::int64_t, kMaxSteps + 1> stack;
  std::size_t top = 0;
  for (const Step& step : steps_) {
    if (step.what == What::number || step.what == What::variable) {
      stack[top++] =
          step.what == What::number ? step.value : values[static_cast<std::size_t>(step.value)];
      continue;
    }
    std::int64_t& a = stack[step.what == What::negate ? top - 1 : top - 2];
    const std::int64_t b = stack[top - 1];
    bool fits = true;
    switch (step.what) {
      case What::add:
        fits = !__builtin_add_overflow(a, b, &a);
        break;
      case What::subtract:
        fits = !__builtin_sub_overflow(a, b, &a);
        break;
      case What::multiply:
        fits = !__builtin_mul_overflow(a, b, &a);
        break;
      case What::divide:
        fits = floor_divide(a, b, &a);
        break;
      default:
        fits = !__builtin_sub_overflow(std::int64_t{0}, b, &a);
        break;
    }
    if (!fits) return std::nullopt;
    if (step.what != What::negate) --top;
  }
  return stack[0];
}

std::int32_t Dimension::variable() const noexcept {
  const bool is_one = steps_.size() == 1 && steps_[0].what == What::variable;
  return is_one ? static_cast<std::int32_t>(steps_[0].value) : -1;
}

std::optional<std::int64_t> Dimension::constant() const noexcept {
  return last_variable() < 0 ? evaluate({}) : std::nullopt;
}

std::int32_t Dimension::last_variable() const noexcept {
  std::int32_t last = -1;
  for (const Step& step : steps_) {
    if (step.what == What::variable) last = std::max(last, static_cast<std::int32_t>(step.value));
  }
  return last;
}

}  // namespace cogway
