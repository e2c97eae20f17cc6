// SPDX-License-Identifier: Apache-2.0
#pragma once
// A worker's own tasks: it pushes and pops at one end, newest first, while idle workers steal the
// oldest at the other. Not a queue between equals: pushing is the owner's alone.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "cogway/base/cacheline.hpp"
#include "cogway/queue/queue_statistics.hpp"
#include "cogway/queue/ring_capacity.hpp"

namespace cogway {

template <typename T>
struct Stolen {
  std::optional<T> value;
  /// There was something, but another thread took it first: worth another try, here or elsewhere.
  bool lost_race = false;
};

/// Chase and Lev's deque over a fixed ring. Only the last element can be fought for; owner and
/// thief settle that with a compare-exchange of top_. Where the original has fences, the accesses
/// of bottom_ and top_ that must not pass each other are seq_cst.
///
/// **Threads**: try_push() and try_pop() by the owner; try_steal() and the rest by anyone.
/// **Ownership**: T is a small trivially copyable handle (a pointer, an index); what it names is
/// not ours.
/// **Progress**: owner wait-free, thieves lock-free.
/// **Order**: a push publishes all before it to the pop or steal that returns its value.
/// **Linearizable?** Yes as a deque for calls that succeed and for an owner's failure; a failed
/// steal means "empty" or lost_race.
/// **Capacity**: rounded up to a power of two; a push into a full deque fails, for an overflow
/// list.
template <typename T, template <typename> class Atom = std::atomic>
class WorkStealingDeque {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8,
                "a thief reads a slot before it knows whether it may have it");

 public:
  using value_type = T;

  explicit WorkStealingDeque(std::size_t capacity)
      : mask_(static_cast<std::int64_t>(ring_capacity(capacity)) - 1),
        slots_(std::make_unique<Atom<T>[]>(static_cast<std::size_t>(mask_) + 1)) {}
  WorkStealingDeque(const WorkStealingDeque&) = delete;
  WorkStealingDeque& operator=(const WorkStealingDeque&) = delete;

  /// False when full.
  [[nodiscard]] bool try_push(T value) noexcept {
    // order: relaxed, no pairing: only the owner writes bottom_
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    if (bottom - top_seen_ > mask_) {
      // order: acquire, pairs with the thieves' exchange of top_; they have read the slots below
      // it. model: cannot tell (only load buffering, which it does not have, would overtake)
      top_seen_ = top_.load(std::memory_order_acquire);
      if (bottom - top_seen_ > mask_) return false;
    }
    // order: relaxed, no pairing: the store of bottom_ below publishes it
    slot(bottom).store(value, std::memory_order_relaxed);
    // order: release, pairs with try_steal() load of bottom_; publishes the slot and what it names
    bottom_.store(bottom + 1, std::memory_order_release);
    return true;
  }

  /// The newest value.
  [[nodiscard]] std::optional<T> try_pop() noexcept {
    // order: relaxed, no pairing: only the owner writes bottom_
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    bottom_.store(
        bottom);  // seq_cst, as the next line: a thief sees it, or we see the thief's top_
    std::int64_t top = top_.load();
    if (top > bottom) {
      // order: relaxed, no pairing: a thief that reads it finds top_ as far, or fails to exchange
      // it
      bottom_.store(bottom + 1, std::memory_order_relaxed);
      return std::nullopt;
    }
    // order: relaxed, no pairing: the owner wrote it
    const T value = slot(bottom).load(std::memory_order_relaxed);
    if (top < bottom) return value;
    // The last one: against thieves. model: finds no need for seq_cst here; the published proof has
    // it.
    const bool won = top_.compare_exchange_strong(top, top + 1);
    // order: relaxed, no pairing: a thief that reads it finds top_ as far, or fails to exchange it
    bottom_.store(bottom + 1, std::memory_order_relaxed);
    return won ? std::optional<T>(value) : std::nullopt;
  }

  /// The oldest value.
  [[nodiscard]] Stolen<T> try_steal() noexcept {
    // order: acquire, pairs with the exchange below; so that bottom_ is read after it. model:
    // cannot tell (its seq_cst operations are ordered as they are executed, whatever comes between)
    std::int64_t top = top_.load(std::memory_order_acquire);
    const std::int64_t bottom = bottom_.load();  // seq_cst: or the owner's last could go twice
    if (top >= bottom) return {};
    // order: relaxed, no pairing: the load of bottom_ acquired it; if it is stale, the exchange
    // fails
    const T value = slot(top).load(std::memory_order_relaxed);
    if (!top_.compare_exchange_strong(top, top + 1)) return {std::nullopt, true};
    return {value, false};
  }

  /// An estimate; exact for the owner while nobody steals.
  [[nodiscard]] std::size_t size() const noexcept {
    // order: acquire, pairs with thieves and owner; an estimate for those who look for a victim
    const std::int64_t top = top_.load(std::memory_order_acquire);
    const std::int64_t bottom =
        bottom_.load(std::memory_order_acquire);  // order: acquire, as above
    return bottom > top ? static_cast<std::size_t>(bottom - top) : 0;
  }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const noexcept {
    return static_cast<std::size_t>(mask_) + 1;
  }

 private:
  Atom<T>& slot(std::int64_t position) noexcept {
    return slots_[static_cast<std::size_t>(position & mask_)];
  }

  const std::int64_t mask_;
  const std::unique_ptr<Atom<T>[]> slots_;
  alignas(kCacheLine) Atom<std::int64_t> bottom_{0};  ///< by the owner; read by thieves
  std::int64_t top_seen_ = 0;                         ///< the owner's own
  alignas(kCacheLine) Atom<std::int64_t> top_{0};  ///< by thieves, and the owner for the last one
};

}  // namespace cogway
