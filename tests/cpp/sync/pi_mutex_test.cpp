// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/pi_mutex.hpp"

#include <doctest/doctest.h>

#include <mutex>
#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("one owner at a time") {
  PiMutex mutex;
  long count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 8000);
}

TEST_CASE("trying a mutex that is held fails, also for its owner") {
  PiMutex mutex;
  REQUIRE(mutex.try_lock());
  CHECK_FALSE(mutex.try_lock());
  bool granted = true;
  std::thread([&] { granted = mutex.try_lock(); }).join();
  CHECK_FALSE(granted);
  std::thread([&] {
    const TimePoint soon = deadline_after(monotonic_now(), Nanoseconds{1'000'000});
    granted = mutex.try_lock_until(soon);
    CHECK(monotonic_now() >= soon);
  }).join();
  CHECK_FALSE(granted);
  mutex.unlock();
  CHECK(mutex.try_lock());
  mutex.unlock();
}

TEST_CASE("waiting with a deadline gets a mutex that is given back") {
  PiMutex mutex;
  CHECK(mutex.try_lock_until(TimePoint{}));
  bool granted = false;
  std::thread waiter([&] {
    granted = mutex.try_lock_until(deadline_after(monotonic_now(), Nanoseconds{60'000'000'000}));
    if (granted) mutex.unlock();
  });
  mutex.unlock();
  waiter.join();
  CHECK(granted);
}
