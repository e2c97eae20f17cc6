// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/params.hpp"

#include <cmath>
#include <cstring>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cogway/engine/kernel.hpp"

namespace cogway {
namespace {

using Value = ParamArgument::Value;

const char* type_name(std::uint32_t type) {
  switch (type) {
    case COGWAY_PARAM_BOOL:
      return "a bool";
    case COGWAY_PARAM_INT:
      return "an int";
    case COGWAY_PARAM_FLOAT:
      return "a float";
    case COGWAY_PARAM_STRING:
      return "a string";
    case COGWAY_PARAM_INTS:
      return "a list of ints";
    case COGWAY_PARAM_FLOATS:
      return "a list of floats";
    default:
      return "one of the choices";
  }
}

std::string choices_of(const cogway_param_spec& spec) {
  std::string text;
  for (const char* const* choice = spec.choices; *choice != nullptr; ++choice) {
    if (!text.empty()) text += ", ";
    text.append("'").append(*choice).append("'");
  }
  return text;
}

template <typename Number>
void show_list(std::ostringstream& text, std::span<const Number> numbers, const char* what) {
  constexpr std::size_t kShown = 8;
  if (numbers.size() > kShown) {
    text << "a list of " << numbers.size() << ' ' << what;
    return;
  }
  const char* separator = "[";
  for (const Number number : numbers) {
    text << separator << number;
    separator = ", ";
  }
  text << (numbers.empty() ? "[]" : "]");
}

std::string shown(const Value& value) {
  std::ostringstream text;
  if (const bool* flag = std::get_if<bool>(&value)) {
    text << (*flag ? "True" : "False");
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    text << *integer;
  } else if (const auto* number = std::get_if<double>(&value)) {
    text << *number;
  } else if (const auto* string = std::get_if<std::string_view>(&value)) {
    text << '\'' << string->substr(0, 80) << '\'';
  } else if (const auto* integers = std::get_if<std::span<const std::int64_t>>(&value)) {
    show_list(text, *integers, "ints");
  } else if (const auto* numbers = std::get_if<std::span<const double>>(&value)) {
    show_list(text, *numbers, "floats");
  }
  return text.str();
}

Status refuse(const Kernel& kernel, const cogway_param_spec& spec, const Value& value,
              const std::string& wanted) {
  return {StatusCode::invalid_argument, "kernel '" + kernel.name() + "': parameter '" + spec.name +
                                            "' must be " + wanted + ", not " + shown(value)};
}

std::string range_of(const cogway_param_spec& spec) {
  std::ostringstream text;
  text << " from " << spec.min_value << " to " << spec.max_value;
  return text.str();
}

bool bounded(const cogway_param_spec& spec) { return spec.min_value != 0 || spec.max_value != 0; }

bool in_range(const cogway_param_spec& spec, double value) {
  return !bounded(spec) || (value >= spec.min_value && value <= spec.max_value);
}

bool length_fits(const cogway_param_spec& spec, std::size_t length) {
  return length >= spec.min_count && (spec.max_count == 0 || length <= spec.max_count) &&
         length <= UINT32_MAX;
}

std::string length_of(const cogway_param_spec& spec) {
  std::string text = " of length " + std::to_string(spec.min_count);
  if (spec.max_count == 0) return text + " or more";
  return spec.max_count == spec.min_count ? text : text + " to " + std::to_string(spec.max_count);
}

/// An integer out of what stands for one; false: it does not.
bool as_int(const Value& value, std::int64_t* out) {
  if (const bool* flag = std::get_if<bool>(&value)) {
    *out = *flag ? 1 : 0;
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    *out = *integer;
  } else if (const auto* number = std::get_if<double>(&value);
             number != nullptr && std::trunc(*number) == *number && std::fabs(*number) < 0x1p63) {
    *out = static_cast<std::int64_t>(*number);
  } else {
    return false;
  }
  return true;
}

bool as_float(const Value& value, double* out) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    *out = static_cast<double>(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    *out = *number;
  } else {
    return false;
  }
  return true;
}

}  // namespace

ParamValues& ParamValues::operator=(const ParamValues& other) noexcept {
  if (this == &other) return *this;
  count_ = other.count_;
  used_ = other.used_;
  block_ = other.block_;
  std::memcpy(inline_.data(), other.inline_.data(), used_);
  for (std::uint32_t i = 0; i < count_; ++i) {
    values_[i] = other.values_[i];
    room_[i] = other.room_[i];
    if (room_[i] == 0 || !other.inside(values_[i].as.s)) continue;
    const auto offset = reinterpret_cast<const std::byte*>(values_[i].as.s) - other.inline_.data();
    values_[i].as.s = reinterpret_cast<const char*>(inline_.data() + offset);
  }
  return *this;
}

