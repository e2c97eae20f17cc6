// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/dtype.hpp"

#include <array>
#include <bit>

namespace cogway {
namespace {

static_assert(std::endian::native == std::endian::little, "cogway supports little-endian machines");

struct Entry {
  DType dtype;
  std::string_view name;
  std::string_view format;
  std::string_view typestr;
};

constexpr std::array kEntries{
    Entry{kBool, "bool", "?", "|b1"},
    Entry{kInt8, "int8", "b", "|i1"},
    Entry{kInt16, "int16", "h", "<i2"},
    Entry{kInt32, "int32", "i", "<i4"},
    Entry{kInt64, "int64", "q", "<i8"},
    Entry{kUint8, "uint8", "B", "|u1"},
    Entry{kUint16, "uint16", "H", "<u2"},
    Entry{kUint32, "uint32", "I", "<u4"},
    Entry{kUint64, "uint64", "Q", "<u8"},
    Entry{kFloat16, "float16", "e", "<f2"},
    Entry{kFloat32, "float32", "f", "<f4"},
    Entry{kFloat64, "float64", "d", "<f8"},
    Entry{kBfloat16, "bfloat16", "", ""},
    Entry{kComplex64, "complex64", "Zf", "<c8"},
    Entry{kComplex128, "complex128", "Zd", "<c16"},
};

struct Alias {
  std::string_view name;
  DType dtype;
};
constexpr std::array kAliases{
    Alias{"bool_", kBool},    Alias{"byte", kInt8},      Alias{"half", kFloat16},
    Alias{"float", kFloat64}, Alias{"double", kFloat64}, Alias{"int", kInt64},
};

const Entry* find(DType dtype) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.dtype == dtype) return &entry;
  }
  return nullptr;
}

}  // namespace

bool DType::supported() const noexcept { return find(*this) != nullptr; }

std::string_view DType::name() const noexcept {
  const Entry* entry = find(*this);
  return entry == nullptr ? std::string_view{} : entry->name;
}

std::string_view DType::format() const noexcept {
  const Entry* entry = find(*this);
  return entry == nullptr ? std::string_view{} : entry->format;
}

std::string_view DType::typestr() const noexcept {
  const Entry* entry = find(*this);
  return entry == nullptr ? std::string_view{} : entry->typestr;
}

std::optional<DType> DType::parse(std::string_view name) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.dtype;
  }
  for (const Alias& alias : kAliases) {
    if (alias.name == name) return alias.dtype;
  }
  return std::nullopt;
}

std::optional<DType> DType::parse_format(std::string_view format) noexcept {
  // C long is 8 bytes here, but 4 where standard sizes are asked for.
  bool standard = false;
  if (!format.empty() && (format[0] == '@' || format[0] == '=' || format[0] == '<')) {
    standard = format[0] != '@';
    format.remove_prefix(1);
  }
  for (const Entry& entry : kEntries) {
    if (!entry.format.empty() && entry.format == format) return entry.dtype;
  }
  if (format == "l") return standard ? kInt32 : kInt64;
  if (format == "L") return standard ? kUint32 : kUint64;
  if (format == "c") return kUint8;
  if (format == "n" && !standard) return kInt64;
  if (format == "N" && !standard) return kUint64;
  return std::nullopt;
}

}  // namespace cogway
