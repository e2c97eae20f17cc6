// SPDX-License-Identifier: Apache-2.0
#pragma once
// Wrong waiting types, each with one bug that others have shipped. The model tests assert that the
// checker finds them.

#include <cstdint>
#include <mutex>

#include "cogway/sync/wait_list.hpp"
#include "cogway/sync/wake_batch.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway::model::mutants {

/// A semaphore whose waiter, woken to compete and giving up instead, tells nobody: the permit lies
/// there and the next sleeps on (asyncio.Semaphore, CPython #90155).
template <template <typename> class Atom>
class SilentSemaphore {
 public:
  explicit SilentSemaphore(std::int64_t permits) : permits_(permits) {}
  bool acquire(TimePoint deadline = kNever) {
    WaitNode<Atom> node;
    for (;;) {
      {
        const std::lock_guard guard(lock_);
        if (permits_ > 0) return --permits_, true;
        list_.push_back(node);
      }
      if (!node.park(deadline)) {
        const std::lock_guard guard(lock_);
        (void)list_.withdraw(node);
        return false;
      }
      if (deadline != kNever) return false;  // woken, but the time is over
    }
  }
  bool release() {
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    ++permits_;
    if (!list_.empty()) wakes.add(list_, *list_.first(), WaitOutcome::retry);
    return true;
  }
  std::int64_t permits() { return 0; }

 private:
  WordLock<Atom> lock_;
  WaitList<Atom> list_;
  std::int64_t permits_;
};

/// A semaphore that makes its permit and then looks whether somebody waits, in two steps, while a
/// waiter looks for a permit and then says that it waits.
template <template <typename> class Atom>
class LookingSemaphore {
 public:
  explicit LookingSemaphore(std::int64_t permits) : permits_(permits) {}
  bool acquire(TimePoint deadline = kNever) {
    WaitNode<Atom> node;
    for (;;) {
      std::int64_t seen = permits_.load();
      while (seen > 0) {
        if (permits_.compare_exchange_weak(seen, seen - 1)) return true;
      }
      {
        const std::lock_guard guard(lock_);
        list_.push_back(node);
        waiting_.store(1);
      }
      if (!node.park(deadline)) {
        const std::lock_guard guard(lock_);
        if (list_.withdraw(node)) return false;
      }
    }
  }
  bool release() {
    permits_.fetch_add(1);
    if (waiting_.load() == 0) return true;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    if (!list_.empty()) wakes.add(list_, *list_.first(), WaitOutcome::retry);
    return true;
  }
  std::int64_t permits() { return permits_.load(); }

 private:
  Atom<std::int64_t> permits_;
  Atom<int> waiting_{0};
  WordLock<Atom> lock_;
  WaitList<Atom> list_;
};

/// An event that is set before the lock of its waiters is taken: whoever looks in between sleeps.
template <template <typename> class Atom>
class EarlyEvent {
 public:
  void set() {
    bool empty = false;
    {
      const std::lock_guard guard(lock_);
      empty = list_.empty();
    }
    set_.store(1);
    if (empty) return;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    while (WaitNode<Atom>* node = list_.first()) wakes.add(list_, *node, WaitOutcome::granted);
  }
  void wait() {
    WaitNode<Atom> node;
    {
      const std::lock_guard guard(lock_);
      if (set_.load() != 0) return;
      list_.push_back(node);
    }
    node.park(kNever);
  }

 private:
  Atom<std::uint32_t> set_{0};
  WordLock<Atom> lock_;
  WaitList<Atom> list_;
};

/// Waiting by address with the count of waiters raised after the look at the word.
template <template <typename> class Atom>
class LateCountTable {
 public:
  template <typename Still>
  bool start(WaitNode<Atom>& node, Still&& still) {
    const std::lock_guard guard(lock_);
    if (!still()) return true;
    waiters_.fetch_add(1);
    list_.push_back(node);
    return false;
  }
  void notify_all() {
    if (waiters_.load() == 0) return;
    WakeBatch<Atom> wakes;
    const std::lock_guard guard(lock_);
    while (WaitNode<Atom>* node = list_.first()) wakes.add(list_, *node, WaitOutcome::retry);
  }

 private:
  Atom<std::uint32_t> waiters_{0};
  WordLock<Atom> lock_;
  WaitList<Atom> list_;
};

}  // namespace cogway::model::mutants
