// SPDX-License-Identifier: Apache-2.0
#pragma once
// A number that many threads add to and few read: each adds to a line of its own, so that they do
// not wait for each other's. Not for a value that decides anything: between two additions nobody
// knows the sum. For that there is AtomicNumber.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/cpu.hpp"

namespace cogway {

/// A small number of the calling thread, the same for its life: the next one for each thread that
/// asks. Threads beyond the number of shards share them.
[[nodiscard]] std::size_t shard_of_thread() noexcept;

/// **Threads**: all calls from any thread.
/// **Ownership**: owns its shards.
/// **Progress**: add() wait-free where the hardware's instruction is; sum() wait-free, a line for
/// each shard.
/// **Order**: none: it publishes nothing but the numbers.
/// **Linearizable?** add() of one shard is; sum() is not: it has every addition that had returned
/// before it began and none that begins after it has returned, and of those between, any.
template <template <typename> class Atom = std::atomic>
class ShardedCounter {
 public:
  /// A shard for every so many threads, rounded up to a power of two, at most kMost.
  explicit ShardedCounter(std::size_t shards)
      : mask_(std::bit_ceil(std::clamp<std::size_t>(shards, 1, kMost)) - 1),
        shards_(std::make_unique<Shard[]>(mask_ + 1)) {}
  ShardedCounter(const ShardedCounter&) = delete;
  ShardedCounter& operator=(const ShardedCounter&) = delete;

  static constexpr std::size_t kMost = 256;
  [[nodiscard]] std::size_t shards() const noexcept { return mask_ + 1; }

  /// False: what was added to this shard would no longer fit 64 bits, and nothing has changed.
  bool add(std::size_t shard, std::int64_t by) noexcept {
    Atom<std::int64_t>& value = shards_[shard & mask_].value;
    prefetch_to_write(&value);
    // order: relaxed, only the number counts
    std::int64_t seen = value.load(std::memory_order_relaxed);
    std::int64_t next = 0;
    do {
      if (__builtin_add_overflow(seen, by, &next)) return false;
      // order: relaxed, only the number counts
    } while (!value.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    return true;
  }

  /// Calls `take` with what each shard holds: their sum may not fit 64 bits.
  template <typename Take>
  void each(Take&& take) const {
    for (std::size_t i = 0; i <= mask_; ++i) {
      // order: relaxed, only the number counts
      take(shards_[i].value.load(std::memory_order_relaxed));
    }
  }

 private:
  struct alignas(kCacheLine) Shard {
    Atom<std::int64_t> value{0};  ///< by the threads of this shard; read by all
  };
  static_assert(sizeof(Shard) == kCacheLine);

  const std::size_t mask_;
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace cogway
