// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/c_signature.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <utility>

namespace cogway {
namespace {

struct Known {
  std::string_view name;
  CKind kind;
};

// long is 64 bits wide on the systems that cogway supports.
constexpr Known kNames[] = {
    {"void", CKind::none},
    {"bool", CKind::boolean},
    {"_Bool", CKind::boolean},
    {"bint", CKind::int32},
    {"boolean", CKind::boolean},
    {"float", CKind::float32},
    {"double", CKind::float64},
    {"float32", CKind::float32},
    {"float64", CKind::float64},
    {"size_t", CKind::uint64},
    {"ssize_t", CKind::int64},
    {"Py_ssize_t", CKind::int64},
    {"ptrdiff_t", CKind::int64},
    {"intptr_t", CKind::int64},
    {"uintptr_t", CKind::uint64},
    {"intp", CKind::int64},
    {"uintp", CKind::uint64},
    {"intc", CKind::int32},
    {"uintc", CKind::uint32},
    {"int8", CKind::int8},
    {"int16", CKind::int16},
    {"int32", CKind::int32},
    {"int64", CKind::int64},
    {"uint8", CKind::uint8},
    {"uint16", CKind::uint16},
    {"uint32", CKind::uint32},
    {"uint64", CKind::uint64},
    {"int8_t", CKind::int8},
    {"int16_t", CKind::int16},
    {"int32_t", CKind::int32},
    {"int64_t", CKind::int64},
    {"uint8_t", CKind::uint8},
    {"uint16_t", CKind::uint16},
    {"uint32_t", CKind::uint32},
    {"uint64_t", CKind::uint64},
    {"complex64", CKind::complex64},
    {"complex128", CKind::complex128},
};

constexpr std::size_t kDeepest = 8;
constexpr std::uint32_t kLargestArray = 4096;

bool is_letter(char c) noexcept { return c == '_' || std::isalpha(static_cast<unsigned char>(c)); }
bool is_digit(char c) noexcept { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// Words such as "unsigned long int", in any order.
struct IntegerWords {
  bool is_signed = false, is_unsigned = false, is_char = false, is_short = false, is_int = false;
  int longs = 0;

  bool take(std::string_view word) noexcept {
    if (word == "signed") return is_signed = true;
    if (word == "unsigned") return is_unsigned = true;
    if (word == "char") return is_char = true;
    if (word == "short") return is_short = true;
    if (word == "int") return is_int = true;
    if (word == "long") return ++longs, true;
    return false;
  }
  [[nodiscard]] bool any() const noexcept {
    return is_signed || is_unsigned || is_char || is_short || is_int || longs != 0;
  }
  [[nodiscard]] bool possible() const noexcept {
    return !(is_signed && is_unsigned) && longs <= 2 && !(is_char && (is_int || longs != 0)) &&
           !(is_short && (is_char || longs != 0));
  }
  [[nodiscard]] CKind kind() const noexcept {
    if (is_char) {
      return is_signed ? CKind::int8 : is_unsigned ? CKind::uint8 : CKind::character;
    }
    if (is_short) return is_unsigned ? CKind::uint16 : CKind::int16;
    if (longs != 0) return is_unsigned ? CKind::uint64 : CKind::int64;
    return is_unsigned ? CKind::uint32 : CKind::int32;
  }
};

class Parser {
 public:
  explicit Parser(std::string_view text) noexcept : text_(text) {}

  Status run(CSignature* out) {
    if (!type(out->result, 0)) return failure();
    out->name = word();
    if (!expect('(') || !parameters(out->parameters) || !expect(')')) return failure();
    for (std::string_view qualifier = word(); !qualifier.empty(); qualifier = word()) {
      if (qualifier == "nogil") {
        out->nogil = true;
      } else if (qualifier != "noexcept") {
        fail("'noexcept', 'nogil' or the end", at_ - qualifier.size());
        return failure();
      }
    }
    if (!ended()) fail("the end", at_);
    return failure_.empty() ? Status() : failure();
  }

 private:
  bool parameters(std::vector<CSignature::Parameter>& out) {
    if (peek() == ')') return true;
    for (;;) {
      if (out.size() == CSignature::kMaxParameters) return fail("at most 32 parameters", at_);
      CSignature::Parameter& parameter = out.emplace_back();
      const std::size_t began = at_;
      if (!type(parameter.type, 0)) return false;
      parameter.name = word();
      while (peek() == '[') {  // an array is a pointer to its first element
        std::uint32_t count = 0;
        if (!array(count, true)) return false;
        parameter.type = pointer_to(std::move(parameter.type), leading_const_);
      }
      if (parameter.type.kind == CKind::none) {
        if (out.size() == 1 && parameter.name.empty() && peek() == ')') {
          out.clear();  // (void)
          return true;
        }
        return fail("a type that has a value, not void,", began);
      }
      if (parameter.type.kind == CKind::complex64 || parameter.type.kind == CKind::complex128) {
        return fail("a pointer: complex numbers are not passed by value,", began);
      }
      if (peek() != ',') return true;
      ++at_;
    }
  }

  bool type(CType& out, std::size_t depth) {
    if (depth > kDeepest) return fail("structs that are less deep", at_);
    skip();
    const std::size_t began = at_;
    bool constant = false;
    bool read = false;
    IntegerWords integer;
    bool complex = false;
    for (;;) {
      skip();
      if (at_ < text_.size() && text_[at_] == '{') {
        if (read || integer.any()) break;
        if (!structure(out, depth)) return false;
        read = true;
        continue;
      }
      const std::size_t before = at_;
      const std::string_view name = word();
      if (name.empty()) break;
      if (name == "const") {
        constant = true;
      } else if (name == "volatile" || name == "restrict" || name == "__restrict" ||
                 name == "struct" || name == "enum" || (!read && integer.take(name))) {
        continue;
      } else if (name == "complex" || name == "_Complex") {
        complex = true;
      } else if (!read && !integer.any()) {
        named(out, name);
        read = true;
      } else if (integer.longs != 0 && name == "double") {
        return fail("a type other than long double", before);
      } else {
        at_ = before;  // the name of what has this type
        break;
      }
    }
    if (integer.any()) {
      if (!integer.possible()) return fail("an integer type of C", began);
      out.kind = integer.kind();
      read = true;
    }
    if (!read) return fail("a type", began);
    if (complex) {
      out.kind = out.kind == CKind::float32 ? CKind::complex64 : CKind::complex128;
    }
    leading_const_ = constant;
    while (peek() == '*' || peek() == '&') {
      if (text_[at_] == '&') return fail("a pointer, not a reference,", at_);
      ++at_;
      out = pointer_to(std::move(out), constant);
      constant = false;
      for (;;) {  // "* const": what follows a pointer qualifies the pointer itself
        const std::size_t before = at_;
        const std::string_view name = word();
        if (name == "const") {
          constant = true;
        } else if (name != "restrict" && name != "__restrict" && name != "volatile") {
          at_ = before;
          break;
        }
      }
    }
    if (out.kind == CKind::named) {
      return fail("a type that is known, not '" + out.name + "' (a pointer to it may be passed)",
                  began);
    }
    return true;
  }

  static CType pointer_to(CType target, bool constant) {
    CType pointer;
    pointer.kind = CKind::pointer;
    pointer.constant = constant;
    if (target.kind != CKind::none)
      pointer.target = std::make_shared<const CType>(std::move(target));
    return pointer;
  }

  static void named(CType& out, std::string_view name) {
    const auto* known = std::ranges::find(kNames, name, &Known::name);
    out.kind = known == std::end(kNames) ? CKind::named : known->kind;
    if (out.kind == CKind::named) out.name = name;
  }

  bool structure(CType& out, std::size_t depth) {
    ++at_;  // the brace
    auto made = std::make_shared<CStruct>();
    while (peek() != '}') {
      CType field;
      const std::size_t began = at_;
      if (!type(field, depth + 1)) return false;
      if (!field.is_number() && field.kind != CKind::structure) {
        return fail("a number or a struct in a struct", began);
      }
      std::string name(word());
      std::uint32_t count = 1;
      if (peek() == '[' && !array(count, false)) return false;
      made->add(std::move(name), std::move(field), count);
      if (made->size > (1u << 20)) return fail("a smaller struct", began);
      if (peek() == ',' || peek() == ';') {
        ++at_;
      } else if (peek() != '}') {
        return fail("',' or '}'", at_);
      }
    }
    ++at_;
    if (made->fields.empty()) return fail("a struct with a field", at_);
    made->finish();
    out.kind = CKind::structure;
    out.structure = std::move(made);
    return true;
  }

  bool array(std::uint32_t& count, bool may_be_empty) {
    ++at_;  // the bracket
    skip();
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), count);
    if (error == std::errc() && count >= 1 && count <= kLargestArray) {
      at_ += static_cast<std::size_t>(end - begin);
    } else if (!may_be_empty || error != std::errc::invalid_argument) {
      return fail("a number of elements from 1 to 4096", at_);
    }
    return expect(']');
  }

