// SPDX-License-Identifier: Apache-2.0
#pragma once
// When may an object be destroyed that was taken out of a lock-free structure? When no thread says
// any more that it is looking at it. A reader that stalls keeps what it protects and nothing else,
// so garbage is bounded; each object that is looked at costs an exchange. Where readers are quick
// and look at much, EpochDomain.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "cogway/base/assert.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/sync/detail/hazard_set.hpp"
#include "cogway/sync/detail/member_list.hpp"
#include "cogway/sync/detail/retired_list.hpp"
#include "cogway/sync/reclaim_statistics.hpp"
#include "cogway/sync/retirable.hpp"

namespace cogway {

/// Hazard pointers after Michael, with a read-modify-write on both sides of each race where others
/// have a fence: of a reader that protects and a member that looks for protected objects, one comes
/// first in the order of that word, and the second sees what the first did.
///
/// **Threads**: each thread that takes part has a Member of its own; statistics() from any.
/// **Ownership**: retired objects are the domain's until it destroys them, in the thread of some
/// member or in its own destructor. Members end before it. What members protected that a fork
/// leaves behind is not destroyed in the child.
/// **Progress**: protect() lock-free: it looks again when the source has changed; retire()
/// lock-free, but for what destroying does. Both are wait-free without others. Joining allocates
/// when no record is free. What a member has retired and not destroyed is at most its batch, 64 or
/// twice the number of guards that all members may have, whichever is more.
/// **Order**: what was done with a protected object happens before its end.
template <template <typename> class Atom = std::atomic, std::size_t Guards = 4>
class HazardDomain {
  static_assert(Guards >= 1 && Guards <= 64);
  struct alignas(kCacheLine) Record : detail::MemberLink<Atom> {
    Atom<std::uintptr_t> hazards[Guards] = {};  ///< by its member; read by those that collect
  };

 public:
  /// How many guards a member may have at once.
  static constexpr std::size_t kGuards = Guards;

  HazardDomain() = default;
  HazardDomain(const HazardDomain&) = delete;
  HazardDomain& operator=(const HazardDomain&) = delete;
  ~HazardDomain() { (void)orphans_.adopt().destroy_all(); }

  class Member;

  /// Protects one object at a time.
  class Guard {
   public:
    /// Throws std::length_error when the member has kGuards already.
    explicit Guard(Member& member) : member_(member), index_(member.take()) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      reset();
      member_.give_back(index_);
    }

    /// The object that `source` points to, safe to look at until the next call or the end of the
    /// guard; or nullptr. What was protected before is not any more.
    template <typename T>
    [[nodiscard]] T* protect(const Atom<T*>& source) noexcept {
      // order: relaxed, no pairing: a guess, looked at again below
      T* seen = source.load(std::memory_order_relaxed);
      for (;;) {
        // order: acq_rel, pairs with the look of collect(): that finds the object here, or this
        // thread sees that it was taken out; what was done with the last one has ended
        (void)hazard().exchange(detail::HazardSet::word_of(seen), std::memory_order_acq_rel);
        // order: acquire, pairs with the release that put the object there; publishes it
        T* const now = source.load(std::memory_order_acquire);
        if (now == seen) return now;
        seen = now;
      }
    }
    /// Protects nothing.
    void reset() noexcept {
      // order: release, pairs with the look of collect(); what was done with the object
      hazard().store(0, std::memory_order_release);
    }

   private:
    Atom<std::uintptr_t>& hazard() noexcept { return member_.record_->hazards[index_]; }

    Member& member_;
    const std::size_t index_;
  };

  /// A thread's part in the domain. What it has not destroyed when it ends, others do.
  class Member {
   public:
    /// Throws std::bad_alloc.
    explicit Member(HazardDomain& domain) : domain_(domain), record_(domain.members_.join()) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() {
      COGWAY_ASSERT(guards_ == 0, "a guard outlives its member");
      collect();
      domain_.orphans_.leave(std::move(retired_));
      domain_.members_.leave(record_);
    }

    [[nodiscard]] Guard guard() { return Guard(*this); }

    /// `object` is out of reach for whoever begins to look now; it is deleted when nobody protects
    /// it any more. With a guard or without.
    template <typename T>
    void retire(T* object) noexcept {
      retire(object, &detail::delete_retired<T>);
    }
    /// The same, ended by `destroy`, which may retire others.
    void retire(Retirable* object, Retirable::Destroy destroy) noexcept {
      object->destroy = destroy;
      retired_.push(object);
      Record::count(record_->retired, 1);
      if (retired_.size() >= batch_) collect();
    }

    /// Destroys what nobody protects; retire() does so once in a while.
    void collect() noexcept {
      if (std::exchange(collecting_, true)) return;
      retired_.append(domain_.orphans_.adopt());
      if (!retired_.empty() && domain_.look(hazards_)) {
        batch_ = std::max(kBatch, 2 * hazards_.looked());
        Record::count(record_->destroyed, hazards_.unprotected(retired_).destroy_all());
      }
      collecting_ = false;
    }
    /// Objects that this member has yet to destroy.
    [[nodiscard]] std::size_t pending() const noexcept { return retired_.size(); }

   private:
    friend class Guard;
    static constexpr std::size_t kBatch = 64;

    std::size_t take() {
      const auto index = static_cast<std::size_t>(std::countr_one(guards_));
      if (index >= Guards) {
        throw std::length_error("a member of this HazardDomain has at most " +
                                std::to_string(Guards) + " guards at once");
      }
      guards_ |= std::uint64_t{1} << index;
      return index;
    }
    void give_back(std::size_t index) noexcept { guards_ &= ~(std::uint64_t{1} << index); }

    HazardDomain& domain_;
    Record* const record_;
    detail::RetiredList retired_;
    detail::HazardSet hazards_;   ///< what the last look found
    std::size_t batch_ = kBatch;  ///< a look destroys at least half of it
    std::uint64_t guards_ = 0;    ///< a bit for each
    bool collecting_ = false;
  };

  [[nodiscard]] ReclaimStatistics statistics() const noexcept {
    std::size_t holding = 0;
    ReclaimStatistics result = members_.statistics([&](const Record& record) {
      for (const auto& hazard : record.hazards) {
        // order: relaxed, no pairing: numbers of one moment each
        if (hazard.load(std::memory_order_relaxed) != 0) ++holding;
      }
    });
    result.holding = holding;
    return result;
  }

 private:
  /// What is protected now, into `found`; false when memory is short.
  bool look(detail::HazardSet& found) noexcept {
    found.begin();
    return members_.each([&](Record& record) {
      for (auto& hazard : record.hazards) {
        // order: acq_rel, pairs with Guard: this sees the object and what was done with the last
        // one, or the guard sees what this thread has seen
        if (!found.add(hazard.fetch_add(0, std::memory_order_acq_rel))) return false;
      }
      return true;
    });
  }

  detail::MemberList<Record, Atom> members_;  ///< by all
  detail::Orphans<Atom> orphans_;             ///< by members that end and collect
};

}  // namespace cogway
