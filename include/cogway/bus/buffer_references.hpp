// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who keeps a buffer alive, on two levels: each process counts its own references privately, and
// holds one shared reference, a bit in the buffer's header, as long as its count is not 0. A
// process that dies leaves nothing but its bit, which names it.

#include <atomic>
#include <cstdint>

namespace cogway {

/// One process's count of its references to one buffer, in that process's own memory.
///
/// **Threads**: any. add() only by a thread that holds a reference; revive() as it says.
/// **Ownership**: the one who sees drop() return true gives up the process's shared reference.
/// **Progress**: wait-free.
/// **Order**: what any holder did before drop() happens before the true drop() returns.
template <template <typename> class Atom = std::atomic>
class PrivateCount {
 public:
  /// One reference; by the thread that took the block.
  void start() noexcept {
    // order: relaxed, the block is the caller's alone; handing the reference on publishes it
    count_.store(1, std::memory_order_relaxed);
  }
  void add() noexcept {
    // order: relaxed, the caller's own reference keeps the count above 0
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  /// As add(), where there may be none: true if there was none. By the thread that has the record's
  /// lock; whoever dropped the last one asks for the lock next.
  [[nodiscard]] bool revive() noexcept {
    // order: relaxed, the record's lock orders it with the one who dropped the last reference
    return count_.fetch_add(1, std::memory_order_relaxed) == 0;
  }
  /// True: that was the last one.
  [[nodiscard]] bool drop() noexcept {
    // order: acq_rel, pairs with itself; publishes every holder's accesses to the last one
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  [[nodiscard]] std::uint32_t count() const noexcept {
    // order: acquire, pairs with drop() release; publishes the accesses of those who left
    return count_.load(std::memory_order_acquire);
  }

 private:
  Atom<std::uint32_t> count_{0};
};

/// The processes that hold a buffer, one bit each; bit kBusBit stands for the bus itself (slots,
/// channels).
///
/// **Threads**: any, of any process. join() only while the buffer is held.
/// **Ownership**: the one who sees leave() return true frees the block.
/// **Progress**: wait-free.
/// **Order**: what any participant did before leave() happens before the true leave() returns.
template <template <typename> class Atom = std::atomic>
class ParticipantSet {
 public:
  static constexpr std::uint32_t kMaxParticipants = 63;
  static constexpr std::uint32_t kBusBit = 63;

  /// One participant; by the thread that took the block.
  void start(std::uint32_t participant) noexcept {
    // order: relaxed, the block is the caller's alone; handing the reference on publishes it
    bits_.store(bit(participant), std::memory_order_relaxed);
  }
  void join(std::uint32_t participant) noexcept {
    // order: relaxed, a current holder's bit keeps the set from emptying meanwhile
    bits_.fetch_or(bit(participant), std::memory_order_relaxed);
  }
  /// True: that was the last one. False too if the participant was not in the set.
  [[nodiscard]] bool leave(std::uint32_t participant) noexcept {
    // order: acq_rel, pairs with itself; publishes every participant's accesses to the last one
    return bits_.fetch_and(~bit(participant), std::memory_order_acq_rel) == bit(participant);
  }
  [[nodiscard]] std::uint64_t bits() const noexcept {
    // order: relaxed, a snapshot for statistics
    return bits_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t bit(std::uint32_t participant) noexcept {
    return std::uint64_t{1} << participant;
  }
  Atom<std::uint64_t> bits_{0};
};

}  // namespace cogway
