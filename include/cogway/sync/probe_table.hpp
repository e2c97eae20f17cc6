// SPDX-License-Identifier: Apache-2.0
#pragma once
// The memory of a ProbeMap: an array of slots in a power of two, searched by open addressing. Not a
// map by itself: it has no notion of equal keys and none of growth.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/os/pages.hpp"

namespace cogway {

/// What a map is made of: a pointer, or a number, or a pointer with tags. Zero is no word.
using ProbeWord = std::uintptr_t;

/// **Threads**: written by whoever holds the map's lock, read by all.
/// **Ownership**: the map's. **Progress**: wait-free.
/// **Order**: `key` publishes `hash`, `value` publishes what it stands for. A slot gets one key in
/// the life of its table; only the value changes after that, and the key to kGoneKey at last.
template <template <typename> class Atom = std::atomic>
struct ProbeSlot {
  static constexpr ProbeWord kNoKey = 0;    ///< never used: a search ends here
  static constexpr ProbeWord kGoneKey = 2;  ///< removed: a search goes on

  Atom<ProbeWord> key{kNoKey};
  Atom<std::uint64_t> hash{0};
  Atom<ProbeWord> value{0};  ///< 0: being removed; without a key: anything
};

/// A table and its size in one word, so that both are read at once. The word 0 is no table.
///
/// **Threads**: a value. **Ownership**: none: create() makes, destroy() frees.
/// **Progress**: wait-free but for create() and destroy(). **Order**: none.
template <template <typename> class Atom = std::atomic>
class ProbeTable {
 public:
  using Slot = ProbeSlot<Atom>;
  using Word = ProbeWord;

  ProbeTable() = default;
  explicit ProbeTable(Word word) noexcept : word_(word) {}

  /// An empty table of 2^shift slots; none when memory is short.
  [[nodiscard]] static ProbeTable create(unsigned shift) noexcept {
    void* memory = ::operator new(bytes(shift), std::align_val_t{kAlignment}, std::nothrow);
    if (memory == nullptr) return {};
    auto* head = new (memory) Head{};
    std::uninitialized_value_construct_n(slots_after(head), std::size_t{1} << shift);
    return ProbeTable(reinterpret_cast<Word>(head) | shift);
  }
  /// Nobody may read it any more.
  void destroy() const noexcept {
    std::destroy_n(slots(), capacity());
    ::operator delete(head(), std::align_val_t{kAlignment});
  }
  /// Empties a table that readers of an earlier time may still look at.
  void wipe() const noexcept {
    for (std::size_t i = 0; i < capacity(); ++i) {
      // order: release, pairs with ProbeReader::search() acquire; who sees anything of a table's
      // next life sees also that the generation moved on
      slots()[i].key.store(Slot::kNoKey, std::memory_order_release);
    }
  }
  /// Gives the memory of a large table back to the system until it is wiped; it stays readable.
  void idle() const noexcept {
    if (bytes(shift()) >= kWorthDiscarding) os::discard_pages(slots(), capacity() * sizeof(Slot));
  }

  explicit operator bool() const noexcept { return word_ != 0; }
  [[nodiscard]] Word word() const noexcept { return word_; }
  [[nodiscard]] unsigned shift() const noexcept { return word_ % kAlignment; }
  [[nodiscard]] std::size_t capacity() const noexcept { return std::size_t{1} << shift(); }
  [[nodiscard]] Slot* slots() const noexcept { return slots_after(head()); }
  /// Slots that may be used before the table has to be replaced: two thirds.
  [[nodiscard]] std::size_t limit() const noexcept { return capacity() * 2 / 3; }
  /// The link of a list of idle tables.
  [[nodiscard]] Word& next() const noexcept { return head()->next; }

  /// Size for `count` keys, one at least: half full at most, so that it lasts for a while.
  [[nodiscard]] static unsigned shift_for(std::size_t count, unsigned smallest) noexcept {
    const auto shift = static_cast<unsigned>(std::bit_width(2 * count - 1));
    return shift < smallest ? smallest : shift;
  }

  /// The slots in which a key of this hash may be, in the order of search. Every slot comes up, so
  /// a search ends if one is unused.
  class Walk {
   public:
    Walk(ProbeTable table, std::uint64_t hash) noexcept
        : slots_(table.slots()), mask_(table.capacity() - 1), index_(hash & mask_), rest_(hash) {}
    [[nodiscard]] Slot& slot() const noexcept { return slots_[index_]; }
    void next() noexcept {
      rest_ >>= 5;  // brings the upper bits in, as CPython's dict does
      index_ = (index_ * 5 + rest_ + 1) & mask_;
    }

   private:
    Slot* slots_;
    std::uint64_t mask_;
    std::uint64_t index_;
    std::uint64_t rest_;
  };

  /// Puts a key into a table that nobody reads yet and that does not have it.
  void place(Word key, std::uint64_t hash, Word value) const noexcept {
    Walk walk(*this, hash);
    // order: relaxed, no pairing: published with the table
    while (walk.slot().key.load(std::memory_order_relaxed) != Slot::kNoKey) walk.next();
    fill(walk.slot(), key, hash, value);
  }
  static void fill(Slot& slot, Word key, std::uint64_t hash, Word value) noexcept {
    // order: release, pairs with ProbeReader::search() acquire; see wipe()
    slot.hash.store(hash, std::memory_order_release);
    // order: release, pairs with ProbeReader::search() acquire; publishes what the value stands for
    slot.value.store(value, std::memory_order_release);
    // order: release, pairs with ProbeReader::search() acquire; publishes the hash and the key
    // itself
    slot.key.store(key, std::memory_order_release);
  }

  /// Calls visitor(key, hash, value) for each key; nobody writes.
  template <typename Visitor>
  void visit(Visitor&& visitor) const {
    for (std::size_t i = 0; word_ != 0 && i < capacity(); ++i) {
      const Slot& slot = slots()[i];
      // order: relaxed, no pairing: nobody writes
      const Word key = slot.key.load(std::memory_order_relaxed);
      if (key == Slot::kNoKey || key == Slot::kGoneKey) continue;
      visitor(key, slot.hash.load(std::memory_order_relaxed),  // order: relaxed, as above
              slot.value.load(std::memory_order_relaxed));     // order: relaxed, as above
    }
  }

 private:
  struct Head {
    Word next = 0;
  };
  static constexpr std::size_t kAlignment = kCacheLine;  ///< leaves room for the shift
  static constexpr std::size_t kWorthDiscarding = 64 * 1024;

  static std::size_t bytes(unsigned shift) noexcept {
    return sizeof(Head) + (sizeof(Slot) << shift);
  }
  [[nodiscard]] Head* head() const noexcept {
    return reinterpret_cast<Head*>(word_ & ~Word{kAlignment - 1});
  }
  static Slot* slots_after(Head* head) noexcept { return reinterpret_cast<Slot*>(head + 1); }

  Word word_ = 0;
};

}  // namespace cogway
