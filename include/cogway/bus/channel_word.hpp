// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the words of a channel's ring are made up. Any bit pattern may be found in one: the functions
// only take it apart.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cogway/base/cacheline.hpp"

namespace cogway {

/// **Threads**, **Progress**, **Order**: as ChannelRing. **Ownership**: the ring's memory's.
template <template <typename> class Atom = std::atomic>
struct ChannelEnds {
  alignas(kCacheLine) Atom<std::uint64_t> tail{0};     ///< EndWord: next to fill; moved by anyone
  alignas(kCacheLine) Atom<std::uint64_t> head{0};     ///< EndWord: next to take; moved by anyone
  alignas(kCacheLine) Atom<std::uint32_t> closing{0};  ///< 1: no more is to come
};

namespace detail {

/// What a slot is; wrong: what nobody writes.
enum class SlotKind : std::uint32_t { free = 0, filling = 1, full = 2, gone = 3, end = 4, wrong };

/// 43 bits of lap, 12 of size, 6 of who fills it, 3 of kind.
struct SlotWord {
  std::uint64_t bits = 0;

  static constexpr std::uint32_t kOwnerShift = 3, kSizeShift = 9, kLapShift = 21;
  [[nodiscard]] constexpr SlotKind kind() const noexcept {
    const std::uint64_t kind = bits & 7;
    return kind <= 4 ? static_cast<SlotKind>(kind) : SlotKind::wrong;
  }
  [[nodiscard]] constexpr std::uint32_t owner() const noexcept {
    return static_cast<std::uint32_t>(bits >> kOwnerShift & 0x3f);
  }
  [[nodiscard]] constexpr std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(bits >> kSizeShift & 0xfff);
  }
  [[nodiscard]] constexpr std::uint32_t lap() const noexcept {
    return static_cast<std::uint32_t>(bits >> kLapShift);
  }
  /// Of the same lap.
  [[nodiscard]] constexpr SlotWord as(SlotKind kind, std::uint32_t size,
                                      std::uint32_t owner = 0) const noexcept {
    return {bits >> kLapShift << kLapShift | std::uint64_t{size} << kSizeShift |
            std::uint64_t{owner} << kOwnerShift | static_cast<std::uint64_t>(kind)};
  }
  /// Free for the next lap; keeps the size, by which the head is moved on.
  [[nodiscard]] constexpr SlotWord freed() const noexcept {
    return SlotWord{bits + (std::uint64_t{1} << kLapShift)}.as(SlotKind::free, size());
  }
};

/// 28 bits of position, 36 of the weight of all that went before.
struct EndWord {
  std::uint64_t bits = 0;

  static constexpr std::uint32_t kPositionBits = 28;
  static constexpr std::uint64_t kPositions = (std::uint64_t{1} << kPositionBits) - 1;
  [[nodiscard]] constexpr EndWord next(std::uint64_t weight) const noexcept {
    return {((bits >> kPositionBits) + weight) << kPositionBits | ((bits + 1) & kPositions)};
  }
  [[nodiscard]] constexpr std::uint32_t messages_after(EndWord head) const noexcept {
    return static_cast<std::uint32_t>((bits - head.bits) & kPositions);
  }
  [[nodiscard]] constexpr std::uint64_t weight_after(EndWord head) const noexcept {
    return ((bits >> kPositionBits) - (head.bits >> kPositionBits)) &
           (~std::uint64_t{0} >> kPositionBits);
  }
  /// How many laps a slot's word is ahead, as far as the position knows: -1, 0 or 1, else it is
  /// damaged or out of date. `bits` of the number of slots.
  [[nodiscard]] constexpr std::int32_t laps_behind(SlotWord word,
                                                   std::uint32_t slot_bits) const noexcept {
    const std::uint32_t unknown = 32 - (kPositionBits - slot_bits);
    const auto lap = static_cast<std::uint32_t>((bits & kPositions) >> slot_bits);
    return static_cast<std::int32_t>((word.lap() - lap) << unknown) >> unknown;
  }
};

}  // namespace detail

/// A slot, and the word that it had.
struct ChannelPlace {
  std::uint64_t end = 0;  ///< the tail or head that it was found by
  detail::SlotWord word;
  std::byte* message = nullptr;
  [[nodiscard]] std::uint32_t size() const noexcept { return word.size(); }
};

}  // namespace cogway