  void skip() noexcept {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  [[nodiscard]] bool ended() noexcept {
    skip();
    return at_ == text_.size();
  }
  [[nodiscard]] char peek() noexcept { return ended() ? '\0' : text_[at_]; }
  std::string_view word() noexcept {
    skip();
    std::size_t end = at_;
    if (end == text_.size() || !is_letter(text_[end])) return {};
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    const std::size_t begin = std::exchange(at_, end);
    return text_.substr(begin, end - begin);
  }
  bool expect(char wanted) {
    if (peek() == wanted) return ++at_, true;
    return fail(std::string("'") + wanted + "'", at_);
  }
  bool fail(const std::string& wanted, std::size_t at) {
    if (failure_.empty()) {
      const std::string_view rest = text_.substr(std::min(at, text_.size()), 24);
      failure_ = "expected " + wanted + " at character " + std::to_string(at + 1) +
                 (rest.empty() ? " (the end)" : " ('" + std::string(rest) + "')");
    }
    return false;
  }
  [[nodiscard]] Status failure() const {
    return {StatusCode::invalid_argument,
            "signature '" + std::string(text_.substr(0, 200)) + "': " + failure_ +
                "; signatures look like \"double(const double* x, int64 n)\""};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool leading_const_ = false;  ///< of the type read last: what an array after it holds
  std::string failure_;
};

}  // namespace

Status CSignature::parse(std::string_view text, CSignature* out) {
  CSignature parsed;
  Status status = Parser(text).run(&parsed);
  if (status.ok() && parsed.result.points_to("PyObject")) {
    return {StatusCode::invalid_argument,
            "signature '" + std::string(text.substr(0, 200)) +
                "' returns a Python object, which needs the GIL: give spawn() the Python function"};
  }
  if (status.ok() &&
      (parsed.result.kind == CKind::structure || parsed.result.is_pointer() ||
       parsed.result.kind == CKind::complex64 || parsed.result.kind == CKind::complex128)) {
    return {StatusCode::invalid_argument, "signature '" + std::string(text.substr(0, 200)) +
                                              "': a function may return a number or nothing; "
                                              "let it write through a pointer"};
  }
  if (status.ok()) *out = std::move(parsed);
  return status;
}

std::string CSignature::text() const {
  std::string list;
  for (const Parameter& parameter : parameters) {
    list += (list.empty() ? "" : ", ") + parameter.type.text();
  }
  return result.text() + "(" + list + ")";
}

}  // namespace cogway
