// SPDX-License-Identifier: Apache-2.0
#pragma once
// What may be done with a buffer, in one word with the count of its writable exports, so that
// freeze() and a new export can never both succeed.
//
//          lease            freeze
//   free ─────────▶ leased ─────────▶ frozen        leased: written through any number of exports
//     ▲               │ transfer        │           frozen: immutable, any number of readers
//     │               ▼                 │           transferred: one exclusive writable export at
//     └────────── transferred ◀─────────┘                        a time; no reads beside it
//   (last reference dropped)   transfer, sole holder only

#include <atomic>
#include <cstdint>

namespace cogway {

enum class BufferState : std::uint8_t { free = 0, leased = 1, frozen = 2, transferred = 3 };

/// "free", "leased", "frozen" or "transferred".
[[nodiscard]] const char* buffer_state_name(BufferState state) noexcept;

/// **Threads**: every call from any thread that holds a reference; begin_lease() and end_lease() by
/// the one that takes or frees the block.
/// **Ownership**: part of the buffer's header.
/// **Progress**: lock-free; begin_lease(), end_lease(), end_export() wait-free.
/// **Order**: a successful try_freeze() or try_transfer() publishes what was written before it to
/// whoever sees the new state.
template <template <typename> class Atom = std::atomic>
class StateWord {
 public:
  [[nodiscard]] BufferState state() const noexcept {
    // order: acquire, pairs with change() release; publishes payload and layout
    return static_cast<BufferState>(word_.load(std::memory_order_acquire) & kStateMask);
  }
  [[nodiscard]] std::uint32_t writable_exports() const noexcept {
    // order: relaxed, a number for messages: try_freeze() decides
    return word_.load(std::memory_order_relaxed) >> kExportShift;
  }

  void begin_lease() noexcept { set(BufferState::leased); }
  void end_lease() noexcept { set(BufferState::free); }

  /// Counts one more writable export: of a leased buffer always, of a transferred one only if it is
  /// the first. False in other states, and when 2^24 - 1 exports live.
  [[nodiscard]] bool try_export() noexcept {
    // order: relaxed, the CAS below decides
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const auto state = static_cast<BufferState>(word & kStateMask);
      const std::uint32_t exports = word >> kExportShift;
      const bool allowed = (state == BufferState::leased && exports < kMaxExports) ||
                           (state == BufferState::transferred && exports == 0);
      if (!allowed) return false;
      // order: acquire, pairs with end_export() release; publishes earlier exporters' writes
      if (word_.compare_exchange_weak(word, word + kOneExport, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {  // order: relaxed, retried
        return true;
      }
    }
  }
  void end_export() noexcept {
    // order: release, pairs with change() acquire; publishes the exporter's writes
    word_.fetch_sub(kOneExport, std::memory_order_release);
  }

  /// leased → frozen, when no writable export lives.
  [[nodiscard]] bool try_freeze() noexcept {
    return change(BufferState::leased, BufferState::frozen);
  }
  /// leased or frozen → transferred, when no writable export lives. From frozen the caller must
  /// know that nobody else holds the buffer.
  [[nodiscard]] bool try_transfer(BufferState from) noexcept {
    return change(from, BufferState::transferred);
  }

 private:
  static constexpr std::uint32_t kStateMask = 0xff;
  static constexpr std::uint32_t kExportShift = 8;
  static constexpr std::uint32_t kOneExport = 1u << kExportShift;
  static constexpr std::uint32_t kMaxExports = (1u << 24) - 1;

  void set(BufferState state) noexcept {
    // order: release, pairs with state() acquire; publishes the header as the lessee wrote it
    word_.store(static_cast<std::uint32_t>(state), std::memory_order_release);
  }
  bool change(BufferState from, BufferState to) noexcept {
    auto expected = static_cast<std::uint32_t>(from);  // and no exports
    // order: acq_rel, pairs with end_export() release and state() acquire; publishes payload,
    // layout
    return word_.compare_exchange_strong(expected, static_cast<std::uint32_t>(to),
                                         std::memory_order_acq_rel,
                                         std::memory_order_relaxed);  // order: relaxed, reported
  }

  Atom<std::uint32_t> word_{0};
};

}  // namespace cogway