bool ParamValues::inside(const void* place) const noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(place);
  const auto begin = reinterpret_cast<std::uintptr_t>(inline_.data());
  return at >= begin && at < begin + kInlineBytes;
}

void* ParamValues::store(std::size_t index, const void* data, std::size_t bytes,
                         std::size_t spare) {
  const std::size_t room = (bytes + spare + 7) & ~std::size_t{7};
  void* place = const_cast<char*>(values_[index].as.s);
  // The place of the value that this one replaces will do, if it is ours alone.
  const bool own = room_[index] != 0 && (inside(place) || block_.use_count() == 1);
  if (!own || room > room_[index]) {
    if (room <= kInlineBytes - used_) {
      place = inline_.data() + used_;
      used_ += static_cast<std::uint32_t>(room);
    } else {
      place = move_out(index, room);
    }
    room_[index] = static_cast<std::uint32_t>(room);
  }
  if (bytes != 0) std::memcpy(place, data, bytes);
  return place;
}

/// A fresh block for all values that do not fit inside, with room for the one at `index`: what
/// copies of these values share is left as it is.
void* ParamValues::move_out(std::size_t index, std::size_t room) {
  const auto moves = [&](std::size_t i) {
    return i != index && room_[i] != 0 && !inside(values_[i].as.s);
  };
  std::size_t total = room;
  for (std::size_t i = 0; i < count_; ++i) total += moves(i) ? room_[i] : 0;
  auto block = std::make_shared<std::byte[]>(total);
  std::byte* next = block.get();
  void* place = next;
  next += room;
  for (std::size_t i = 0; i < count_; ++i) {
    if (!moves(i)) continue;
    std::memcpy(next, values_[i].as.s, room_[i]);
    values_[i].as.s = reinterpret_cast<const char*>(next);
    next += room_[i];
  }
  block_ = std::move(block);
  return place;
}

Status ParamValues::assign(const Kernel& kernel, std::size_t index,
                           const ParamArgument::Value& given) {
  const cogway_param_spec& spec = kernel.params()[index];
  cogway_value value{spec.type, 0, {}};
  switch (spec.type) {
    case COGWAY_PARAM_BOOL: {
      std::int64_t flag = 0;
      if (std::holds_alternative<double>(given) || !as_int(given, &flag) || flag < 0 || flag > 1) {
        return refuse(kernel, spec, given, type_name(spec.type));
      }
      value.as.i = flag;
      break;
    }
    case COGWAY_PARAM_INT:
      if (!as_int(given, &value.as.i)) return refuse(kernel, spec, given, type_name(spec.type));
      if (!in_range(spec, static_cast<double>(value.as.i))) {
        return refuse(kernel, spec, given, type_name(spec.type) + range_of(spec));
      }
      break;
    case COGWAY_PARAM_FLOAT:
      if (!as_float(given, &value.as.f)) return refuse(kernel, spec, given, type_name(spec.type));
      if (!in_range(spec, value.as.f)) {
        return refuse(kernel, spec, given, type_name(spec.type) + range_of(spec));
      }
      break;
    case COGWAY_PARAM_STRING: {
      const auto* text = std::get_if<std::string_view>(&given);
      if (text == nullptr) return refuse(kernel, spec, given, type_name(spec.type));
      if (text->find('\0') != std::string_view::npos) {
        return refuse(kernel, spec, given, "a string without NUL bytes");
      }
      if (!length_fits(spec, text->size())) {
        return refuse(kernel, spec, given, type_name(spec.type) + length_of(spec));
      }
      auto* copy = static_cast<char*>(store(index, text->data(), text->size(), 1));
      copy[text->size()] = '\0';
      value.as.s = copy;
      value.count = static_cast<std::uint32_t>(text->size());
      break;
    }
    case COGWAY_PARAM_INTS: {
      std::int64_t one = 0;
      std::span<const std::int64_t> list;
      std::vector<std::int64_t> converted;
      if (const auto* ints = std::get_if<std::span<const std::int64_t>>(&given)) {
        list = *ints;
      } else if (const auto* floats = std::get_if<std::span<const double>>(&given)) {
        for (double number : *floats) {
          if (!as_int(number, &one)) return refuse(kernel, spec, given, type_name(spec.type));
          converted.push_back(one);
        }
        list = converted;
      } else if (as_int(given, &one)) {
        list = {&one, 1};
      } else {
        return refuse(kernel, spec, given, type_name(spec.type));
      }
      if (!length_fits(spec, list.size())) {
        return refuse(kernel, spec, given, type_name(spec.type) + length_of(spec));
      }
      for (std::int64_t element : list) {
        if (!in_range(spec, static_cast<double>(element))) {
          return refuse(kernel, spec, given, "a list of ints" + range_of(spec));
        }
      }
      value.as.ints =
          static_cast<const std::int64_t*>(store(index, list.data(), list.size_bytes()));
      value.count = static_cast<std::uint32_t>(list.size());
      break;
    }
    case COGWAY_PARAM_FLOATS: {
      double one = 0;
      std::span<const double> list;
      std::vector<double> converted;
      if (const auto* floats = std::get_if<std::span<const double>>(&given)) {
        list = *floats;
      } else if (const auto* ints = std::get_if<std::span<const std::int64_t>>(&given)) {
        converted.assign(ints->begin(), ints->end());
        list = converted;
      } else if (as_float(given, &one)) {
        list = {&one, 1};
      } else {
        return refuse(kernel, spec, given, type_name(spec.type));
      }
      if (!length_fits(spec, list.size())) {
        return refuse(kernel, spec, given, type_name(spec.type) + length_of(spec));
      }
      for (double element : list) {
        if (!in_range(spec, element)) {
          return refuse(kernel, spec, given, "a list of floats" + range_of(spec));
        }
      }
      value.as.floats = static_cast<const double*>(store(index, list.data(), list.size_bytes()));
      value.count = static_cast<std::uint32_t>(list.size());
      break;
    }
    default: {  // CHOICE; Kernel::check() lets no other type in
      std::int64_t chosen = -1;
      std::int64_t count = 0;
      const auto* text = std::get_if<std::string_view>(&given);
      for (const char* const* choice = spec.choices; *choice != nullptr; ++choice, ++count) {
        if (text != nullptr && *text == *choice) chosen = count;
      }
      if (const auto* integer = std::get_if<std::int64_t>(&given);
          integer != nullptr && *integer >= 0 && *integer < count) {
        chosen = *integer;
      }
      if (chosen < 0) return refuse(kernel, spec, given, "one of " + choices_of(spec));
      value.as.i = chosen;
      break;
    }
  }
  values_[index] = value;
  return {};
}

