// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/spin_budget.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "cogway/base/os/processors.hpp"

using namespace cogway;
using namespace std::chrono_literals;

namespace {
constexpr TimePoint kStart = TimePoint{} + 1000s;

/// A search of the given length at `now`; whether it was granted.
bool search(SpinBudget& budget, TimePoint now, Nanoseconds length, bool hit) {
  if (!budget.enter(now)) return false;
  budget.leave(now, now + length, hit);
  return true;
}
}  // namespace

TEST_CASE("wasted spinning stays within its share of wall time") {
  if (os::processor_share() < 2.0) return;  // spinning is off here: the next test
  SpinBudget budget({.share = 0.05, .burst = 100us});
  TimePoint now = kStart;
  Nanoseconds wasted{};
  constexpr Nanoseconds kStep = 60us;  // searches of 50 µs back to back, never a hit
  for (int i = 0; i < 10'000; ++i, now += kStep) {
    if (search(budget, now, 50us, false)) wasted += 50us;
  }
  const double share =
      static_cast<double>(wasted.count()) / static_cast<double>((now - kStart).count());
  CHECK(share <= 0.06);  // the share, and one burst
  CHECK(share >= 0.03);  // and it is really used (unless the machine takes the processor away)
  CHECK(budget.statistics().refused > 0);
  CHECK(budget.statistics().wasted == wasted);
}

TEST_CASE("a hit is charged only what it took beyond the wake-up it saved") {
  if (os::processor_share() < 2.0) return;
  SpinBudget budget({.share = 0.05, .wake_cost = 25us, .burst = 100us});
  for (int i = 0; i < 1000; ++i) CHECK(search(budget, kStart + i * 30us, 20us, true));
  CHECK(budget.statistics().wasted == 0us);
  CHECK(budget.statistics().hits == 1000);
  CHECK(search(budget, kStart + 1s, 40us, true));
  CHECK(budget.statistics().wasted == 15us);
}

TEST_CASE("no share, no spinning") {
  SpinBudget budget({.share = 0.0});
  CHECK_FALSE(budget.enter(kStart));
  CHECK(budget.statistics().spins == 0);
  CHECK(budget.statistics().refused == 1);
}

TEST_CASE("only so many threads search at once") {
  if (os::processor_share() < 2.0) return;
  SpinBudget budget({.spinners = 1});
  REQUIRE(budget.enter(kStart));
  CHECK_FALSE(budget.enter(kStart));
  budget.leave(kStart, kStart + 1us, true);
  CHECK(budget.enter(kStart + 2us));
  budget.leave(kStart + 2us, kStart + 3us, true);
}

TEST_CASE("impossible budgets are refused") {
  CHECK_THROWS_AS(SpinBudget({.share = 1.5}), std::invalid_argument);
  CHECK_THROWS_AS(SpinBudget({.share = -0.1}), std::invalid_argument);
  CHECK_THROWS_AS(SpinBudget({.longest = -1us}), std::invalid_argument);
}

TEST_CASE("a place learns that spinning does not pay, probes, and learns that it does again") {
  SpinBudget budget;
  SpinPlace place(budget);
  CHECK(place.limit() == budget.options().longest);
  for (int i = 0; i < 20; ++i) place.learn(false, 50us);
  int granted = 0;
  for (int i = 0; i < 64; ++i) granted += place.limit() > Nanoseconds::zero() ? 1 : 0;
  CHECK(granted == 2);  // one wait in 32
  for (int i = 0; i < 20; ++i) place.learn(true, 2us);
  CHECK(place.limit() > Nanoseconds::zero());
  CHECK(place.limit() <= 8us + 1us);  // four times the usual, not the longest
}

TEST_CASE("a search ends by its limit and gives its grant back") {
  SpinBudget budget;
  SpinPlace place(budget);
  {
    SpinSearch search(place);
    if (search.granted()) {
      while (search.next()) {
      }
    }
  }
  SpinSearch expired(place, monotonic_now());
  if (expired.granted()) {
    int turns = 0;
    while (expired.next()) ++turns;
    CHECK(turns < 16);
    expired.finish(false);
  }
  const SpinStatistics statistics = budget.statistics();
  CHECK(statistics.hits == 0);
  CHECK(statistics.spent == statistics.wasted);
}

TEST_CASE("a processor that others kept for a time slice is not offered again for a while") {
  SpinBudget budget({.share = 0.05});
  SpinPlace place(budget);
  CHECK(place.may_offer(kStart));
  place.learn_offer(kStart, kStart + 2us);  // came back at once
  CHECK(place.may_offer(kStart + 2us));

  TimePoint now = kStart;
  Nanoseconds rest{};
  for (int times = 0; times < 12; ++times) {
    place.learn_offer(now, now + 3ms);
    now += 3ms;
    CHECK_FALSE(place.may_offer(now));
    const TimePoint began = now;
    while (!place.may_offer(now)) now += 1ms;
    CHECK(now - began >= rest);  // longer each time in a row
    CHECK(now - began <= 4s);    // but it is tried again
    rest = now - began;
  }
  CHECK(rest > 1s);
  place.learn_offer(now, now + 2us);  // and one that pays is forgiven at once
  place.learn_offer(now, now + 3ms);
  CHECK(place.may_offer(now + 100ms));
}
