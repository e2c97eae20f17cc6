// SPDX-License-Identifier: Apache-2.0
#pragma once
// When may an object be destroyed that was taken out of a lock-free structure? When every thread
// that was looking then has looked away once. Reading costs one exchange a guard, however much is
// read under it. Not where a reader may stall: HazardDomain, whose garbage is bounded.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "cogway/base/assert.hpp"
#include "cogway/base/cacheline.hpp"
#include "cogway/sync/detail/member_list.hpp"
#include "cogway/sync/detail/retired_list.hpp"
#include "cogway/sync/reclaim_statistics.hpp"
#include "cogway/sync/retirable.hpp"

namespace cogway {

/// Epochs after Fraser, with a read-modify-write on both sides of each race where others have a
/// fence: of a guard and of whoever looks for guards, one comes first in the order of that word,
/// and the second sees what the first did.
///
/// **Threads**: each thread that takes part has a Member of its own; statistics() from any.
/// **Ownership**: retired objects are the domain's until it destroys them, in the thread of some
/// member or in its own destructor. Members end before it. Members that a fork leaves behind stay
/// where they are: in the child nothing is destroyed that they may have held.
/// **Progress**: guards wait-free; retire() lock-free, but for what destroying does; joining
/// allocates when no record is free. A member that keeps a guard holds up everything that is
/// retired after it: that garbage has no bound (statistics(): stalled, pending).
/// **Order**: what was done under a guard happens before the end of what it could reach.
template <template <typename> class Atom = std::atomic>
class EpochDomain {
  struct alignas(kCacheLine) Record : detail::MemberLink<Atom> {
    Atom<std::uint64_t> pinned{0};  ///< by its member: 0, or 2 * epoch + 1; read by all
  };

 public:
  EpochDomain() = default;
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;
  ~EpochDomain() { (void)orphans_.adopt().destroy_all(); }

  class Member;

