// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/clock.hpp"

#include <doctest/doctest.h>

using namespace cogway;
using namespace std::chrono_literals;

TEST_CASE("the monotonic clock never goes back") {
  const Clock& clock = Clock::monotonic();
  const TimePoint first = clock.now();
  const TimePoint second = clock.now();
  CHECK(first <= second);
  CHECK(second <= monotonic_now());
}

TEST_CASE("a manual clock moves only when told to") {
  ManualClock clock;
  CHECK(clock.now() == TimePoint{});
  clock.advance(5ms);
  clock.advance(0ms);
  CHECK(clock.now() == TimePoint{} + 5ms);
  CHECK(ManualClock(TimePoint{} + 1s).now() == TimePoint{} + 1s);
}

TEST_CASE("deadlines neither overflow nor lie in the past") {
  const TimePoint now = TimePoint{} + 10s;
  CHECK(deadline_after(now, 5s) == TimePoint{} + 15s);
  CHECK(deadline_after(now, 0s) == now);
  CHECK(deadline_after(now, -5s) == now);
  CHECK(deadline_after(now, Nanoseconds::max()) == kNever);
  CHECK(deadline_after(now, kNever - now) == kNever);
  CHECK(deadline_after(now, kNever - now - 1ns) < kNever);
}
