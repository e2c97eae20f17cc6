// SPDX-License-Identifier: Apache-2.0
#pragma once
// All shared memory of an engine: typed buffers leased from pools of warm, recycled blocks, within
// a capacity in bytes that is never exceeded and never waited for inside a kernel.
//
//   control segment (memfd)                      data segment (memfd)
//   ┌──────────────────────────────────────┐     ┌───────────────────────────────────────┐
//   │ bus header · participants · classes  │     │ class 0: 64 B blocks │ class 1: 128 B │ …
//   │ buffer headers: one per block        │────▶│ (sparse: only touched pages exist)    │
//   └──────────────────────────────────────┘     └───────────────────────────────────────┘
//   private memory of each process: one BufferRecord per block it has seen
//
// Each size class owns a range of both segments large enough for the whole capacity, so no lease
// can fail for fragmentation; physical memory is what was touched, given back from idle classes
// when another one needs it.

#include <atomic>
#include <cstdint>
#include <memory>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/bus_statistics.hpp"
#include "cogway/bus/debug_report.hpp"
#include "cogway/bus/freed_hook.hpp"
#include "cogway/bus/layout.hpp"
#include "cogway/bus/reservation.hpp"
#include "cogway/bus/slot_store.hpp"

namespace cogway {

namespace detail {
class BlockPool;
class DebugArena;
struct ControlHeader;
}  // namespace detail

struct BusOptions {
  /// Bytes that leases and reservations may hold together; 64 KiB to 256 GiB.
  std::uint64_t capacity = std::uint64_t{256} << 20;
  /// Advise huge pages for blocks of 2 MiB and more (in effect where the system allows them).
  bool huge_pages = true;
  /// Redzones around every buffer, poison in freed ones; slow. At most 32 GiB of capacity then.
  bool debug = false;
};

/// **Threads**: any, for all calls.
/// **Ownership**: held by shared_ptr; stays mapped beyond its last owner until the last buffer and
/// reservation is gone. After fork() the child's copy is inert: leases and reservations fail.
/// **Progress**: try_lease(), lease() and try_reserve() lock-free while a warm block is at hand; a
/// lease that needs fresh memory locks and faults pages in. lease_within() waits.
/// **Order**: see BufferRef.
class Bus {
 public:
  static constexpr std::uint64_t kMinCapacity = std::uint64_t{64} << 10;
  static constexpr std::uint64_t kMaxCapacity = std::uint64_t{256} << 30;

  /// Throws std::invalid_argument (capacity out of range) or std::system_error (no memory file).
  [[nodiscard]] static std::shared_ptr<Bus> create(const BusOptions& options = {});

  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Bytes of capacity that a buffer of that many payload bytes holds: rounded up to a multiple of
  /// 64, at least 64. Reserve the sum of these.
  [[nodiscard]] static constexpr std::uint64_t charge(std::uint64_t nbytes) noexcept {
    return nbytes == 0 ? 64 : (nbytes + 63) & ~std::uint64_t{63};
  }

  /// Sets bytes aside; empty when the bus is too full. 0 bytes: a valid, empty reservation.
  [[nodiscard]] Reservation try_reserve(std::uint64_t bytes) noexcept;

  /// A writable buffer with this layout (C-contiguous); its content is whatever was there. Empty
  /// when the bus is too full, or in a forked child.
  [[nodiscard]] BufferRef try_lease(const Layout& layout) noexcept;
  /// The same out of a reservation: never fails while it holds charge(layout.nbytes()) bytes, which
  /// it then gives up; empty otherwise.
  [[nodiscard]] BufferRef lease(Reservation& reservation, const Layout& layout) noexcept;

  /// For application threads only, never for kernels: waits until there is room or the deadline has
  /// passed, in no particular order among those who wait. `interrupted` (may be null) is asked
  /// after every wake-up, a signal's among them. resource_exhausted: more than the capacity;
  /// deadline_exceeded; cancelled: interrupted; failed_precondition: closed, or a forked child.
  Status lease_within(const Layout& layout, TimePoint deadline, BufferRef* out,
                      bool (*interrupted)(void*) = nullptr, void* argument = nullptr);

  /// Makes sure that the next `count` leases of `nbytes` find warm blocks, as far as capacity
  /// allows. Returns how many do.
  std::uint32_t warm(std::uint64_t nbytes, std::uint32_t count) noexcept;
  /// Gives the memory of idle blocks of a page or more back to the system; returns the bytes.
  std::uint64_t trim() noexcept;

  /// Refuses further leases and reservations; wakes lease_within() with failed_precondition.
  /// Buffers live on.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;
  /// False in a child that inherited it through fork().
  [[nodiscard]] bool belongs_here() const noexcept;

  [[nodiscard]] std::uint64_t capacity() const noexcept;
  [[nodiscard]] std::uint64_t used() const noexcept;
  [[nodiscard]] BusStatistics statistics() const;
  /// What debug mode found; null without it.
  [[nodiscard]] std::shared_ptr<DebugReport> debug_report() const noexcept;
  /// Debug mode: adds a finding for every buffer that is held (each is told once) and for freed
  /// memory that was written to. Returns the number of those held. The end of the last owner does
  /// it too.
  std::size_t report_held() noexcept;
  /// Null without debug mode.
  [[nodiscard]] detail::DebugArena* debug_arena() const noexcept { return debug_.get(); }
  [[nodiscard]] SlotStore& slots() noexcept { return slots_; }
  [[nodiscard]] FreedHooks& freed_hooks() noexcept { return hooks_; }

 private:
  friend class Reservation;
  friend void detail::release_record(detail::BufferRecord* record) noexcept;
  explicit Bus(const BusOptions& options);
  ~Bus();

  [[nodiscard]] bool take_bytes(std::uint64_t bytes) noexcept;
  void give_bytes(std::uint64_t bytes) noexcept;
  [[nodiscard]] BufferRef lease_unless_full(const Layout& layout) noexcept;
  [[nodiscard]] BufferRef start_lease(const Layout& layout, std::uint64_t bytes) noexcept;
  void free_block(detail::BufferRecord* record) noexcept;
  void retain() noexcept;
  void release() noexcept;
  void drop_owner() noexcept;
  void wake_waiting_leases() noexcept;

  std::uint64_t capacity_ = 0;
  std::uint32_t participant_ = 0;  ///< index of this process in the participant table
  std::uint64_t fork_epoch_ = 0;   ///< of the process that created it
  std::unique_ptr<detail::BlockPool> pool_;
  std::unique_ptr<detail::DebugArena> debug_;  ///< null without debug mode
  detail::ControlHeader* control_ = nullptr;   ///< in the pool's control segment
  FreedHooks hooks_;
  FreedHook lease_hook_;  ///< wakes lease_within()
  SlotStore slots_;
  std::atomic<bool> closed_{false};                         ///< close(); read by every take_bytes()
  std::atomic<std::uint32_t> waiting_leases_{0};            ///< lease_within(); read by its hook
  std::atomic<std::uint64_t> refused_{0};                   ///< any
  std::atomic<std::uint64_t> waits_{0};                     ///< lease_within()
  std::atomic<std::uint64_t> wait_timeouts_{0};             ///< lease_within()
  alignas(kCacheLine) std::atomic<std::uint64_t> life_{1};  ///< owner (1) + buffers + reservations
};

}  // namespace cogway
