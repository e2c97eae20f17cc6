// SPDX-License-Identifier: Apache-2.0
#pragma once
// A door that closes behind those who are inside: what is let in is waited for, what comes later is
// refused. For a queue that must not lose what is being pushed while it closes.

#include <atomic>
#include <cstdint>

namespace cogway {

/// enter() … leave() around the work that must not be missed; close() once; who collects what the
/// work left looks at settled() first and then collects: nothing can come after that.
///
/// **Threads**: any. **Ownership**: none. **Progress**: enter() lock-free, the rest wait-free.
/// **Order**: settled() sees all that was done inside. A refused enter() sees what came before
/// close().
template <template <typename> class Atom = std::atomic>
class EntryGate {
 public:
  /// False: closed. True: leave() must follow.
  [[nodiscard]] bool enter() noexcept {
    // order: acquire, pairs with close() release; who is refused sees why
    std::uint64_t word = word_.load(std::memory_order_acquire);
    while ((word & kClosed) == 0) {
      // order: acquire, as above: a failure looks again, and may not be stronger than a success
      if (word_.compare_exchange_weak(word, word + kInside, std::memory_order_acquire)) return true;
    }
    return false;
  }
  /// True: closed, and this was the last one inside: whoever waits for settled() may now look.
  [[nodiscard]] bool leave() noexcept {
    // order: release, pairs with settled() acquire; publishes what was done inside
    return word_.fetch_sub(kInside, std::memory_order_release) == (kInside | kClosed);
  }
  void close() noexcept {
    // order: release, pairs with enter() and closed() acquire; publishes what came before
    word_.fetch_or(kClosed, std::memory_order_release);
  }
  [[nodiscard]] bool closed() const noexcept {
    // order: acquire, pairs with close() release
    return (word_.load(std::memory_order_acquire) & kClosed) != 0;
  }
  /// Closed, and nobody is inside, or will be.
  [[nodiscard]] bool settled() const noexcept {
    // order: acquire, pairs with leave() release; the updates in between continue its sequence
    return word_.load(std::memory_order_acquire) == kClosed;
  }

 private:
  static constexpr std::uint64_t kClosed = 1;
  static constexpr std::uint64_t kInside = 2;
  Atom<std::uint64_t> word_{0};  ///< kClosed, and kInside for each one inside; by all
};

}  // namespace cogway