Status ParamValues::begin(const Kernel& kernel, std::span<const ParamArgument> arguments) {
  const auto specs = kernel.params();
  count_ = static_cast<std::uint32_t>(specs.size());
  used_ = 0;
  block_.reset();
  for (std::uint32_t i = 0; i < count_; ++i) {
    values_[i] = specs[i].default_value;
    room_[i] = 0;
  }
  std::uint64_t seen = 0;
  Status status;
  for (const ParamArgument& argument : arguments) {
    const auto index = kernel.param_index(argument.name);
    if (!index) {
      std::string known;
      for (const cogway_param_spec& spec : specs)
        known.append(known.empty() ? "" : ", ") += spec.name;
      status = {StatusCode::invalid_argument,
                "kernel '" + kernel.name() + "' has no parameter '" + std::string(argument.name) +
                    "'" + (known.empty() ? "; it takes none" : "; it takes: " + known)};
      break;
    }
    if ((seen & (std::uint64_t{1} << *index)) != 0) {
      status = {StatusCode::invalid_argument, "kernel '" + kernel.name() + "': parameter '" +
                                                  std::string(argument.name) + "' is given twice"};
      break;
    }
    seen |= std::uint64_t{1} << *index;
    if (std::holds_alternative<std::monostate>(argument.value)) continue;
    status = assign(kernel, *index, argument.value);
    if (!status.ok()) break;
  }
  if (!status.ok()) count_ = 0;
  return status;
}

Status ParamValues::complete(const Kernel& kernel) const {
  const auto specs = kernel.params();
  for (std::uint32_t i = 0; i < count_; ++i) {
    if ((specs[i].flags & COGWAY_PARAM_REQUIRED) != 0 && values_[i].type == 0) {
      return {StatusCode::invalid_argument, "kernel '" + kernel.name() + "' needs parameter '" +
                                                specs[i].name + "' (" + type_name(specs[i].type) +
                                                ")"};
    }
  }
  return {};
}

Status ParamValues::normalize(const Kernel& kernel, std::span<const ParamArgument> arguments) {
  Status status = begin(kernel, arguments);
  if (status.ok()) status = complete(kernel);
  if (!status.ok()) count_ = 0;
  return status;
}

Status ParamValues::set(const Kernel& kernel, const ParamArgument& argument) {
  const auto index = kernel.param_index(argument.name);
  if (!index || count_ != kernel.params().size()) {
    return {StatusCode::invalid_argument,
            "kernel '" + kernel.name() + "' has no parameter '" + std::string(argument.name) + "'"};
  }
  return set(kernel, *index, argument.value);
}

Status ParamValues::set(const Kernel& kernel, std::size_t index,
                        const ParamArgument::Value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    const cogway_param_spec& spec = kernel.params()[index];
    if ((spec.flags & COGWAY_PARAM_REQUIRED) != 0) {
      return refuse(kernel, spec, value, type_name(spec.type) + std::string(" (required)"));
    }
    values_[index] = spec.default_value;
    room_[index] = 0;
    return {};
  }
  return assign(kernel, index, value);
}

}  // namespace cogway
