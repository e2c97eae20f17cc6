// SPDX-License-Identifier: Apache-2.0
#pragma once
// The critical sections that one thread is in, as PEP 703 has them: who has to wait for one gives
// up what the outer ones hold, so no two threads ever wait for each other.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cogway/base/clock.hpp"
#include "cogway/sync/section_lock.hpp"

namespace cogway {

/// How a section was left.
enum class SectionExit : std::uint8_t {
  done,          ///< it was the innermost: now resume()
  out_of_order,  ///< it was not; it is over, those inside of it go on
  not_entered,   ///< this thread is not in it; nothing changed
};

/// The innermost section holds its locks, itself or through an outer one of the same object. The
/// outer ones hold theirs too, up to one that was suspended: it and all around it hold none. A
/// thread waits holding nothing, or the first lock of a pair while it waits for the second, which
/// comes later in the order of all.
///
/// Entering is try_enter(), and where that fails wait_enter() until it is true, or resume() to go
/// back. Leaving is leave(), then resume() until it is true.
///
/// **Threads**: its own only.
/// **Ownership**: the thread's, which ends holding nothing; the table outlives it.
/// **Progress**: wait_enter() and resume() block until the deadline at most; the rest does not.
/// Allocates when sections are nested more deeply than ever before.
/// **Order**: that of the locks.
template <template <typename> class Atom = std::atomic>
class SectionStack {
 public:
  using Key = std::uint64_t;  ///< tells sections apart; one may be entered again inside of itself
  using Target = SectionTarget<Atom>;

  SectionStack() = default;
  SectionStack(const SectionStack&) = delete;
  SectionStack& operator=(const SectionStack&) = delete;
  ~SectionStack() { suspend(); }

  /// Enters without waiting; false: another thread is in a section of it, nothing changed.
  [[nodiscard]] bool try_enter(Key key, const Target& target) noexcept {
    Section section(key, target);
    for (Hold& hold : section.holds) {
      if (hold.lock == nullptr || holds(hold.lock)) continue;
      if (!hold.lock->try_lock()) return unlock(section), false;
      hold.own = true;
    }
    sections_.push_back(section);
    return true;
  }
  /// Suspends every section, waits a while and enters; false: not yet.
  [[nodiscard]] bool wait_enter(Key key, const Target& target, TimePoint deadline) noexcept {
    suspend();
    Section section(key, target);
    if (!lock(section, deadline)) return false;
    sections_.push_back(section);
    return true;
  }
  [[nodiscard]] SectionExit leave(Key key) noexcept {
    for (std::size_t at = sections_.size(); at-- > 0;) {
      if (sections_[at].key != key) continue;
      const bool innermost = at + 1 == sections_.size();
      if (!innermost) bequeath(at);
      unlock(sections_[at]);
      sections_.erase(sections_.begin() + static_cast<std::ptrdiff_t>(at));
      return innermost ? SectionExit::done : SectionExit::out_of_order;
    }
    return SectionExit::not_entered;
  }
  /// Whether the innermost section has to be resumed before its body goes on.
  [[nodiscard]] bool suspended() const noexcept {
    return !sections_.empty() && sections_.back().suspended;
  }
  /// Waits a while for the locks of the innermost section, if they were given up; true: it has
  /// them.
  [[nodiscard]] bool resume(TimePoint deadline) noexcept {
    if (!suspended()) return true;
    if (!lock(sections_.back(), deadline)) return false;
    sections_.back().suspended = false;
    return true;
  }
  /// In a forked child, after SectionTable::reset(): what this thread held, it holds.
  void readopt() noexcept {
    for (Section& section : sections_) {
      for (Hold& hold : section.holds) {
        if (hold.own) hold.lock->reset(true);
      }
    }
  }
  [[nodiscard]] std::size_t depth() const noexcept { return sections_.size(); }

 private:
  using Lock = SectionLock<Atom>;
  struct Hold {
    Lock* lock = nullptr;
    bool own = false;  ///< else an outer section has locked it
  };
  struct Section {
    Section(Key named, const Target& target) noexcept
        : key(named), holds{{{target.first}, {target.second}}} {}
    Key key;
    std::array<Hold, 2> holds;
    bool suspended = false;
  };

  [[nodiscard]] bool holds(const Lock* lock) const noexcept {
    for (const Section& section : sections_) {
      for (const Hold& hold : section.holds) {
        if (hold.own && hold.lock == lock) return true;
      }
    }
    return false;
  }
  static void unlock(Section& section) noexcept {
    for (Hold& hold : section.holds) {
      if (hold.own) hold.lock->unlock();
      hold.own = false;
    }
  }
  /// Both or none. Of those who hold the first and wait for the second, one goes on: all take them
  /// in one order, and whoever holds more than that does not wait.
  static bool lock(Section& section, TimePoint deadline) noexcept {
    for (Hold& hold : section.holds) {
      if (hold.lock == nullptr) continue;
      hold.own = hold.lock->try_lock() || hold.lock->wait_once(deadline);
      if (!hold.own) return unlock(section), false;
    }
    return true;
  }
  void suspend() noexcept {
    for (Section& section : sections_) {
      unlock(section);
      section.suspended = true;
    }
  }
  /// What the section at `from` has locked goes to the next inside of it that needs it.
  void bequeath(std::size_t from) noexcept {
    for (Hold& hold : sections_[from].holds) {
      for (std::size_t at = from + 1; hold.own && at < sections_.size(); ++at) {
        for (Hold& heir : sections_[at].holds) {
          if (heir.lock != hold.lock) continue;
          heir.own = true;
          hold.own = false;
        }
      }
    }
  }

  std::vector<Section> sections_;  ///< the innermost last
};

}  // namespace cogway
