// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who takes part in a shared bus, and whether anybody still may: one word, so that the last to
// leave and the next to come cannot miss each other.

#include <atomic>
#include <cstdint>

namespace cogway {

/// **Threads**: any, of any process; a participant's bit by whoever has its lock.
/// **Ownership**: who closes it gives up the memory for all.
/// **Progress**: lock-free.
/// **Order**: what a participant did before leave() or join() is seen by who sees that it did.
template <template <typename> class Atom = std::atomic>
class MemberWord {
 public:
  /// False: closed.
  [[nodiscard]] bool try_join(std::uint32_t participant) noexcept {
    std::uint64_t word = word_.load();
    do {
      if ((word & kClosed) != 0) return false;
    } while (!word_.compare_exchange_weak(word, word | bit(participant)));
    return true;
  }
  /// True: that was the last one, and nobody can join any more.
  bool leave(std::uint32_t participant) noexcept {
    std::uint64_t word = word_.load();
    std::uint64_t next = 0;
    do {
      next = word & ~bit(participant);
      if (next == 0) next = kClosed;
    } while (!word_.compare_exchange_weak(word, next));
    return (word & kClosed) == 0 && next == kClosed;
  }
  /// Takes a dead participant out; a bus of dead ones stays open to the next to come.
  void remove(std::uint32_t participant) noexcept { word_.fetch_and(~bit(participant)); }
  /// Closes it if its members are exactly these. True: it is closed.
  bool close_if(std::uint64_t members) noexcept {
    return word_.compare_exchange_strong(members, kClosed) || (members & kClosed) != 0;
  }

  /// One bit for each; a snapshot.
  [[nodiscard]] std::uint64_t members() const noexcept { return word_.load() & ~kClosed; }
  [[nodiscard]] bool closed() const noexcept { return (word_.load() & kClosed) != 0; }

 private:
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;
  static constexpr std::uint64_t bit(std::uint32_t participant) noexcept {
    return std::uint64_t{1} << participant;
  }
  Atom<std::uint64_t> word_{0};
};

}  // namespace cogway
