// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/atomic_number.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

using namespace cogway;

TEST_CASE("an atomic number steps and tells what it was") {
  AtomicNumber<std::int64_t> number(12);
  CHECK(number.exchange(6) == 12);
  CHECK(number.fetch_add(3) == 6);
  CHECK(number.fetch_sub(1) == 9);
  CHECK(number.fetch_and(12) == 8);
  CHECK(number.fetch_or(3) == 8);
  CHECK(number.fetch_xor(1) == 11);
  CHECK(number.fetch_max(20) == 10);
  CHECK(number.fetch_min(4) == 20);
  CHECK(number.compare_exchange(5, 1) == 4);
  CHECK(number.compare_exchange(4, 1) == 4);
  CHECK(number.load() == 1);
}

TEST_CASE("what would overflow changes nothing") {
  constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();
  AtomicNumber<std::int64_t> number(kGreatest);
  CHECK_FALSE(number.fetch_add(1));
  CHECK(number.load() == kGreatest);
  CHECK(number.wrapping_fetch_add(1) == kGreatest);
  CHECK_FALSE(number.fetch_sub(1));
  CHECK(number.wrapping_fetch_sub(1) == std::numeric_limits<std::int64_t>::min());
  CHECK(number.load() == kGreatest);

  AtomicNumber<std::uint64_t> natural(0);
  CHECK_FALSE(natural.fetch_sub(1));
  CHECK(natural.fetch_add(~std::uint64_t{0}) == 0U);
  CHECK_FALSE(natural.fetch_add(1));
}

TEST_CASE("floating point: by bits where compared, by value where ordered") {
  AtomicNumber<double> number(0.0);
  CHECK(number.compare_exchange(-0.0, 1.0) == 0.0);
  CHECK(number.load() == 0.0);
  number.store(std::nan(""));
  CHECK(std::isnan(number.fetch_max(3.0)));
  CHECK(std::isnan(number.compare_exchange(std::nan(""), 5.0)));
  CHECK(number.fetch_add(0.5) == 5.0);
  CHECK(number.load() == 5.5);
}

TEST_CASE("no step of a thread is lost, and none wraps at the edge") {
  constexpr std::int64_t kEdge = std::numeric_limits<std::int64_t>::max();
  AtomicNumber<std::int64_t> number(0);
  AtomicNumber<std::int64_t> edge(kEdge - 100);
  AtomicNumber<std::int64_t> refused(0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5'000; ++turn) {
        number.fetch_add(2);
        if (!edge.fetch_add(1)) refused.fetch_add(1);
        CHECK(edge.load() > 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(number.load() == 40'000);
  CHECK(edge.load() == kEdge);
  CHECK(refused.load() == 20'000 - 100);
}
