// SPDX-License-Identifier: Apache-2.0
#pragma once
// What one process keeps of each block of a shared bus that it has seen: its private count, and
// where the block lies here.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "cogway/base/os/reserved_memory.hpp"
#include "cogway/bus/buffer.hpp"

namespace cogway::detail {

/// **Threads**: any; one record's `joined`, and its way from and to 0 references, under lock().
/// **Ownership**: owns the records; they never move.
/// **Progress**: blocking, inside this process. **Order**: as the locks.
class SharedRecords {
 public:
  explicit SharedRecords(std::uint64_t blocks)
      : memory_(blocks * sizeof(BufferRecord)), committed_((blocks + kChunk - 1) / kChunk) {}

  /// The record of the n-th block of all; null: no memory for it.
  [[nodiscard]] BufferRecord* at(std::uint64_t n) noexcept {
    auto* record = reinterpret_cast<BufferRecord*>(memory_.data()) + n;
    std::atomic<std::uint8_t>& done = committed_[n / kChunk];
    // order: acquire, pairs with the store below; the memory is there
    if (done.load(std::memory_order_acquire) == 0) {
      const std::uint64_t begin = n / kChunk * kChunk * sizeof(BufferRecord);
      const std::uint64_t size = kChunk * sizeof(BufferRecord);
      if (!memory_.commit(begin, std::min<std::uint64_t>(size, memory_.size() - begin))) {
        return nullptr;
      }
      // order: release, pairs with the load above
      done.store(1, std::memory_order_release);
    }
    return record;
  }
  [[nodiscard]] std::mutex& lock_of(const BufferRecord* record) noexcept {
    return stripes_[reinterpret_cast<std::uintptr_t>(record) / sizeof(BufferRecord) % kStripes]
        .mutex;
  }

  /// Which block a record is of, in this process's own memory: what the block's header says of
  /// itself may have been overwritten by another one.
  static void name(BufferRecord* record, std::uint32_t size_class, std::uint32_t block) noexcept {
    record->owner = reinterpret_cast<void*>(std::uintptr_t{size_class} << 32 | block);
  }
  /// Whose it is: the same for all lives of the block here, and written once, as a thread that has
  /// dropped the last reference of one life reads it without the lock, maybe in the next one.
  static void bind(BufferRecord* record, BufferHeader* header, SharedBus* bus,
                   std::uint64_t fork_epoch) noexcept {
    if (record->shared == bus) return;
    record->header = header;
    record->shared = bus;
    record->fork_epoch = fork_epoch;
  }
  [[nodiscard]] static std::uint32_t size_class_of(const BufferRecord* record) noexcept {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(record->owner) >> 32);
  }
  [[nodiscard]] static std::uint32_t block_of(const BufferRecord* record) noexcept {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(record->owner));
  }

 private:
  static constexpr std::uint64_t kChunk = 1 << 14;
  static constexpr std::size_t kStripes = 64;
  struct alignas(kCacheLine) Stripe {
    std::mutex mutex;
  };
  os::ReservedMemory memory_;
  std::vector<std::atomic<std::uint8_t>> committed_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace cogway::detail
