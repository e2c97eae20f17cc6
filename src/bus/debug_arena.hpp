// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bus's memory in debug mode: each block carries redzones around its payload, a large one also
// a page behind it that nobody can touch, and freed blocks wait, poisoned, before they are leased
// again.
//
//   block:  redzone │ payload (nbytes) │ redzone                        up to 16 pages
//           … slack … redzone │ payload (nbytes) │ redzone │ guard page  above
//
// The zones are no part of the capacity: what fits without debug mode fits with it. Not for speed.

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bus/redzone.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/debug_report.hpp"

namespace cogway::detail {

class BlockPool;

/// **Threads**: any. **Ownership**: the bus's; the pool outlives it. **Progress**: locks.
/// **Order**: put() happens before the take() that returns the block.
class DebugArena {
 public:
  /// The pool is this much larger than the bus: a 64-byte block takes three with its zones, and
  /// half a capacity waits in quarantine.
  static constexpr std::uint64_t kPoolFactor = 4;

  DebugArena(BlockPool& pool, std::uint64_t capacity);

  /// As BlockPool's, for a buffer of `nbytes` that holds `charge` of the capacity.
  [[nodiscard]] BufferRecord* take(std::uint64_t nbytes, std::uint64_t charge) noexcept;
  void put(BufferRecord* record) noexcept;

  /// Says what a leased buffer is for. Texts live as long as the report; nullptr: as it was.
  void name(const BufferRef& buffer, const char* kernel, std::string_view argument,
            const char* place) noexcept;

  /// Whether the zones of a buffer of this bus are whole; else *found tells (it is not reported),
  /// and the zones are made whole, so that it is told once. `kernel` (may be null) has just used it
  /// as `argument`; without one, `when` says when it was seen.
  [[nodiscard]] bool check(const BufferRef& buffer, const char* kernel, std::string_view argument,
                           const char* when, Finding* found) noexcept;

  /// Reports freed memory that was written to, and each buffer that is held (once).
  void report_freed() noexcept;
  std::size_t report_held() noexcept;

  [[nodiscard]] const std::shared_ptr<DebugReport>& report() const noexcept { return report_; }

 private:
  /// What is known of a block since its last lease.
  struct Lease {
    Redzones zones;
    std::byte* block = nullptr;  ///< where the pool has it begin
    std::uint64_t number = 0;
    std::string layout;
    std::string argument;
    const char* kernel = nullptr;
    const char* place = nullptr;
    bool live = false;
    bool told = false;  ///< as held
  };

  [[nodiscard]] static std::uint64_t block_bytes(std::uint64_t charge) noexcept;
  [[nodiscard]] static Finding told_of(const Lease& lease, FindingKind kind);
  [[nodiscard]] static std::string describe(const Lease& lease);
  bool check_locked(Lease& lease, const char* kernel, std::string_view argument, const char* when,
                    Finding* found);
  void check_freed(BufferRecord* record) noexcept;

  BlockPool& pool_;
  const std::uint64_t limit_;  ///< bytes in quarantine
  std::shared_ptr<DebugReport> report_;
  std::mutex mutex_;  ///< over what follows
  std::unordered_map<const BufferRecord*, Lease> leases_;
  std::deque<BufferRecord*> quarantine_;  ///< oldest first
  std::uint64_t quarantined_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace cogway::detail
