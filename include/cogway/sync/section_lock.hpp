// SPDX-License-Identifier: Apache-2.0
#pragma once
// What critical sections lock: words in a fixed table, found by an object's address, so that any
// object has a lock and none carries one.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "cogway/base/cacheline.hpp"
#include "cogway/sync/parking.hpp"
#include "cogway/sync/spin_wait.hpp"

namespace cogway {

/// A lock that is waited for in slices, so that signals are seen between them, and that may be held
/// for long. Only SectionStack takes it.
///
/// **Threads**: all; unlock() by whoever holds it. Not recursive.
/// **Ownership**: a word of a SectionTable.
/// **Progress**: wait_once() and sleep_once() block until the deadline at most. unlock() enters the
/// kernel only when somebody sleeps. Unfair.
/// **Order**: unlock() publishes to whoever locks next.
template <template <typename> class Atom = std::atomic>
class SectionLock {
 public:
  SectionLock() = default;
  SectionLock(const SectionLock&) = delete;
  SectionLock& operator=(const SectionLock&) = delete;

  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t seen = kFree;
    // order: acquire, pairs with unlock() release; publishes the guarded data
    return word_.compare_exchange_strong(seen, kHeld, std::memory_order_acquire);
  }
  /// Searches, then sleeps once; false: it is not ours, try again.
  [[nodiscard]] bool wait_once(TimePoint deadline) noexcept {
    for (SpinWait<Atom> wait; !wait.yields(); wait.once()) {
      if (try_lock()) return true;
    }
    return sleep_once(deadline);
  }
  /// The same without the search.
  [[nodiscard]] bool sleep_once(TimePoint deadline) noexcept {
    if (lock_awaited()) return true;
    (void)Parking<Atom>::park(word_, kAwaited, deadline);
    return lock_awaited();  // again: the wake-up took the mark away that others sleep
  }
  void unlock() noexcept {
    // order: release, pairs with try_lock() and lock_awaited() acquire; publishes the guarded data
    if (word_.exchange(kFree, std::memory_order_release) == kAwaited) {
      Parking<Atom>::unpark(word_, 1);
    }
  }
  /// In a forked child, by its one thread: nobody sleeps here, and the others that held it are not
  /// in this process.
  void reset(bool held) noexcept {
    // order: relaxed, later threads of the child are started by this one
    word_.store(held ? kHeld : kFree, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kAwaited = 2;

  bool lock_awaited() noexcept {
    // order: acquire, pairs with unlock() release; publishes the guarded data
    return word_.exchange(kAwaited, std::memory_order_acquire) == kFree;
  }

  Atom<std::uint32_t> word_{kFree};  ///< by all
};

/// What one section locks: a lock, or two in the order in which all take them; second is nullptr
/// where both objects have the same.
template <template <typename> class Atom = std::atomic>
struct SectionTarget {
  SectionLock<Atom>* first = nullptr;
  SectionLock<Atom>* second = nullptr;
};

/// **Threads**: all. **Ownership**: one for the process, as long as it runs: threads that end late
/// unlock here. **Progress**: wait-free. **Order**: none, the locks have theirs.
template <template <typename> class Atom = std::atomic, std::size_t kLocks = 256>
class SectionTable {
 public:
  using Lock = SectionLock<Atom>;

  [[nodiscard]] SectionTarget<Atom> target(const void* object) noexcept {
    return {&lock_of(object), nullptr};
  }
  [[nodiscard]] SectionTarget<Atom> target(const void* one, const void* other) noexcept {
    Lock* first = &lock_of(one);
    Lock* second = &lock_of(other);
    if (first == second) return {first, nullptr};
    if (std::less<>{}(second, first)) std::swap(first, second);
    return {first, second};
  }
  /// In a forked child, before SectionStack::readopt().
  void reset() noexcept {
    for (Place& place : places_) place.lock.reset(false);
  }

 private:
  struct alignas(kCacheLine) Place {
    Lock lock;
  };

  Lock& lock_of(const void* object) noexcept {
    // Fibonacci hashing; the lowest bits of an address say nothing.
    const auto bits = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object)) >> 4;
    return places_[(bits * 0x9e3779b97f4a7c15U >> 32) % kLocks].lock;
  }

  std::array<Place, kLocks> places_;
};

}  // namespace cogway
