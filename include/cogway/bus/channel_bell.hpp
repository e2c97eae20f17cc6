// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits at one side of a channel, so that only a known sleeper is woken. Not for threads of one
// process alone: EventCount is.

#include <atomic>
#include <bit>
#include <cstdint>

#include "cogway/base/cacheline.hpp"

namespace cogway {

/// One bit for each process that has a sleeper or is about to. Whoever has something for one takes
/// the bit of one process, and wakes the sleepers of that process alone; a sleeper that finds
/// nothing announces itself again. A bit that nobody needs any more costs one wake-up in vain; one
/// of a dead process too.
///
/// A waiter calls announce(), reads turn(), looks once more, and sleeps while turn() is the same.
///
/// **Threads**: any, of any process.
/// **Ownership**: the channel's memory's.
/// **Progress**: lock-free.
/// **Order**: what came before pick() is seen by the look of a waiter that announced itself and was
/// not picked: both are sequentially consistent.
template <template <typename> class Atom = std::atomic>
class alignas(kCacheLine) ChannelBell {
 public:
  static constexpr std::uint32_t kNobody = 64;

  void announce(std::uint32_t who) noexcept { waiters_.fetch_or(bit(who)); }
  [[nodiscard]] std::uint32_t turn() const noexcept { return turn_.load(); }
  /// What they sleep on.
  [[nodiscard]] const Atom<std::uint32_t>& word() const noexcept { return turn_; }

  /// One that waits, to be woken by the caller; kNobody: nobody waits.
  [[nodiscard]] std::uint32_t pick() noexcept {
    std::uint64_t waiters = waiters_.load();
    while (waiters != 0) {
      const std::uint64_t lowest = waiters & (~waiters + 1);
      if (waiters_.compare_exchange_weak(waiters, waiters & ~lowest)) {
        turn_.fetch_add(1);
        return static_cast<std::uint32_t>(std::countr_zero(lowest));
      }
    }
    return kNobody;
  }
  [[nodiscard]] std::uint64_t waiters() const noexcept { return waiters_.load(); }
  void forget(std::uint32_t who) noexcept { waiters_.fetch_and(~bit(who)); }

 private:
  static constexpr std::uint64_t bit(std::uint32_t who) noexcept { return std::uint64_t{1} << who; }

  Atom<std::uint64_t> waiters_{0};  ///< by all
  Atom<std::uint32_t> turn_{0};     ///< by who picks
};

}  // namespace cogway
