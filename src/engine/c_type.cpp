// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/c_type.hpp"

#include <algorithm>
#include <utility>

namespace cogway {
namespace {

struct Entry {
  CKind kind;
  std::uint32_t size;
  std::string_view name;
  DType dtype;
};

constexpr Entry kNumbers[] = {
    {CKind::boolean, 1, "bool", kBool},
    {CKind::character, 1, "char", kUint8},
    {CKind::int8, 1, "int8", kInt8},
    {CKind::int16, 2, "int16", kInt16},
    {CKind::int32, 4, "int32", kInt32},
    {CKind::int64, 8, "int64", kInt64},
    {CKind::uint8, 1, "uint8", kUint8},
    {CKind::uint16, 2, "uint16", kUint16},
    {CKind::uint32, 4, "uint32", kUint32},
    {CKind::uint64, 8, "uint64", kUint64},
    {CKind::float32, 4, "float", kFloat32},
    {CKind::float64, 8, "double", kFloat64},
    {CKind::complex64, 8, "complex64", kComplex64},
    {CKind::complex128, 16, "complex128", kComplex128},
};

const Entry* entry_of(CKind kind) noexcept {
  const auto* found = std::ranges::find(kNumbers, kind, &Entry::kind);
  return found == std::end(kNumbers) ? nullptr : found;
}

}  // namespace

bool CType::points_to(std::string_view wanted) const noexcept {
  return is_pointer() && target != nullptr && target->kind == CKind::named &&
         target->name == wanted;
}

std::uint32_t CType::size() const noexcept {
  if (kind == CKind::pointer) return sizeof(void*);
  if (kind == CKind::structure) return structure->size;
  const Entry* entry = entry_of(kind);
  return entry == nullptr ? 0 : entry->size;
}

std::uint32_t CType::alignment() const noexcept {
  if (kind == CKind::structure) return structure->alignment;
  return kind == CKind::complex64 || kind == CKind::complex128 ? size() / 2 : size();
}

std::optional<DType> CType::dtype() const noexcept {
  const Entry* entry = entry_of(kind);
  return entry == nullptr ? std::nullopt : std::optional(entry->dtype);
}

std::string CType::text() const {
  switch (kind) {
    case CKind::none:
      return "void";
    case CKind::named:
      return name;
    case CKind::pointer: {
      const std::string inner = target == nullptr ? "void" : target->text();
      if (!constant) return inner + "*";
      return inner.ends_with('*') ? inner + " const*" : "const " + inner + "*";
    }
    case CKind::structure: {
      std::string fields;
      for (const CStruct::Field& field : structure->fields) {
        fields += (fields.empty() ? "" : ", ") + field.type.text();
        if (!field.name.empty()) fields += " " + field.name;
        if (field.count != 1) fields.append("[").append(std::to_string(field.count)).append("]");
      }
      return "{" + fields + "}";
    }
    default:
      return std::string(entry_of(kind)->name);
  }
}

void CStruct::add(std::string name, CType type, std::uint32_t count) {
  const std::uint32_t boundary = std::max(type.alignment(), 1u);
  const std::uint32_t at = (size + boundary - 1) / boundary * boundary;
  alignment = std::max(alignment, boundary);
  size = at + type.size() * count;
  fields.push_back({std::move(name), std::move(type), count, at});
}

}  // namespace cogway
