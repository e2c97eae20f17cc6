// SPDX-License-Identifier: Apache-2.0
#pragma once
// The blocks of a shared bus as one participant takes and frees them. Knows nothing of references.

#include <array>
#include <atomic>
#include <cstdint>

#include "bus/shared_segments.hpp"
#include "cogway/base/clock.hpp"

namespace cogway::detail {

/// **Threads**: any. reclaim() for one participant by one at a time, who has its lock.
/// **Ownership**: borrows the segments; a taken block is this participant's until left.
/// **Progress**: take() of a block that has pages, and free() lock-free; other takes wait for the
/// paging mutex, a tenth of a second at most.
/// **Order**: what any holder did before it left happens before the take() that returns the block.
class SharedPool {
 public:
  enum class Taken {
    yes,
    full,       ///< every byte of the capacity has pages that somebody holds
    no_memory,  ///< the system has no pages left
    busy,       ///< a process has the paging mutex and does not move
  };

  SharedPool(SharedSegments& segments, std::uint32_t participant) noexcept
      : segments_(segments), me_(participant) {}

  [[nodiscard]] Taken take(std::uint32_t size_class, std::uint32_t* block) noexcept;
  /// This participant leaves the block; who leaves nobody behind offers it to others.
  void leave(std::uint32_t size_class, std::uint32_t block) noexcept {
    leave_for(me_, size_class, block);
  }
  /// Takes a dead participant out of every block, and renews the hints that it may have had in its
  /// hands. Returns how many blocks it held.
  std::uint64_t reclaim(std::uint32_t dead) noexcept;
  /// Gives up on handles of those that left, which nobody attached; returns the buffers.
  std::uint64_t disinherit() noexcept;
  /// Gives all pages of free blocks back; returns the bytes.
  std::uint64_t trim() noexcept;

  /// Blocks of the class that exist.
  [[nodiscard]] std::uint32_t carved(std::uint32_t size_class) const noexcept;

 private:
  [[nodiscard]] bool take_warm(std::uint32_t size_class, std::uint32_t* block) noexcept;
  [[nodiscard]] Taken take_locked(std::uint32_t size_class, std::uint32_t* block) noexcept;
  [[nodiscard]] bool find_group(std::uint32_t size_class, std::uint32_t* first) noexcept;
  [[nodiscard]] Taken give_pages(std::uint32_t size_class, std::uint32_t first) noexcept;
  [[nodiscard]] bool lock_paging() noexcept;
  void repair_paging() noexcept;
  bool make_room(std::uint64_t bytes, std::uint32_t except) noexcept;
  bool evict(std::uint32_t size_class, std::uint32_t first) noexcept;
  void leave_for(std::uint32_t participant, std::uint32_t size_class, std::uint32_t block) noexcept;
  void freed(std::uint32_t size_class, std::uint32_t block) noexcept;
  void offer(std::uint32_t size_class, std::uint32_t block) noexcept;
  void begin_step(const ClassPlan& at, std::uint32_t first) noexcept;
  void end_step() noexcept;
  [[nodiscard]] std::atomic<std::uint64_t>& paged(const ClassPlan& at,
                                                  std::uint32_t block) const noexcept {
    return segments_.header(at, at.group_start(block)).paged;
  }
  [[nodiscard]] const ClassPlan& plan(std::uint32_t size_class) const noexcept {
    return segments_.plan().classes[size_class];
  }
  [[nodiscard]] SharedControl& control() const noexcept { return segments_.control(); }

  SharedSegments& segments_;
  const std::uint32_t me_;
  /// The hint word where this process last found or freed a block of the class; by any thread.
  std::array<std::atomic<std::uint32_t>, kSizeClasses> cursor_{};
};

}  // namespace cogway::detail
