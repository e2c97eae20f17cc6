// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/semaphore.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("permits are counted, and there is a most") {
  Semaphore<> semaphore(2, 3);
  CHECK(semaphore.try_acquire());
  CHECK(semaphore.acquire());
  CHECK_FALSE(semaphore.try_acquire());
  CHECK_FALSE(semaphore.acquire(monotonic_now()));
  CHECK(semaphore.release(3));
  CHECK_FALSE(semaphore.release());
  CHECK(semaphore.permits() == 3);
  CHECK_FALSE(semaphore.has_waiters());
}

TEST_CASE("a wait in steps: granted, withdrawn, ceded") {
  Semaphore<> lock(1, 1, Handover::always);
  WaitNode<> one;
  WaitNode<> two;
  CHECK(lock.start(one));
  CHECK_FALSE(lock.start(two));
  CHECK(lock.has_waiters());
  CHECK(lock.withdraw(two));
  CHECK_FALSE(lock.cede(one));  // nobody waits
  CHECK_FALSE(lock.start(two));
  CHECK(lock.cede(one));
  CHECK(two.outcome() == WaitOutcome::granted);
  CHECK(one.outcome() == WaitOutcome::waiting);
  CHECK(lock.release());
  CHECK(one.outcome() == WaitOutcome::granted);
  CHECK_FALSE(lock.withdraw(one));  // too late: it is the owner
  CHECK(lock.release());
  CHECK_FALSE(lock.release());
}

TEST_CASE("no permit is lost among threads that give up") {
  for (const Handover handover : {Handover::eventual, Handover::always}) {
    Semaphore<> semaphore(2, 2, handover);
    std::atomic<int> inside{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int turn = 0; turn < 300; ++turn) {
          const TimePoint deadline = i % 2 == 0 ? kNever : monotonic_now() + Nanoseconds{20'000};
          if (!semaphore.acquire(deadline)) continue;
          CHECK(inside.fetch_add(1) < 2);
          inside.fetch_sub(1);
          CHECK(semaphore.release());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(semaphore.permits() == 2);
    CHECK_FALSE(semaphore.has_waiters());
  }
}
