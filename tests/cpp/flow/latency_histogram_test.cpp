// SPDX-License-Identifier: Apache-2.0
#include "cogway/flow/latency_histogram.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using cogway::LatencyHistogram;

TEST_CASE("nothing recorded is zero") { CHECK(LatencyHistogram().quantile(0.5) == 0); }

TEST_CASE("a quantile is never below the value and at most an eighth above") {
  for (std::int64_t value : {0LL, 1LL, 7LL, 8LL, 9LL, 1000LL, 123456LL, 987654321LL, 1LL << 40}) {
    LatencyHistogram histogram;
    histogram.record(value);
    const std::int64_t found = histogram.quantile(0.5);
    CHECK(found >= value);
    CHECK(found <= value + value / 8);
  }
}

TEST_CASE("quantiles of a known distribution") {
  LatencyHistogram histogram;
  for (std::int64_t i = 1; i <= 1000; ++i) histogram.record(i * 1000);
  CHECK(histogram.count() == 1000);
  const auto within = [&](double q, std::int64_t exact) {
    const std::int64_t found = histogram.quantile(q);
    return found >= exact && found <= exact + exact / 8;
  };
  CHECK(within(0.0, 1000));
  CHECK(within(0.5, 500'000));
  CHECK(within(0.99, 990'000));
  CHECK(within(1.0, 1'000'000));
}

TEST_CASE("what is too long for the last bucket, or negative, is kept at the ends") {
  LatencyHistogram histogram;
  histogram.record(INT64_MAX);
  histogram.record(-5);
  CHECK(histogram.quantile(0.0) == 0);
  CHECK(histogram.quantile(1.0) > (std::int64_t{1} << 43));
}
