// SPDX-License-Identifier: Apache-2.0
#pragma once
// The word that counts a task record's references and says which of its lives they belong to. Its
// memory is recycled, never given back, so that a reference may be asked for by who holds none.

#include <atomic>
#include <cstdint>

namespace cogway {

/// How the word is read and changed; it lies in the record.
///
/// **Threads**: any. begin() and retire() by the one that owns the record meanwhile.
/// **Ownership**: who gets the last reference back owns the record.
/// **Progress**: wait-free, try_share() lock-free.
/// **Order**: the last drop(), and alone(), see what all holders did; try_share() sees what came
/// before the references that it found.
template <template <typename> class Atom = std::atomic>
class TaskReferences {
 public:
  explicit TaskReferences(Atom<std::uint64_t>& word) noexcept : word_(word) {}

  /// One reference to a record that is nobody else's.
  void begin() noexcept {
    // order: relaxed, the record is this thread's until it is published; generations differ, so
    // that try_share() of an old one fails
    const std::uint64_t old = word_.load(std::memory_order_relaxed);
    // order: relaxed, as above
    word_.store(old + kOne, std::memory_order_relaxed);
  }
  /// Ends a life, after the last reference was given back or while alone().
  void retire() noexcept {
    // order: relaxed, publication is the pool's; a try_share() in between sees no reference
    const std::uint64_t generation = word_.load(std::memory_order_relaxed) & ~(kGeneration - 1);
    // order: relaxed, as above
    word_.store(generation + kGeneration, std::memory_order_relaxed);
  }
  /// Gives a reference back; true: it was the last.
  [[nodiscard]] bool drop() noexcept {
    // order: acq_rel, release publishes this holder's use, acquire takes the others' for recycling
    return static_cast<std::uint32_t>(word_.fetch_sub(kOne, std::memory_order_acq_rel)) == 1;
  }
  /// There is one reference, the caller's.
  [[nodiscard]] bool alone() const noexcept {
    // order: acquire, pairs with drop() of the last other holder
    return static_cast<std::uint32_t>(word_.load(std::memory_order_acquire)) == 1;
  }
  /// Of the record's life; only by a holder.
  [[nodiscard]] std::uint32_t generation() const noexcept {
    // order: relaxed, the caller holds a reference: it cannot change
    return static_cast<std::uint32_t>(word_.load(std::memory_order_relaxed) >> 32);
  }
  /// True: one reference more, if that life has not ended.
  [[nodiscard]] bool try_share(std::uint32_t generation) noexcept {
    // order: relaxed, a first guess
    std::uint64_t old = word_.load(std::memory_order_relaxed);
    do {
      if (old >> 32 != generation || static_cast<std::uint32_t>(old) == 0) return false;
      // order: acquire, as for any new reference to what others published
    } while (!word_.compare_exchange_weak(old, old + kOne, std::memory_order_acquire,
                                          std::memory_order_relaxed));
    return true;
  }

 private:
  static constexpr std::uint64_t kOne = 1;
  static constexpr std::uint64_t kGeneration = std::uint64_t{1} << 32;
  Atom<std::uint64_t>& word_;  ///< generation << 32 | references
};

}  // namespace cogway
