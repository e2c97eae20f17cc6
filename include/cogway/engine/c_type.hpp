// SPDX-License-Identifier: Apache-2.0
#pragma once
// The C types that a foreign function may take and give: numbers, structs of numbers, and pointers
// to these. Values that describe; not for converting anything.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/bus/dtype.hpp"

namespace cogway {

enum class CKind : std::uint8_t {
  none,  ///< void
  boolean,
  character,  ///< plain char: bytes of text or of anything
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  complex64,   ///< behind pointers only
  complex128,  ///< behind pointers only
  structure,
  pointer,
  named,  ///< a type known by its name alone: behind pointers only
};

struct CStruct;

struct CType {
  CKind kind = CKind::none;
  bool constant = false;                     ///< of what is pointed to: const
  std::shared_ptr<const CType> target;       ///< of a pointer; null: void
  std::shared_ptr<const CStruct> structure;  ///< of a struct
  std::string name;                          ///< of a named one

  [[nodiscard]] bool is_number() const noexcept {
    return kind >= CKind::boolean && kind <= CKind::float64;
  }
  [[nodiscard]] bool is_integer() const noexcept {
    return kind >= CKind::character && kind <= CKind::uint64;
  }
  [[nodiscard]] bool is_signed() const noexcept {
    return kind == CKind::character || (kind >= CKind::int8 && kind <= CKind::int64);
  }
  [[nodiscard]] bool is_pointer() const noexcept { return kind == CKind::pointer; }
  /// A pointer to a type of that name.
  [[nodiscard]] bool points_to(std::string_view wanted) const noexcept;

  /// Bytes and alignment of a value; 0 for void and what is known by name alone.
  [[nodiscard]] std::uint32_t size() const noexcept;
  [[nodiscard]] std::uint32_t alignment() const noexcept;
  /// The element type of a buffer of such values, where the bus has one.
  [[nodiscard]] std::optional<DType> dtype() const noexcept;
  /// In the notation of signatures: "const double*".
  [[nodiscard]] std::string text() const;
};

/// A struct, laid out as C does.
struct CStruct {
  struct Field {
    std::string name;  ///< may be empty
    CType type;        ///< a number or a struct
    std::uint32_t count = 1;
    std::uint32_t offset = 0;
  };
  std::vector<Field> fields;
  std::uint32_t size = 0;
  std::uint32_t alignment = 1;

  /// Appends a field where C puts it.
  void add(std::string name, CType type, std::uint32_t count);
  /// Rounds the size up: no field follows.
  void finish() noexcept { size = (size + alignment - 1) / alignment * alignment; }
};

}  // namespace cogway
