// SPDX-License-Identifier: Apache-2.0
#pragma once
// The seam between the lock-free types and the machine they wait on: putting a thread to sleep on a
// word, waking it, relaxing and yielding between two looks. Specialised per atomic template, so
// that the model checker, which swaps the atomics, swaps the waiting with them.

#include <atomic>
#include <cstdint>

#include "cogway/base/clock.hpp"
#include "cogway/base/cpu.hpp"
#include "cogway/base/os/futex.hpp"
#include "cogway/base/os/thread.hpp"
#include "cogway/sync/spin_budget.hpp"

namespace cogway {

using ParkResult = os::FutexWait;

/// Waiting for types that are templates over `Atom`. Members of every specialisation:
///   park(word, expected, deadline)  sleep while word == expected
///   unpark(word, count)             wake at most that many sleepers of word
///   Address, address_of(word)       a word's place, to be taken while the word is there
///   unpark_at(address, count)       unpark() for a word that may be gone: who slept on it has left
///   relax(), yield()                one turn of a busy wait; offer the processor
///   now()                           what deadlines are compared with
///   kYields, offer(place)           offers of the processor between a search and sleep; one of
///                                   them, false where it has cost a time slice lately
///   Place, Search                   what is learned about one waiting place; one bounded search
///   there
template <template <typename> class Atom>
struct Parking;

/// **Threads**: all, at any time. **Ownership**: holds nothing. **Progress**: park() blocks, the
/// rest does not. **Order**: none: park() and unpark() publish nothing, the words they look at do.
template <>
struct Parking<std::atomic> {
  using Place = SpinPlace;
  using Search = SpinSearch;
  /// On a busy machine a yield runs whoever has the work; on an idle one it costs half a
  /// microsecond.
  static constexpr int kYields = 3;

  static ParkResult park(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                         TimePoint deadline) noexcept {
    return os::futex_wait(word, expected, deadline);
  }
  static void unpark(const std::atomic<std::uint32_t>& word, int count) noexcept {
    os::futex_wake(word, count);
  }
  using Address = const std::atomic<std::uint32_t>*;
  static Address address_of(const std::atomic<std::uint32_t>& word) noexcept { return &word; }
  static void unpark_at(Address address, int count) noexcept { os::futex_wake(*address, count); }
  static TimePoint now() noexcept { return monotonic_now(); }
  static void relax() noexcept { cpu_relax(); }
  static void yield() noexcept { os::yield_thread(); }
  static bool offer(Place& place) noexcept { return place.offer(); }
};

}  // namespace cogway
