// SPDX-License-Identifier: Apache-2.0
#pragma once
// The records of the threads that take part in a domain. A record is made for a thread that finds
// none free, and stays until the domain ends: who looks at all of them never meets a freed one.

#include <atomic>
#include <cstdint>

#include "cogway/sync/reclaim_statistics.hpp"

namespace cogway::detail {

/// What a record inherits.
template <template <typename> class Atom>
struct MemberLink {
  Atom<MemberLink*> next{nullptr};          ///< before the record is published; read by all
  Atom<std::uint32_t> taken{1};             ///< by members that join and leave
  std::atomic<std::uint64_t> retired{0};    ///< by its member; read by statistics()
  std::atomic<std::uint64_t> destroyed{0};  ///< by its member; read by statistics()

  /// Adds to one of the counters, as its member.
  static void count(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
    // order: relaxed, no pairing: a counter with one writer
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  /// Published with the record.
  [[nodiscard]] MemberLink* after() const noexcept {
    // order: relaxed, no pairing: whoever has the record has this
    return next.load(std::memory_order_relaxed);
  }
};

template <typename Record, template <typename> class Atom>
class MemberList {
  using Link = MemberLink<Atom>;

 public:
  MemberList() = default;
  MemberList(const MemberList&) = delete;
  MemberList& operator=(const MemberList&) = delete;
  ~MemberList() {
    // order: relaxed, no pairing: nobody else is left
    Link* link = link_of(first_.load(std::memory_order_relaxed));
    while (link != nullptr) {
      Link* const next = link->after();
      delete static_cast<Record*>(link);
      link = next;
    }
  }

  /// A record that is the caller's until it leaves; throws std::bad_alloc.
  [[nodiscard]] Record* join() {
    // order: acquire, pairs with the exchange below; publishes the records. model: one that is not
    // seen whole looks taken, and costs another
    for (Link* link = link_of(first_.load(std::memory_order_acquire)); link; link = link->after()) {
      // order: relaxed, no pairing: a guess
      if (link->taken.load(std::memory_order_relaxed) != 0) continue;
      // order: acquire, pairs with leave() release; model: the last stores of who had the record
      // come before the first of who gets it, which the checker's memory keeps anyway
      if (link->taken.exchange(1, std::memory_order_acquire) == 0) return record_of(link);
    }
    auto* fresh = new Record;
    // order: relaxed, no pairing: a first guess
    std::uintptr_t head = first_.load(std::memory_order_relaxed);
    do {
      // order: relaxed, no pairing: published by the exchange
      fresh->next.store(link_of(head), std::memory_order_relaxed);
      // order: acq_rel, pairs with each(): either that finds the record, or this thread sees
      // all that its caller saw
    } while (!first_.compare_exchange_weak(head, word_of(fresh), std::memory_order_acq_rel,
                                           std::memory_order_relaxed));  // order: relaxed, a guess
    return fresh;
  }
  void leave(Record* record) noexcept {
    // order: release, pairs with join() acquire; model: see join()
    record->taken.store(0, std::memory_order_release);
  }

  /// Calls `visit(record)` for each record until one answers false; whether none did. A record that
  /// it does not find joins after what the caller has done, and sees it.
  template <typename Visit>
  bool each(Visit&& visit) noexcept {
    // order: acq_rel, pairs with join(); publishes the records, and what the caller did
    Link* link = link_of(first_.fetch_add(0, std::memory_order_acq_rel));
    for (; link != nullptr; link = link->after()) {
      if (!visit(*record_of(link))) return false;
    }
    return true;
  }
  /// What all records have counted; `visit(record)` for each of them.
  template <typename Visit>
  [[nodiscard]] ReclaimStatistics statistics(Visit&& visit) const noexcept {
    ReclaimStatistics result;
    // order: acquire, pairs with join(); publishes the records
    const Link* const first = link_of(first_.load(std::memory_order_acquire));
    // Destroyed first, for what is destroyed was retired before, if by another.
    for (const Link* link = first; link != nullptr; link = link->after()) {
      // order: relaxed, no pairing: numbers of one moment each
      result.destroyed += link->destroyed.load(std::memory_order_relaxed);
    }
    for (const Link* link = first; link != nullptr; link = link->after()) {
      ++result.records;
      // order: relaxed, no pairing: numbers of one moment each
      result.members += link->taken.load(std::memory_order_relaxed);
      result.retired += link->retired.load(std::memory_order_relaxed);  // order: relaxed, as above
      visit(*static_cast<const Record*>(link));
    }
    if (result.retired > result.destroyed) result.pending = result.retired - result.destroyed;
    return result;
  }

 private:
  static Link* link_of(std::uintptr_t word) noexcept { return reinterpret_cast<Link*>(word); }
  static Record* record_of(Link* link) noexcept { return static_cast<Record*>(link); }
  static std::uintptr_t word_of(Link* link) noexcept {
    return reinterpret_cast<std::uintptr_t>(link);
  }

  Atom<std::uintptr_t> first_{0};  ///< by members that join; read by all
};

}  // namespace cogway::detail
