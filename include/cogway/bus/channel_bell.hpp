// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who waits at one side of a channel, so that only a known sleeper is woken. Not for threads of one
// process alone: EventCount is.

#include <atomic>
#include <bit>
#include <cstdint>

#include "cogway/base/cacheline.hpp"

namespace cogway {

/// One bit for each process that has a sleeper or is about to, and one for each that has an event
/// loop with a task that waits. Whoever has something for one takes the bit of one process, and
/// wakes the sleepers, or calls the loops, of that process alone; a waiter that finds nothing
/// announces itself again. A bit that nobody needs any more costs one wake-up in vain; one of a
/// dead process too.
///
/// A sleeper calls announce(), reads turn(), looks once more, and sleeps while turn() is the same.
/// A loop calls announce_loop(), looks once more, and is called by a descriptor.
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
  void announce_loop(std::uint32_t who) noexcept { loops_.fetch_or(bit(who)); }
  [[nodiscard]] std::uint32_t turn() const noexcept { return turn_.load(); }
  /// What they sleep on.
  [[nodiscard]] const Atom<std::uint32_t>& word() const noexcept { return turn_; }

  /// One that sleeps, to be woken by the caller; kNobody: nobody does.
  [[nodiscard]] std::uint32_t pick() noexcept { return pick_of(waiters_); }
  /// One whose loops wait, to be called by the caller; kNobody: none does.
  [[nodiscard]] std::uint32_t pick_loop() noexcept { return pick_of(loops_); }
  /// Whether it is the loops' turn, where threads wait as well: neither starves the other.
  [[nodiscard]] bool loops_first() const noexcept { return (turn_.load() & 1) != 0; }
  [[nodiscard]] std::uint64_t waiters() const noexcept { return waiters_.load(); }
  [[nodiscard]] std::uint64_t loops() const noexcept { return loops_.load(); }
  void forget(std::uint32_t who) noexcept {
    waiters_.fetch_and(~bit(who));
    loops_.fetch_and(~bit(who));
  }

 private:
  [[nodiscard]] std::uint32_t pick_of(Atom<std::uint64_t>& waiters) noexcept {
    std::uint64_t all = waiters.load();
    while (all != 0) {
      const std::uint64_t lowest = all & (~all + 1);
      if (waiters.compare_exchange_weak(all, all & ~lowest)) {
        turn_.fetch_add(1);
        return static_cast<std::uint32_t>(std::countr_zero(lowest));
      }
    }
    return kNobody;
  }
  static constexpr std::uint64_t bit(std::uint32_t who) noexcept { return std::uint64_t{1} << who; }

  Atom<std::uint64_t> waiters_{0};  ///< by all
  Atom<std::uint64_t> loops_{0};    ///< by all
  Atom<std::uint32_t> turn_{0};     ///< by who picks
};

}  // namespace cogway
