// SPDX-License-Identifier: Apache-2.0
#pragma once
// Parameters of a kernel: what the caller names and gives (ParamArgument), and what the kernel gets
// (ParamValues: checked, converted, defaults filled in, in order of declaration).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "cogway/base/status.hpp"
#include "cogway/kernel_abi.h"

namespace cogway {

class Kernel;

/// One named argument. Views are copied; monostate (Python's None) leaves the default.
struct ParamArgument {
  using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string_view,
                             std::span<const std::int64_t>, std::span<const double>>;
  std::string_view name;
  Value value;
};

/// Normalised values with the storage of their strings and lists. Default-constructed: no values.
/// Conversions: bool → INT; whole FLOAT → INT; INT → FLOAT; a number → list of one; INTS → FLOATS;
/// a string or an index → CHOICE. Everything else is refused.
///
/// **Threads**: immutable after normalize() and set(); share it freely then.
/// **Ownership**: owns all it points to, but for defaults, which are the kernel's.
/// **Progress**: copying never allocates: long lists are shared, short ones stored inside.
/// **Order**: none of its own: whoever hands it over publishes it.
class ParamValues {
 public:
  static constexpr std::size_t kMaxParams = 32;
  static constexpr std::size_t kInlineBytes = 256;

  ParamValues() noexcept = default;
  ParamValues(const ParamValues& other) noexcept { *this = other; }
  ParamValues& operator=(const ParamValues& other) noexcept;

  /// Replaces *this by the values for `kernel`. invalid_argument names kernel and parameter, what
  /// was given and what is accepted (an unknown name lists the known ones); *this is then empty.
  Status normalize(const Kernel& kernel, std::span<const ParamArgument> arguments);
  /// Replaces one value of normalised ones: what each= of c_map does per item.
  Status set(const Kernel& kernel, const ParamArgument& argument);
  /// The same by its place in the declaration.
  Status set(const Kernel& kernel, std::size_t index, const ParamArgument::Value& value);
  /// In steps: as normalize(), but required ones may be lacking until complete() says which.
  Status begin(const Kernel& kernel, std::span<const ParamArgument> arguments);
  [[nodiscard]] Status complete(const Kernel& kernel) const;
  /// Replaces the INT or BOOL at `index` of the declaration, unchecked: for counters that the
  /// caller knows to be in range. Never allocates.
  void set_int(std::size_t index, std::int64_t value) noexcept { values_[index].as.i = value; }

  [[nodiscard]] std::span<const cogway_value> values() const noexcept {
    return {values_.data(), count_};
  }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  void clear() noexcept {
    count_ = used_ = 0;
    block_.reset();
  }

 private:
  Status assign(const Kernel& kernel, std::size_t index, const ParamArgument::Value& given);
  /// Room for a string or list: where the value that it replaces was, else inside, else in a block
  /// that copies share.
  void* store(std::size_t index, const void* data, std::size_t bytes, std::size_t spare = 0);
  void* move_out(std::size_t index, std::size_t room);
  [[nodiscard]] bool inside(const void* place) const noexcept;

  std::uint32_t count_ = 0;
  std::uint32_t used_ = 0;                       ///< bytes of inline_
  std::array<cogway_value, kMaxParams> values_;  ///< the first count_
  alignas(8) std::array<std::byte, kInlineBytes> inline_;
  std::array<std::uint32_t, kMaxParams> room_;  ///< bytes of each value's own place; 0: none
  std::shared_ptr<std::byte[]> block_;          ///< of the values that are not inside
};

}  // namespace cogway
