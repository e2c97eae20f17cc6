// SPDX-License-Identifier: Apache-2.0
// Memory of structs made into native buffers: of bytes, one more dimension as long as a struct.

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>

#include "cogway/python/compat.hpp"
#include "module/lend.hpp"

namespace cogway {
namespace {

/// The fields of a struct one after the other, one letter each: b bool, i signed, u unsigned, f
/// floating. Widths follow from the size of the whole.
void add_fields(const CStruct& structure, std::string& out) {
  for (const CStruct::Field& field : structure.fields) {
    for (std::uint32_t i = 0; i < field.count; ++i) {
      const CType& type = field.type;
      if (type.kind == CKind::structure) {
        add_fields(*type.structure, out);
      } else if (type.kind == CKind::boolean) {
        out += 'b';
      } else if (!type.is_integer()) {
        out += 'f';
      } else {
        out += type.is_signed() && type.kind != CKind::character ? 'i' : 'u';
      }
    }
  }
}

/// The same of a format of PEP 3118, "T{d:x:(2)i:n:4x}". False: there is something else in it.
class FormatReader {
 public:
  explicit FormatReader(std::string_view format) noexcept : format_(format) {}
  bool run(std::string& out) { return item(out, 1) && at_ == format_.size(); }

 private:
  static constexpr std::size_t kMost = 1 << 16;

  bool item(std::string& out, std::size_t count) {
    if (!take('T') || !take('{')) return false;
    std::string fields;
    while (at_ < format_.size() && format_[at_] != '}') {
      if (!field(fields)) return false;
    }
    if (!take('}')) return false;
    return repeat(fields, count, out);
  }
  bool field(std::string& out) {
    std::size_t count = 1;
    if (take('(')) {  // the shape of an array
      do {
        count *= number();
      } while (take(','));
      if (!take(')')) return false;
    }
    while (at_ < format_.size() &&
           std::string_view("<=@").find(format_[at_]) != std::string::npos) {
      ++at_;
    }
    if (at_ < format_.size() && std::isdigit(static_cast<unsigned char>(format_[at_])) != 0) {
      count *= number();
    }
    if (at_ == format_.size() || count > kMost) return false;
    const char code = format_[at_];
    if (code == 'T') {
      if (!item(out, count)) return false;
    } else {
      ++at_;
      if (code != 'x' && !repeat(letter(code), count, out)) return false;
    }
    if (!take(':')) return true;
    while (at_ < format_.size() && format_[at_] != ':') ++at_;  // its name
    return take(':');
  }
  static std::string letter(char code) {
    if (code == '?') return "b";
    if (std::string_view("bhilqn").find(code) != std::string::npos) return "i";
    if (std::string_view("cBHILQN").find(code) != std::string::npos) return "u";
    return std::string_view("efd").find(code) != std::string::npos ? "f" : "!";
  }
  static bool repeat(const std::string& fields, std::size_t count, std::string& out) {
    if (count > kMost || fields.size() * count > kMost || fields == "!") return false;
    for (std::size_t i = 0; i < count; ++i) out += fields;
    return true;
  }
  std::size_t number() noexcept {
    std::size_t value = 0;
    while (at_ < format_.size() && std::isdigit(static_cast<unsigned char>(format_[at_])) != 0) {
      value =
          std::min<std::size_t>(value * 10 + static_cast<std::size_t>(format_[at_++] - '0'), kMost);
    }
    return value;
  }
  bool take(char wanted) noexcept {
    if (at_ == format_.size() || format_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  std::string_view format_;
  std::size_t at_ = 0;
};

}  // namespace

bool describe_structs(const Py_buffer& view, const CStruct& structure, Layout& layout) {
  std::string wanted, given;
  add_fields(structure, wanted);
  const bool read = FormatReader(view.format).run(given);
  if (!read || given != wanted || view.itemsize != static_cast<Py_ssize_t>(structure.size)) {
    CType type;
    type.kind = CKind::structure;
    type.structure = std::shared_ptr<const CStruct>(std::shared_ptr<void>(), &structure);
    PyErr_Format(PyExc_ValueError, "items of format '%s' (%zd bytes) are not %s (%u bytes)",
                 view.format, view.itemsize, type.text().c_str(), structure.size);
    return false;
  }
  const auto n = static_cast<std::size_t>(view.ndim);
  if (n >= kMaxDims) {
    PyErr_SetString(PyExc_BufferError, "structs of more than 7 dimensions");
    return false;
  }
  ViewExtents extents(view);
  extents.shape[n] = structure.size;
  extents.strides[n] = 1;
  std::int64_t lowest = 0;
  std::int64_t end = 0;
  const Status status = Layout::strided(kUint8, {extents.shape, n + 1}, {extents.strides, n + 1},
                                        &layout, &lowest, &end);
  if (!status.ok()) PyErr_SetString(PyExc_BufferError, status.message().c_str());
  return status.ok();
}

}  // namespace cogway
