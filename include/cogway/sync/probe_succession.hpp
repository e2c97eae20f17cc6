// SPDX-License-Identifier: Apache-2.0
#pragma once
// The tables that a ProbeMap has one after the other as it grows, is tidied or emptied: which one
// counts, how a reader learns that it looked at an old one, and where old ones go.

#include <atomic>
#include <cstdint>

#include "cogway/sync/probe_table.hpp"

namespace cogway {

/// **Threads**: view() and unchanged() by all; the rest under the map's lock.
/// **Ownership**: owns the tables. With Parallel, retired tables are kept until the end, one or two
/// of each size, and taken again: their memory is never freed under a reader.
/// **Progress**: wait-free but for memory.
/// **Order**: publish() publishes the table's contents to view().
template <bool Parallel, template <typename> class Atom = std::atomic>
class ProbeSuccession {
 public:
  using Table = ProbeTable<Atom>;
  using Word = ProbeWord;

  ProbeSuccession() = default;
  ProbeSuccession(const ProbeSuccession&) = delete;
  ProbeSuccession& operator=(const ProbeSuccession&) = delete;
  ~ProbeSuccession() {
    if (const Table table = current()) table.destroy();
    while (spares_ != 0) {
      const Table table(spares_);
      spares_ = table.next();
      table.destroy();
    }
  }

  struct View {
    std::uint64_t generation;
    Table table;
  };
  /// What a reader looks at: the table of this generation, or already its successor.
  [[nodiscard]] View view() const noexcept {
    // order: acquire, pairs with publish() release; a table at least as new as the generation
    const std::uint64_t generation = generation_.load(std::memory_order_acquire);
    // order: acquire, pairs with publish() release; publishes the table's contents
    return {generation, Table(table_.load(std::memory_order_acquire))};
  }

  /// Whether what was read since view() was of a table that counted all the while. To be asked
  /// after reading with acquire: a slot of a table in its next life says so.
  [[nodiscard]] bool unchanged(std::uint64_t generation) const noexcept {
    // order: relaxed, no pairing: see wipe(), whose release came with what made this matter
    return generation_.load(std::memory_order_relaxed) == generation;
  }

  [[nodiscard]] Table current() const noexcept {
    // order: relaxed, no pairing: written under the lock
    return Table(table_.load(std::memory_order_relaxed));
  }

  /// An empty table that nobody looks at in earnest; none when memory is short.
  [[nodiscard]] Table obtain(unsigned shift) noexcept {
    for (Word* link = &spares_; *link != 0; link = &Table(*link).next()) {
      const Table spare(*link);
      if (spare.shift() != shift) continue;
      *link = spare.next();
      spare.wipe();
      return spare;
    }
    return Table::create(shift);
  }

  /// `table` counts from now on. The generation moves after the table, so that a reader may take
  /// the new table for an old one, but never an old one for the new.
  void publish(Table table) noexcept {
    // order: release, pairs with view() acquire; publishes the table's contents
    table_.store(table.word(), std::memory_order_release);
    // order: relaxed, no pairing: written under the lock
    const std::uint64_t generation = generation_.load(std::memory_order_relaxed);
    // order: release, pairs with view() acquire; publishes the table's word
    generation_.store(generation + 1, std::memory_order_release);
  }

  /// A table that no longer counts and refers to nothing.
  void retire(Table table) noexcept {
    if (!table) return;
    if constexpr (Parallel) {
      table.idle();
      table.next() = spares_;
      spares_ = table.word();
    } else {
      table.destroy();
    }
  }

 private:
  Atom<std::uint64_t> generation_{0};  ///< of the table that counts
  Atom<Word> table_{0};                ///< its word
  Word spares_ = 0;                    ///< under the lock: tables without a use, linked
};

}  // namespace cogway
