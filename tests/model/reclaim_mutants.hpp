// SPDX-License-Identifier: Apache-2.0
#pragma once
// Small epochs and small hazard pointers that are right, and each wrong by one step that others
// leave out. The model tests assert that the checker passes the one and finds the others.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "checker/atom.hpp"
#include "cogway/sync/retirable.hpp"

namespace cogway::model::mutants {

enum class ReclaimFault : std::uint8_t {
  none,
  one_grace,    ///< epochs: destroys after one advance, when the second half may still look
  old_tag,      ///< epochs: takes the epoch of an object from its own guard's, not from now
  only_looks,   ///< reads what others announce, with no part in the order of their announcements
  unconfirmed,  ///< hazards: does not look again after it has announced
  blind_leave,  ///< epochs: a guard ends without a release
};

template <ReclaimFault fault>
class FaultyEpochs {
 public:
  static constexpr std::size_t kMost = 5;
  class Member {
   public:
    explicit Member(FaultyEpochs& domain)
        : domain_(domain), pinned_(domain.pinned_[domain.joined_.fetch_add(1)]) {}
    struct Guard {
      explicit Guard(Member& member) : member_(member) {
        member_.seen_ = member_.domain_.epoch_.load();
        (void)member_.pinned_.exchange(2 * member_.seen_ + 1);
      }
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;
      ~Guard() {
        member_.pinned_.store(0, fault == ReclaimFault::blind_leave ? std::memory_order_relaxed
                                                                    : std::memory_order_release);
      }
      template <typename T>
      T* protect(const Atom<T*>& source) {
        return source.load(std::memory_order_acquire);
      }
      Member& member_;
    };
    Guard guard() { return Guard(*this); }
    void retire(Retirable* object, Retirable::Destroy destroy) {
      object->destroy = destroy;
      const std::uint64_t tag =
          fault == ReclaimFault::old_tag ? seen_ : domain_.epoch_.fetch_add(0);
      retired_.push_back({object, tag});
    }
    void collect() {
      domain_.try_advance();
      const std::uint64_t now = domain_.epoch_.load();
      for (auto entry = retired_.begin(); entry != retired_.end();) {
        if (now < entry->second + (fault == ReclaimFault::one_grace ? 1 : 2)) {
          ++entry;
          continue;
        }
        entry->first->destroy(entry->first);
        entry = retired_.erase(entry);
      }
    }

   private:
    FaultyEpochs& domain_;
    Atom<std::uint64_t>& pinned_;
    std::uint64_t seen_ = 0;
    std::vector<std::pair<Retirable*, std::uint64_t>> retired_;
  };

 private:
  void try_advance() {
    std::uint64_t now = epoch_.load();
    for (Atom<std::uint64_t>& word : pinned_) {
      const std::uint64_t pinned = fault == ReclaimFault::only_looks
                                       ? word.load(std::memory_order_acquire)
                                       : word.fetch_add(0);
      if (pinned != 0 && pinned != 2 * now + 1) return;
    }
    (void)epoch_.compare_exchange_strong(now, now + 1);
  }

  Atom<std::uint64_t> epoch_{0};
  Atom<std::uint64_t> pinned_[kMost];
  Atom<std::size_t> joined_{0};
};

template <ReclaimFault fault>
class FaultyHazards {
 public:
  static constexpr std::size_t kMost = 5;
  class Member {
   public:
    explicit Member(FaultyHazards& domain)
        : domain_(domain), hazard_(domain.hazards_[domain.joined_.fetch_add(1)]) {}
    struct Guard {
      explicit Guard(Member& member) : hazard_(member.hazard_) {}
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;
      ~Guard() { hazard_.store(nullptr, std::memory_order_release); }
      template <typename T>
      T* protect(const Atom<T*>& source) {
        for (T* seen = source.load(std::memory_order_acquire);;) {
          (void)hazard_.exchange(seen);
          if (fault == ReclaimFault::unconfirmed) return seen;
          T* const now = source.load(std::memory_order_acquire);
          if (now == seen) return now;
          seen = now;
        }
      }
      Atom<Retirable*>& hazard_;
    };
    Guard guard() { return Guard(*this); }
    void retire(Retirable* object, Retirable::Destroy destroy) {
      object->destroy = destroy;
      retired_.push_back(object);
    }
    void collect() {
      for (std::size_t i = 0; i < retired_.size();) {
        if (domain_.holds(retired_[i])) {
          ++i;
          continue;
        }
        retired_[i]->destroy(retired_[i]);
        retired_.erase(retired_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }

   private:
    FaultyHazards& domain_;
    Atom<Retirable*>& hazard_;
    std::vector<Retirable*> retired_;
  };

 private:
  bool holds(Retirable* object) {
    for (Atom<Retirable*>& hazard : hazards_) {
      Retirable* held = nullptr;
      if (fault == ReclaimFault::only_looks) {
        held = hazard.load(std::memory_order_acquire);
      } else {  // a read-modify-write that changes nothing
        (void)hazard.compare_exchange_strong(held, nullptr);
      }
      if (held == object) return true;
    }
    return false;
  }

  Atom<Retirable*> hazards_[kMost];
  Atom<std::size_t> joined_{0};
};

}  // namespace cogway::model::mutants
