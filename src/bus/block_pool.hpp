// SPDX-License-Identifier: Apache-2.0
#pragma once
// The memory of a bus: its segments, and the blocks of each size class in them. Knows nothing of
// capacity: the bus takes bytes first, and so many blocks always exist.

#include <atomic>
#include <cstdint>
#include <mutex>

#include "bus/control_header.hpp"
#include "cogway/base/os/reserved_memory.hpp"
#include "cogway/base/os/shared_memory.hpp"
#include "cogway/bus/buffer.hpp"

namespace cogway {
class Bus;
namespace detail {

/// **Threads**: any.
/// **Ownership**: owns the segments; a taken block is the taker's until put back.
/// **Progress**: take() of a warm block and put() are lock-free; otherwise take() locks and may
/// enter the kernel for pages.
/// **Order**: put() happens before the take() that returns the block.
class BlockPool {
 public:
  /// Room for blocks of `capacity` bytes, of which `resident` may have memory before idle ones give
  /// theirs back. Throws std::system_error.
  BlockPool(std::uint64_t capacity, std::uint64_t resident, bool huge_pages, Bus* bus);

  [[nodiscard]] ControlHeader* control() const noexcept { return control_; }

  /// A block for that many bytes, resident. The caller holds charge(bytes) of capacity, which
  /// guarantees that one exists; null only when the system has no memory left.
  [[nodiscard]] BufferRecord* take(std::uint64_t bytes) noexcept;
  void put(BufferRecord* record) noexcept;

  /// Gives the memory of free blocks back to the system until at least that much is; returns what
  /// was.
  std::uint64_t reclaim(std::uint64_t bytes) noexcept;

  /// Debug mode: makes the pages at `place` inaccessible, for good.
  bool guard(const std::byte* place, std::size_t bytes) const noexcept {
    return data_mapping_.forbid(static_cast<std::size_t>(place - data_mapping_.data()), bytes);
  }

  /// Calls visit(const BufferHeader&) for every block that exists.
  template <typename Visit>
  void for_each_block(const Visit& visit) const {
    for (const SizeClass& entry : control_->classes) {
      // order: acquire, pairs with carve() release; publishes the headers
      const std::uint32_t carved = entry.carved.load(std::memory_order_acquire);
      for (std::uint32_t block = 0; block < carved; ++block) visit(header(entry, block));
    }
  }

 private:
  [[nodiscard]] BufferHeader& header(const SizeClass& entry, std::uint32_t block) const noexcept {
    return headers_[entry.first + block];
  }
  [[nodiscard]] BufferRecord* record(const SizeClass& entry, std::uint32_t block) const noexcept {
    return &records_[entry.first + block];
  }
  [[nodiscard]] IndexStack<>::Link* links(const SizeClass& entry) const noexcept {
    return links_ + entry.first;
  }
  [[nodiscard]] BufferRecord* take_slowly(SizeClass& entry, std::uint32_t size_class,
                                          std::uint64_t bytes) noexcept;
  [[nodiscard]] BufferRecord* carve(SizeClass& entry, std::uint32_t size_class) noexcept;
  [[nodiscard]] bool make_resident(BufferRecord* block, std::uint64_t bytes) noexcept;
  std::uint64_t reclaim_locked(std::uint64_t bytes, const SizeClass* except) noexcept;
  std::uint64_t reclaim_blocks(SizeClass& entry, std::uint32_t size_class,
                               std::uint64_t bytes) noexcept;
  std::uint64_t reclaim_class(SizeClass& entry, std::uint32_t size_class) noexcept;
  bool release_pages(std::uint64_t offset, std::uint64_t bytes) noexcept;

  Bus* bus_ = nullptr;
  os::SharedMemory control_memory_;
  os::SharedMemory data_memory_;
  os::Mapping control_mapping_;
  os::Mapping data_mapping_;
  os::ReservedMemory record_memory_;
  ControlHeader* control_ = nullptr;
  IndexStack<>::Link* links_ = nullptr;  ///< of all classes, in the control segment
  BufferHeader* headers_ = nullptr;      ///< of all classes, in the control segment
  BufferRecord* records_ = nullptr;      ///< parallel to headers_, in private memory
  std::uint64_t resident_limit_ =
      0;              ///< beyond it, free blocks are given back before new ones come
  std::mutex mutex_;  ///< carving and reclaiming
};

}  // namespace detail
}  // namespace cogway
