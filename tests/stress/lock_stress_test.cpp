// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "cogway/sync/atomic_number.hpp"
#include "cogway/sync/barrier.hpp"
#include "cogway/sync/event.hpp"
#include "cogway/sync/latch.hpp"
#include "cogway/sync/rw_lock.hpp"
#include "cogway/sync/semaphore.hpp"
#include "cogway/sync/wait_table.hpp"

using namespace cogway;

namespace {

constexpr int kThreads = 4;

template <typename Body>
void in_threads(Body body) {
  std::vector<std::thread> threads;
  for (int me = 0; me < kThreads; ++me) threads.emplace_back([=] { body(me); });
  for (std::thread& thread : threads) thread.join();
}

void take(RwResult result, WaitNode<>& node) {
  if (result == RwResult::waits) {
    CHECK(node.park(kNever));
  } else {
    CHECK(result == RwResult::done);
  }
}

}  // namespace

TEST_CASE("semaphore as a lock: plain data under it, some give up") {
  for (const Handover handover : {Handover::eventual, Handover::always}) {
    Semaphore<> lock(1, 1, handover);
    std::int64_t guarded = 0;
    std::atomic<std::int64_t> entered{0};
    in_threads([&](int me) {
      for (int turn = 0; turn < 1'000; ++turn) {
        const bool hasty = (turn + me) % 3 == 0;
        if (!lock.acquire(hasty ? monotonic_now() + Nanoseconds{5'000} : kNever)) continue;
        ++guarded;
        entered.fetch_add(1);
        CHECK(lock.release());
      }
    });
    CHECK(guarded == entered.load());
    CHECK(lock.permits() == 1);
  }
}

TEST_CASE("rw lock: readers see whole changes, upgrades and downgrades included") {
  RwLock<> lock;
  std::int64_t left = 0;
  std::int64_t right = 0;
  in_threads([&](int me) {
    const char owner = 0;
    for (int turn = 0; turn < 600; ++turn) {
      WaitNode<> node;
      if ((turn + me) % 4 == 0) {
        take(lock.start_write(&node, &owner), node);
        ++left;
        ++right;
        CHECK(lock.downgrade(&owner) == RwResult::done);
        CHECK(left == right);
        CHECK(lock.unlock_read(&owner) == RwResult::done);
        continue;
      }
      take(lock.start_read(&node, &owner), node);
      CHECK(left == right);
      WaitNode<> up;
      const RwResult upgraded = lock.start_upgrade(&up, &owner);
      if (upgraded == RwResult::upgrade_pending) {
        CHECK(lock.unlock_read(&owner) == RwResult::done);
        continue;
      }
      take(upgraded, up);
      ++left;
      ++right;
      CHECK(lock.unlock_write(&owner) == RwResult::done);
    }
  });
  CHECK(left == right);
  CHECK(lock.snapshot().readers == 0);
}

TEST_CASE("barrier: no thread is a round ahead") {
  Barrier<> barrier(kThreads);
  std::int64_t rounds[kThreads] = {};
  in_threads([&](int me) {
    for (std::int64_t round = 1; round <= 300; ++round) {
      rounds[me] = round;
      for (int half = 0; half < 2; ++half) {
        WaitNode<> node;
        if (!barrier.start(node)) CHECK(node.park(kNever));
        if (half == 0) {
          for (const std::int64_t other : rounds) CHECK(other == round);
        }
      }
    }
  });
}

TEST_CASE("latch: all that was done is seen by whoever it lets go") {
  for (int round = 1; round <= 500; ++round) {
    Latch<> latch(kThreads);
    int done[kThreads] = {};
    in_threads([&](int me) {
      done[me] = round;
      CHECK(latch.count_down());
      CHECK(latch.wait());
      for (const int other : done) CHECK(other == round);
    });
    CHECK_FALSE(latch.count_down());
  }
}

TEST_CASE("wait table: a turn goes round by address, and an event ends it") {
  AtomicNumber<std::int64_t> turn(0);
  Event<> over;
  WaitTable<std::atomic, 2> table;
  constexpr std::int64_t kTurns = 2'000;
  in_threads([&](int me) {
    for (std::int64_t mine = me; mine < kTurns; mine += kThreads) {
      for (std::int64_t seen = turn.load(); seen != mine; seen = turn.load()) {
        WaitNode<> node;
        if (!table.start(node, &turn, [&] { return turn.load() == seen; })) {
          CHECK(node.park(kNever));
        }
      }
      CHECK(turn.fetch_add(1) == mine);
      table.notify_all(&turn);
    }
    if (turn.load() == kTurns) over.set();
    CHECK(over.wait());
  });
}