  /// While there is one, nothing is destroyed that this thread can reach. Guards may nest.
  class Guard {
   public:
    explicit Guard(Member& member) noexcept : member_(member) { member_.pin(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { member_.unpin(); }

    /// The object that `source` points to, safe to look at until the guard ends; or nullptr.
    template <typename T>
    [[nodiscard]] T* protect(const Atom<T*>& source) noexcept {
      // order: acquire, pairs with the release that put the object there; publishes it
      return source.load(std::memory_order_acquire);
    }

   private:
    Member& member_;
  };

  /// A thread's part in the domain. What it has not destroyed when it ends, others do.
  class Member {
   public:
    /// Throws std::bad_alloc.
    explicit Member(EpochDomain& domain) : domain_(domain), record_(domain.members_.join()) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() {
      COGWAY_ASSERT(depth_ == 0, "a guard outlives its member");
      collect();
      for (Bag& bag : bags_) fresh_.append(std::move(bag.list));
      domain_.orphans_.leave(std::move(fresh_));
      domain_.members_.leave(record_);
    }

    [[nodiscard]] Guard guard() noexcept { return Guard(*this); }

    /// `object` is out of reach for whoever begins to look now; it is deleted when nobody does.
    template <typename T>
    void retire(T* object) noexcept {
      retire(object, &detail::delete_retired<T>);
    }
    /// The same, ended by `destroy`, which may retire others.
    void retire(Retirable* object, Retirable::Destroy destroy) noexcept {
      object->destroy = destroy;
      fresh_.push(object);
      Record::count(record_->retired, 1);
      if (fresh_.size() >= kBatch) collect();
    }

    /// Destroys what may be; retire() does so once in a while. The epoch advances by one at most:
    /// without others, the third call has destroyed all.
    void collect() noexcept {
      if (std::exchange(collecting_, true)) return;
      detail::RetiredList over;
      fresh_.append(domain_.orphans_.adopt());
      if (!fresh_.empty()) seal(over);
      domain_.try_advance();
      // order: acquire, pairs with try_advance() release; what guards did that have ended
      const std::uint64_t now = domain_.epoch_.load(std::memory_order_acquire);
      for (Bag& bag : bags_) {
        if (now >= bag.epoch + kGrace) over.append(std::move(bag.list));
      }
      Record::count(record_->destroyed, over.destroy_all());
      collecting_ = false;
    }
    /// Objects that this member has yet to destroy.
    [[nodiscard]] std::size_t pending() const noexcept {
      return fresh_.size() + bags_[0].list.size() + bags_[1].list.size();
    }

   private:
    friend class Guard;
    struct Bag {
      detail::RetiredList list;
      std::uint64_t epoch = 0;  ///< not before which they were retired
    };
    static constexpr std::size_t kBatch = 64;
    /// Guards of a bag's epoch and of the one before may reach what is in it; the epoch advances
    /// when none of the one before is left.
    static constexpr std::uint64_t kGrace = 2;

    void pin() noexcept {
      if (depth_++ != 0) return;
      // order: acquire, pairs with try_advance() release; what was taken out before the epoch began
      const std::uint64_t epoch = domain_.epoch_.load(std::memory_order_acquire);
      // order: acquire, pairs with the look of try_advance(): if that came first, this thread sees
      // what had been taken out before it
      (void)record_->pinned.exchange(2 * epoch + 1, std::memory_order_acquire);
    }
    void unpin() noexcept {
      if (--depth_ != 0) return;
      // order: release, pairs with the look of try_advance(); all that was done under the guard
      record_->pinned.store(0, std::memory_order_release);
    }
    /// The fresh ones get the epoch that it is now, which no read of an older value may tell.
    void seal(detail::RetiredList& over) noexcept {
      // order: release, pairs with the acquires of epoch_; publishes that they were taken out
      const std::uint64_t now = domain_.epoch_.fetch_add(0, std::memory_order_release);
      Bag& bag = bags_[now % 2];
      if (bag.epoch != now) over.append(std::move(bag.list));  // two epochs ago, or more
      bag.epoch = now;
      bag.list.append(std::move(fresh_));
    }

    EpochDomain& domain_;
    Record* const record_;
    detail::RetiredList fresh_;  ///< not sealed yet
    std::array<Bag, 2> bags_;    ///< by epoch; older ones are destroyed before there is a third
    std::size_t depth_ = 0;      ///< guards, one inside the other
    bool collecting_ = false;
  };

  [[nodiscard]] ReclaimStatistics statistics() const noexcept {
    // order: relaxed, no pairing: numbers of one moment each
    const std::uint64_t epoch = epoch_.load(std::memory_order_relaxed);
    std::size_t holding = 0;
    std::size_t stalled = 0;
    ReclaimStatistics result = members_.statistics([&](const Record& record) {
      // order: relaxed, no pairing: as above
      const std::uint64_t pinned = record.pinned.load(std::memory_order_relaxed);
      if (pinned != 0) ++holding;
      if (pinned != 0 && pinned < 2 * epoch + 1) ++stalled;
    });
    result.epoch = epoch;
    result.holding = holding;
    result.stalled = stalled;
    return result;
  }

 private:
  /// To the next epoch, if every guard is of the present one.
  void try_advance() noexcept {
    // order: acquire, pairs with seal() and the exchange below; what was taken out before. model:
    // in the schedules that it reaches, the list of members has published the same
    std::uint64_t now = epoch_.load(std::memory_order_acquire);
    const bool all = members_.each([now](Record& record) {
      // order: acq_rel, pairs with pin() and unpin(): this sees the guard and what it did, or the
      // guard sees what this thread has seen
      const std::uint64_t pinned = record.pinned.fetch_add(0, std::memory_order_acq_rel);
      return pinned == 0 || pinned == 2 * now + 1;
    });
    if (!all) return;
    // order: release, pairs with the acquires of epoch_; what guards did that have ended
    (void)epoch_.compare_exchange_strong(now, now + 1, std::memory_order_release,
                                         std::memory_order_relaxed);  // order: relaxed, not used
  }

  alignas(kCacheLine) Atom<std::uint64_t> epoch_{0};  ///< by members that collect; read by guards
  detail::MemberList<Record, Atom> members_;          ///< by all
  detail::Orphans<Atom> orphans_;                     ///< by members that end and collect
};

}  // namespace cogway
