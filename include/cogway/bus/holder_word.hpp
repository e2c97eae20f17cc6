// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who holds a block that several processes share, and in which of its lives it is, in one word: a
// block is free or held, never in between, so that no death can lose it.

#include <atomic>
#include <cstdint>

namespace cogway {

/// 40 bits, one for each participant; one for the channels that carry it, together; 8 bits that
/// count handles on their way from participants that have left in the meantime, and hold the block
/// as well; the low 15 bits of the generation.
///
/// **Threads**: any, of any process; each participant's bit by one thread of it at a time (and,
/// once it is dead, by the one that reclaims).
/// **Ownership**: who sees leave() return `freed` offers the block to others.
/// **Progress**: lock-free.
/// **Order**: what any participant did before leave() happens before the next try_claim().
template <template <typename> class Atom = std::atomic>
class HolderWord {
 public:
  static constexpr std::uint32_t kParticipants = 40;
  static constexpr std::uint32_t kMaxBequests = 0xff;
  static constexpr std::uint32_t kGenerationMask = 0x7fff;
  enum class Left { stays, freed, absent };  ///< others hold it; nobody does; was no holder

  /// Takes a free block, and begins its next generation. False: somebody holds it.
  [[nodiscard]] bool try_claim(std::uint32_t participant) noexcept {
    // order: relaxed, the exchange below decides
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & kHeld) != 0) return false;
      const std::uint64_t next = (word + kOneGeneration) | bit(participant);
      // order: acquire, pairs with leave() release; publishes the accesses of those who left
      if (word_.compare_exchange_weak(word, next, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {  // order: relaxed, retried
        return true;
      }
    } while (true);
  }

  /// One more holder of a held block. False: nobody holds it, or it is in another generation. A
  /// generation that is the same in 15 bits may still be another: compare the whole one next.
  [[nodiscard]] bool try_join(std::uint32_t participant, std::uint32_t generation) noexcept {
    // order: relaxed, the exchange below decides
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & kHeld) == 0 || generation_of(word) != (generation & kGenerationMask)) {
        return false;
      }
      // order: relaxed, no pairing: what may be read is published by the buffer's state
      if (word_.compare_exchange_weak(word, word | bit(participant), std::memory_order_relaxed)) {
        return true;
      }
    } while (true);
  }

  Left leave(std::uint32_t participant) noexcept {
    // order: release, pairs with try_claim() acquire; publishes every holder's accesses
    const std::uint64_t before = word_.fetch_and(~bit(participant), std::memory_order_release);
    if ((before & bit(participant)) == 0) return Left::absent;
    return (before & kHeld) == bit(participant) ? Left::freed : Left::stays;
  }

  /// By a holder that is about to leave while a handle is on its way: the block is held until
  /// settle(). At 255 it stays as it is.
  void bequeath() noexcept {
    // order: relaxed, the exchange below decides
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & kBequests) == kBequests) return;
      // order: relaxed, no pairing: the caller's own bit holds the block
    } while (!word_.compare_exchange_weak(word, word + kOneBequest, std::memory_order_relaxed));
  }
  /// By a holder that has attached: one handle less is on its way.
  void settle() noexcept {
    // order: relaxed, the exchange below decides
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if ((word & kBequests) == 0) return;
      // order: relaxed, no pairing: the caller's own bit holds the block
    } while (!word_.compare_exchange_weak(word, word - kOneBequest, std::memory_order_relaxed));
  }
  /// By a holder: the channels hold the block as well, until uncarry().
  void carry() noexcept { word_.fetch_or(kCarried); }
  /// By a holder: they do not any more.
  void uncarry() noexcept { word_.fetch_and(~kCarried); }
  /// Whether channels hold it; a snapshot.
  [[nodiscard]] bool carried() const noexcept { return (word_.load() & kCarried) != 0; }

  /// Gives up on all handles on their way; `absent`: there were none.
  Left disinherit() noexcept {
    const std::uint64_t before = word_.fetch_and(~kBequests);
    if ((before & kBequests) == 0) return Left::absent;
    return (before & kHeld & ~kBequests) == 0 ? Left::freed : Left::stays;
  }

  /// One bit for each holder; a snapshot.
  [[nodiscard]] std::uint64_t holders() const noexcept {
    // order: relaxed, a snapshot: who acts on it exchanges the word
    return word_.load(std::memory_order_relaxed) & kHolders;
  }
  /// Handles on their way from those that left; a snapshot.
  [[nodiscard]] std::uint32_t bequests() const noexcept {
    // order: relaxed, a snapshot
    return static_cast<std::uint32_t>((word_.load(std::memory_order_relaxed) & kBequests) >>
                                      kBequestShift);
  }
  /// Whether anybody holds it, or a handle does; a snapshot.
  [[nodiscard]] bool held() const noexcept {
    // order: relaxed, a snapshot
    return (word_.load(std::memory_order_relaxed) & kHeld) != 0;
  }
  /// The low 15 bits of the generation.
  [[nodiscard]] std::uint32_t generation() const noexcept {
    // order: relaxed, constant while the caller holds the block
    return generation_of(word_.load(std::memory_order_relaxed));
  }

 private:
  static constexpr std::uint32_t kBequestShift = kParticipants + 1;
  static constexpr std::uint32_t kGenerationShift = 49;
  static constexpr std::uint64_t kOneGeneration = std::uint64_t{1} << kGenerationShift;
  static constexpr std::uint64_t kCarried = std::uint64_t{1} << kParticipants;
  static constexpr std::uint64_t kHolders = kCarried - 1;
  static constexpr std::uint64_t kOneBequest = std::uint64_t{1} << kBequestShift;
  static constexpr std::uint64_t kHeld = kOneGeneration - 1;
  static constexpr std::uint64_t kBequests = kHeld & ~kHolders & ~kCarried;
  static constexpr std::uint64_t bit(std::uint32_t participant) noexcept {
    return std::uint64_t{1} << participant;
  }
  static constexpr std::uint32_t generation_of(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> kGenerationShift);
  }

  Atom<std::uint64_t> word_{0};
};

}  // namespace cogway
