// SPDX-License-Identifier: Apache-2.0
#pragma once
// Private memory for one kernel in debug mode: redzones on both sides, an inaccessible page right
// behind, and nothing at its address once it is freed.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bus/redzone.hpp"
#include "cogway/base/os/reserved_memory.hpp"
#include "cogway/bus/debug_report.hpp"

namespace cogway {

/// **Threads**: one. **Ownership**: its pages. **Progress**: system calls.
class GuardedMemory {
 public:
  /// The address is `misalignment` more than a multiple of 64. Throws std::system_error,
  /// std::bad_alloc.
  GuardedMemory(std::size_t bytes, std::size_t misalignment);

  [[nodiscard]] std::byte* data() const noexcept { return zones_.payload; }
  [[nodiscard]] std::size_t size() const noexcept { return zones_.nbytes; }
  /// False, and what was found: of one side, which is whole again afterwards.
  [[nodiscard]] bool check(Finding* found) const noexcept;

 private:
  os::ReservedMemory memory_;
  detail::Redzones zones_;
};

/// What the kernels that a worker runs have as scratch; the newest last.
class GuardedScratch {
 public:
  /// nullptr when memory is short. `owner` names the kernel, and lives on.
  void* allocate(std::size_t bytes, const char* owner) noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return pieces_.size(); }
  /// Frees all but the first `count`; adds what was written around them.
  void free_since(std::size_t count, std::vector<Finding>& found) noexcept;

 private:
  struct Piece {
    GuardedMemory memory;
    const char* owner;
  };
  std::vector<Piece> pieces_;
};

}  // namespace cogway
