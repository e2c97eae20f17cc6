// SPDX-License-Identifier: Apache-2.0
#pragma once
// What debug mode has found: damage to the memory of a bus or of a kernel's scratch, buffers that
// nobody gave back, threads that took Python into native work. A list to read, and a line on
// standard error for what no ticket tells.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cogway {

enum class FindingKind : std::uint8_t {
  overrun,         ///< bytes written past the end
  underrun,        ///< bytes written before the start
  use_after_free,  ///< bytes written after the memory was given back
  leak,            ///< still held at close
  attached,        ///< native work that entered Python
};

/// "overrun" and so on.
[[nodiscard]] std::string_view finding_kind_name(FindingKind kind) noexcept;

struct Finding {
  FindingKind kind = FindingKind::overrun;
  std::string kernel;        ///< whose call showed it; empty: none
  std::string argument;      ///< "output 0", "input 1", "scratch 0"; empty: none
  std::uint64_t buffer = 0;  ///< the bus's number for the lease; 0: not of a bus
  std::string place;         ///< who leased it, "file:line"; empty: not known
  std::string thread;        ///< attached: the thread's name
  std::int64_t offset = 0;   ///< of the first damaged byte, from the first of the payload
  std::uint64_t nbytes = 0;  ///< damaged, or held
  bool at_least = false;     ///< the damage reaches the edge of what was looked at
  std::string message;       ///< all of it as a sentence
};

/// **Threads**: any. **Ownership**: shared by the bus, its engine and whoever reads. **Progress**:
/// locks; allocates. **Order**: findings() sees what was added before.
class DebugReport {
 public:
  /// Kept at most; more are counted.
  static constexpr std::size_t kMost = 1000;

  /// `aloud`: also a line on standard error, for what nobody gets as an error.
  void add(Finding finding, bool aloud) noexcept;
  [[nodiscard]] std::vector<Finding> findings() const;
  /// Of all that were added.
  [[nodiscard]] std::uint64_t count() const noexcept;

  /// The same text for as long as the report lives; nullptr when memory is short, or for none.
  [[nodiscard]] const char* keep(std::string_view text) noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<Finding> findings_;
  std::unordered_set<std::string> kept_;
  std::uint64_t count_ = 0;
};

}  // namespace cogway
