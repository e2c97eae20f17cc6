// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many slots of channels carry a block, beside the one bit of its HolderWord that says that any
// do. A process may die between changing the count and changing the slot: the count is then put
// right by counting the slots, and is proof against what others change meanwhile.

#include <atomic>
#include <cstdint>

#include "cogway/bus/holder_word.hpp"

namespace cogway {

/// 32 bits that change with every step, 32 of count.
///
/// **Threads**: any, of any process, by one that holds the block itself; settle() too.
/// **Ownership**: part of the block's header.
/// **Progress**: lock-free.
/// **Order**: sequentially consistent. While nobody is inside a step the holder word's bit is set
/// if, and only if, the count is not 0; a death inside one leaves the dead's own bit in the word.
template <template <typename> class Atom = std::atomic>
class CarriedCount {
 public:
  using Snapshot = std::uint64_t;

  /// Before the block's handle is written into a slot.
  void add(HolderWord<Atom>& holders) noexcept {
    change(+1);
    holders.carry();
  }
  /// Before a handle is taken out of a slot: a settle() that has not seen it will fail.
  void touch() noexcept { change(0); }
  /// After it was taken out.
  void remove(HolderWord<Atom>& holders) noexcept {
    change(-1);
    agree(holders);
  }

  [[nodiscard]] Snapshot snapshot() const noexcept { return word_.load(); }
  [[nodiscard]] static std::uint32_t count_of(Snapshot seen) noexcept {
    return static_cast<std::uint32_t>(seen);
  }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_of(word_.load()); }
  /// The slots were counted: `count` of them carry it, if nothing has changed since `seen`, when
  /// nobody was between touch() or add() and the end of what it was doing.
  [[nodiscard]] bool settle(Snapshot seen, std::uint32_t count,
                            HolderWord<Atom>& holders) noexcept {
    if (!word_.compare_exchange_strong(seen, next(seen, count))) return false;
    agree(holders);
    return true;
  }

 private:
  static constexpr Snapshot next(Snapshot seen, std::uint32_t count) noexcept {
    return ((seen >> 32) + 1) << 32 | count;
  }
  void change(int by) noexcept {
    Snapshot seen = word_.load();
    std::uint32_t count = 0;
    do {
      count = count_of(seen);
      if (by > 0 || (by < 0 && count != 0)) count += static_cast<std::uint32_t>(by);
    } while (!word_.compare_exchange_weak(seen, next(seen, count)));
  }
  // Another one's add() may have set the bit before it is taken away here: it is set again. Another
  // one's remove() may have been the last one before that: it is taken away again.
  void agree(HolderWord<Atom>& holders) noexcept {
    for (;;) {
      if (count() == 0) holders.uncarry();
      if (count() == 0) return;
      holders.carry();
      if (count() != 0) return;
    }
  }

  Atom<std::uint64_t> word_{0};
};

}  // namespace cogway
