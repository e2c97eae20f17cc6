// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the engine's records come from: process-wide, type-stable (memory is recycled, never given
// back), with a cache per thread so that a task costs no allocation and no shared write in steady
// state. Free records travel between threads in rows of kRow.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>

#include "cogway/base/cacheline.hpp"

namespace cogway::detail {

/// What a thread holds of one kind of record. Trivial on purpose: access needs no guard.
template <typename Record>
struct RecordCache {
  Record* active = nullptr;  ///< chain being used
  Record* spare = nullptr;   ///< a full row, or nothing
  std::uint32_t count = 0;   ///< records in active
  std::uint8_t stage = 0;    ///< 0: unknown to the thread's exit, 1: flushed at exit, 2: flushed
};

/// `Traits` gives, for a free record: link(record) (a Record*& or atomic, for its chain),
/// row_link(record) (Atom<std::uint32_t>&, for rows), row_count(record) and index(record)
/// (std::uint32_t&), and
/// cache() (the calling thread's RecordCache&), at_exit(cache) (flush when the thread ends).
/// `kRecordsInRow` travel together; the first chunk of memory holds `kRecordsAtFirst`.
///
/// **Threads**: any. **Ownership**: owns all records for ever. **Progress**: lock-free, but for the
/// system's allocator when the pool must grow. **Order**: take() sees all that preceded give().
template <typename Record, typename Traits, template <typename> class Atom = std::atomic,
          std::uint32_t kRecordsInRow = 64, std::uint32_t kRecordsAtFirst = 256>
class RecordPool {
 public:
  static constexpr std::uint32_t kRow = kRecordsInRow;

  constexpr RecordPool() = default;

  /// A record; throws std::bad_alloc when memory is refused.
  Record* take() {
    RecordCache<Record>& cache = Traits::cache();
    if (cache.active == nullptr) refill(cache);
    Record* record = cache.active;
    cache.active = Traits::link(*record);
    --cache.count;
    // The next record was last written on another core, as a rule: have it come while this is used.
    __builtin_prefetch(cache.active, 1);
    if (cache.stage == 2) flush(cache);
    return record;
  }

  void give(Record* record) noexcept {
    RecordCache<Record>& cache = Traits::cache();
    if (cache.stage != 1) Traits::at_exit(cache);
    if (cache.count == kRow) {
      if (cache.spare != nullptr) push_row(cache.spare, kRow);
      cache.spare = cache.active;
      cache.active = nullptr;
      cache.count = 0;
    }
    Traits::link(*record) = cache.active;
    cache.active = record;
    ++cache.count;
    if (cache.stage == 2) flush(cache);  // the thread is past its exit: keep nothing
  }

  /// Gives the thread's records to the others.
  void flush(RecordCache<Record>& cache) noexcept {
    if (cache.spare != nullptr) push_row(cache.spare, kRow);
    if (cache.active != nullptr) push_row(cache.active, cache.count);
    cache.spare = nullptr;
    cache.active = nullptr;
    cache.count = 0;
  }

