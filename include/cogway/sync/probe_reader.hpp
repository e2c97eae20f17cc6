// SPDX-License-Identifier: Apache-2.0
#pragma once
// The reading half of a ProbeMap: finding a key while writers move, remove and free what is looked
// at. The rules are in probe_map.hpp.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "cogway/base/cacheline.hpp"
#include "cogway/sync/probe_change.hpp"
#include "cogway/sync/probe_succession.hpp"

namespace cogway {

/// **Threads**: all calls from any thread if Policy::kParallel. **Ownership**: a part of ProbeMap.
/// **Progress**: lock-free, but for a lock where Policy::try_hold() refuses.
/// **Order**: what a put() stored is seen by whoever finds it.
template <typename Policy, template <typename> class Atom = std::atomic>
class ProbeReader {
 public:
  using Word = ProbeWord;
  using Table = ProbeTable<Atom>;
  using Slot = ProbeSlot<Atom>;
  using Probe = typename Policy::Probe;

  explicit ProbeReader(Policy policy) : policy_(policy) {}
  ProbeReader(const ProbeReader&) = delete;
  ProbeReader& operator=(const ProbeReader&) = delete;

  /// The value of a key, held.
  ProbeResult get(const Probe& probe, Word& value) {
    for (;;) {
      const Place place = look(probe);
      if (place.result != ProbeResult::found) return place.result;
      value = place.value;
      if (hold(place.slot->value, place.generation, value)) return ProbeResult::found;
    }
  }

  ProbeResult contains(const Probe& probe) { return look(probe).result; }

 protected:
  /// Where a key is, or where it would go.
  struct Place {
    ProbeResult result = ProbeResult::absent;
    std::uint64_t generation = 0;
    Slot* slot = nullptr;  ///< nullptr: there is no table
    Word value = 0;        ///< not held
  };

  Place look(const Probe& probe) {
    for (;;) {
      const auto view = tables_.view();
      Place place{.generation = view.generation};
      if (!search(probe, view.table, place)) continue;
      if (place.result == ProbeResult::failed || unchanged(place)) return place;
    }
  }

  [[nodiscard]] bool unchanged(const Place& place) const noexcept {
    return tables_.unchanged(place.generation);
  }

  [[no_unique_address]] Policy policy_;
  ProbeSuccession<Policy::kParallel, Atom> tables_;
  /// On a line of its own: writers alone write here.
  alignas(Policy::kParallel ? kCacheLine : alignof(void*)) typename Policy::Mutex mutex_;

 private:
  /// False: what it looked at changed under a comparison.
  bool search(const Probe& probe, Table table, Place& place) {
    if (!table) return true;
    for (typename Table::Walk walk(table, probe.hash);; walk.next()) {
      Slot& slot = walk.slot();
      // order: acquire, pairs with Table::fill() release; publishes hash, value and the key itself
      const Word key = slot.key.load(std::memory_order_acquire);
      if (key == Slot::kNoKey) {
        place.slot = &slot;
        return true;
      }
      // order: acquire, pairs with Table::wipe() release; see there
      if (slot.hash.load(std::memory_order_acquire) != probe.hash || key == Slot::kGoneKey)
        continue;
      ProbeMatch match = policy_.match(probe, key);
      if (match == ProbeMatch::ask) {
        Word held = key;
        if (!hold(slot.key, place.generation, held)) return false;
        match = policy_.compare(probe, held);
        policy_.drop(held);
        if (match == ProbeMatch::failed) {
          place.result = ProbeResult::failed;
          return true;
        }
        // Either may have run anything. The slot may be gone, so the generation comes first.
        // order: relaxed, no pairing: only whether it is still the key that was compared
        if (!unchanged(place) || slot.key.load(std::memory_order_relaxed) != key) return false;
      }
      if (match != ProbeMatch::same) continue;
      // order: acquire, pairs with the release of put(); publishes what the value stands for
      place.value = slot.value.load(std::memory_order_acquire);
      if (place.value == 0) continue;  // being removed; it may come again further on
      place.slot = &slot;
      place.result = ProbeResult::found;
      return true;
    }
  }

  /// Holds the object that `word` was seen to stand for; false if the word or the table changed.
  bool hold(const Atom<Word>& word, std::uint64_t generation, Word& seen) {
    if constexpr (!Policy::kParallel) {
      policy_.hold(seen);
      return true;
    }
    if (policy_.try_hold(seen)) {
      // order: relaxed, no pairing: if the object was dropped or is another one, try_hold() saw it
      if (word.load(std::memory_order_relaxed) == seen && tables_.unchanged(generation))
        return true;
      policy_.drop(seen);
      return false;
    }
    const std::lock_guard guard(mutex_);
    // order: relaxed, no pairing: written under the lock
    if (!tables_.unchanged(generation) || word.load(std::memory_order_relaxed) != seen)
      return false;
    policy_.hold(seen);
    return true;
  }
};

}  // namespace cogway
