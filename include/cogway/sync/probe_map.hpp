// SPDX-License-Identifier: Apache-2.0
#pragma once
// A hash map of words to words whose readers take no lock and write nothing, while keys and values
// are counted objects that writers may drop at any time. One shard of Python's ConcurrentDict. Not
// a container of C++ values: a policy says what the words are.
//
// How a reader stays safe. A slot gets one key in the life of its table; a removed key leaves a
// mark, so a pair of key and value is never mixed. What a slot names may be freed between the look
// and the hold: the policy's try_hold() is safe on such memory, and the slot is looked at again
// after it. A table that was replaced is never freed under a reader, but may be used again: the
// generation, looked at last of all, tells. Writers search as readers do, without the lock, since
// comparing may run foreign code; then they lock and check that what they found is still so.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "cogway/sync/probe_reader.hpp"

namespace cogway {

/// Members of a `Policy`, which may be a stateful object:
///   kParallel             whether threads may run at once; else calls interleave only in compare()
///   kSmallest             log2 of the slots of the first table
///   Probe                 what is looked for; has `hash`
///   Mutex                 lock(), unlock(): taken by writers, never while compare() runs
///   match(probe, key)     without touching the key, unless !kParallel; may answer `ask`
///   compare(probe, key)   the key is held; may do anything, use of this map included
///   try_hold(word)        holds an object that may be gone, or another by now; false: not held
///   hold(word)            holds an object that is there
///   drop(word)            undoes it; may do anything
///
/// **Threads**: all calls from any thread if Policy::kParallel; visit() while nobody writes.
/// **Ownership**: holds one reference to each key and value: empty it before it dies.
/// **Progress**: get() and contains() lock-free, but for a lock where try_hold() refuses; the rest
/// block.
/// **Order**: a put() publishes what its words stand for to whoever finds them.
/// **Linearizable?** yes: get() at its last look at the value, put() at its store to the slot.
/// Unbounded: grows by powers of two, and is tidied when removed keys have used up its slots.
template <typename Policy, template <typename> class Atom = std::atomic>
class ProbeMap : public ProbeReader<Policy, Atom> {
  using Reader = ProbeReader<Policy, Atom>;
  using Reader::mutex_;
  using Reader::policy_;
  using Reader::tables_;

 public:
  using typename Reader::Probe;
  using typename Reader::Slot;
  using typename Reader::Table;
  using typename Reader::Word;

  explicit ProbeMap(Policy policy = {}) : Reader(policy) {}

  /// Inserts, replaces or removes in one step, if `When` allows it.
  template <ProbeWhen When>
  ProbeResult put(const Probe& probe, ProbeChange& change) {
    for (;;) {
      const auto place = this->look(probe);
      const bool inserts = When != ProbeWhen::expected && change.value != 0;
      if (place.result != ProbeResult::found && (place.result != ProbeResult::absent || !inserts)) {
        return place.result;
      }
      const std::lock_guard guard(mutex_);
      if (!this->unchanged(place)) continue;
      if (place.result == ProbeResult::absent) {
        // Equal keys come to the same slot, so if it is still free nobody has inserted this one.
        if (place.slot != nullptr && key_of(*place.slot) != Slot::kNoKey) continue;
        return insert(place.slot, probe.hash, change);
      }
      const Word value = value_of(*place.slot);
      if (value == 0) continue;  // removed meanwhile
      if constexpr (When == ProbeWhen::absent) {
        policy_.hold(value);
        change.old_value = value;
        return ProbeResult::found;
      }
      if (When == ProbeWhen::expected && value != change.expected) return ProbeResult::differs;
      replace(*place.slot, value, change);
      return ProbeResult::found;
    }
  }

  /// Removes some key; false when there is none.
  bool take_any(ProbeChange& change) {
    const std::lock_guard guard(mutex_);
    if (size() == 0) return false;
    const Table table = tables_.current();
    for (;; ++finger_) {
      Slot& slot = table.slots()[finger_ % table.capacity()];
      if (key_of(slot) == Slot::kNoKey || key_of(slot) == Slot::kGoneKey) continue;
      replace(slot, value_of(slot), change);
      return true;
    }
  }

  /// Keys in the map.
  [[nodiscard]] std::size_t size() const noexcept {
    return live_.load(std::memory_order_relaxed);  // order: relaxed, no pairing: a number
  }

  /// Nobody writes while it is held. Take those of several maps for one moment of them all.
  [[nodiscard]] typename Policy::Mutex& mutex() noexcept { return mutex_; }

  /// Calls visitor(key, hash, value) for each key; nobody writes.
  template <typename Visitor>
  void visit(Visitor&& visitor) const {
    tables_.current().visit(visitor);
  }

  /// Empties the map; the mutex is held. What was in it is the caller's: visit() the table, drop
  /// everything, reclaim() it.
  [[nodiscard]] Table detach() {
    const Table table = tables_.current();
    tables_.publish(Table());
    count(0, 0);
    return table;
  }
  void reclaim(Table table) {
    const std::lock_guard guard(mutex_);
    tables_.retire(table);
  }

 private:
  /// Puts a key that is not there into a free slot that its search came to, or into a new table.
  ProbeResult insert(Slot* slot, std::uint64_t hash, ProbeChange& change) {
    const Word value = std::exchange(change.value, 0);
    const Word key = std::exchange(change.key, 0);
    if (slot != nullptr && used_ < tables_.current().limit()) {
      Table::fill(*slot, key, hash, value);
    } else if (!rebuild(key, hash, value)) {
      change.key = key;
      change.value = value;
      return ProbeResult::exhausted;
    }
    count(used_ + 1, size() + 1);
    return ProbeResult::absent;
  }

  /// Moves to a table for one key more, which is in it already when readers see it.
  bool rebuild(Word key, std::uint64_t hash, Word value) {
    const Table fresh = tables_.obtain(Table::shift_for(size() + 1, Policy::kSmallest));
    if (!fresh) return false;
    const Table old = tables_.current();
    old.visit([&](Word kept, std::uint64_t kept_hash, Word kept_value) {
      fresh.place(kept, kept_hash, kept_value);
    });
    fresh.place(key, hash, value);
    tables_.publish(fresh);
    tables_.retire(old);
    count(size(), size());
    return true;
  }

  void replace(Slot& slot, Word old, ProbeChange& change) {
    change.old_value = old;
    // order: release, pairs with search() acquire; publishes what the value stands for
    slot.value.store(change.value, std::memory_order_release);
    if (std::exchange(change.value, 0) != 0) return;
    change.old_key = key_of(slot);
    // order: relaxed, no pairing: a search goes on in either case
    slot.key.store(Slot::kGoneKey, std::memory_order_relaxed);
    count(used_, size() - 1);
  }

  void count(std::size_t used, std::size_t live) noexcept {
    used_ = used;
    live_.store(live, std::memory_order_relaxed);  // order: relaxed, no pairing: a number
  }
  static Word key_of(const Slot& slot) noexcept {
    return slot.key.load(std::memory_order_relaxed);  // order: relaxed, written under the lock
  }
  static Word value_of(const Slot& slot) noexcept {
    return slot.value.load(std::memory_order_relaxed);  // order: relaxed, written under the lock
  }

  std::size_t used_ = 0;       ///< slots with a key or a mark; under the lock
  std::size_t finger_ = 0;     ///< where take_any() looks next; under the lock
  Atom<std::size_t> live_{0};  ///< keys; written under the lock, read by all
};

}  // namespace cogway