  [[nodiscard]] std::uint64_t records() const noexcept {
    // order: relaxed, a statistic
    return carved_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t allocations() const noexcept {
    // order: relaxed, a statistic
    return allocations_.load(std::memory_order_relaxed);
  }

 private:
  // Chunk k holds kFirst << k records, so that an index finds its record by its highest bit.
  static constexpr std::uint32_t kFirst = kRecordsAtFirst;
  static constexpr std::uint32_t kChunks = 23;

  void refill(RecordCache<Record>& cache) {
    if (cache.stage == 0) Traits::at_exit(cache);
    if (cache.spare != nullptr) {
      cache.active = cache.spare;
      cache.spare = nullptr;
      cache.count = kRow;
      return;
    }
    cache.active = pop_row();
    if (cache.active == nullptr) cache.active = carve_row();
    cache.count = Traits::row_count(*cache.active);
  }

  void push_row(Record* row, std::uint32_t count) noexcept {
    Traits::row_count(*row) = count;
    const std::uint32_t index = Traits::index(*row) + 1;
    // order: relaxed, a first guess
    std::uint64_t head = rows_.load(std::memory_order_relaxed);
    for (;;) {
      // order: relaxed, published by the exchange
      Traits::row_link(*row).store(static_cast<std::uint32_t>(head), std::memory_order_relaxed);
      const std::uint64_t next = ((head >> 32) + 1) << 32 | index;
      // order: release, pairs with pop_row() acquire; publishes the row's records
      if (rows_.compare_exchange_weak(head, next, std::memory_order_release,
                                      std::memory_order_relaxed)) {
        return;
      }
    }
  }

  Record* pop_row() noexcept {
    // order: acquire, pairs with push_row() release; the row's links are read below
    std::uint64_t head = rows_.load(std::memory_order_acquire);
    for (;;) {
      const auto index = static_cast<std::uint32_t>(head);
      if (index == 0) return nullptr;
      Record* row = at(index - 1);
      // order: relaxed, may be stale when another thread took the row: then the tag differs
      const std::uint32_t below = Traits::row_link(*row).load(std::memory_order_relaxed);
      const std::uint64_t next = ((head >> 32) + 1) << 32 | below;
      // order: acquire, pairs with push_row() release; publishes the row's records. model: a
      // success has acquired `head` before, whose tag says that it is the same push
      if (rows_.compare_exchange_weak(head, next, std::memory_order_acquire,
                                      std::memory_order_acquire)) {
        return row;
      }
    }
  }

  /// Fresh records out of the newest chunk; allocates a chunk when it is used up.
  Record* carve_row() {
    // order: relaxed, the range is this thread's alone
    const std::uint64_t first = carved_.fetch_add(kRow, std::memory_order_relaxed);
    Record* row = nullptr;
    for (std::uint32_t i = kRow; i-- > 0;) {
      const auto index = static_cast<std::uint32_t>(first + i);
      auto* record = ::new (place(index)) Record();
      Traits::index(*record) = index;
      Traits::link(*record) = row;
      row = record;
    }
    Traits::row_count(*row) = kRow;
    return row;
  }

  static std::uint32_t chunk_of(std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(std::bit_width(index / kFirst + 1)) - 1;
  }
  static std::uint32_t offset_in(std::uint32_t index, std::uint32_t chunk) noexcept {
    return index - kFirst * ((1u << chunk) - 1);
  }

  Record* at(std::uint32_t index) noexcept {
    const std::uint32_t chunk = chunk_of(index);
    // order: acquire, pairs with place() release; the record was made after the chunk. model: who
    // knows the index has acquired it from rows_, or is this chunk's maker
    return chunks_[chunk].load(std::memory_order_acquire) + offset_in(index, chunk);
  }

  void* place(std::uint32_t index) {
    const std::uint32_t chunk = chunk_of(index);
    if (chunk >= kChunks) throw std::bad_alloc();
    // order: acquire, pairs with the release below. model: memory without content is not watched
    Record* memory = chunks_[chunk].load(std::memory_order_acquire);
    if (memory == nullptr) {
      const std::size_t bytes = sizeof(Record) * (std::size_t{kFirst} << chunk);
      auto* fresh = static_cast<Record*>(::operator new(bytes, std::align_val_t{alignof(Record)}));
      // order: acq_rel, release publishes the chunk; acquire takes another thread's. model: memory
      // without content is not watched
      if (chunks_[chunk].compare_exchange_strong(memory, fresh, std::memory_order_acq_rel,
                                                 std::memory_order_acquire)) {
        memory = fresh;
        // order: relaxed, a statistic
        allocations_.fetch_add(1, std::memory_order_relaxed);
      } else {
        ::operator delete(fresh, std::align_val_t{alignof(Record)});
      }
    }
    return memory + offset_in(index, chunk);
  }

  alignas(kCacheLine) Atom<std::uint64_t> rows_{0};  ///< tag << 32 | index + 1 of the top row
  alignas(kCacheLine) Atom<std::uint64_t> carved_{0};
  Atom<std::uint64_t> allocations_{0};
  Atom<Record*> chunks_[kChunks] = {};
};

}  // namespace cogway::detail
