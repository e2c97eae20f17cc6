// SPDX-License-Identifier: Apache-2.0
#include "cogway/flow/permutation.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using cogway::Permutation;

TEST_CASE("every size is permuted: each item once") {
  for (std::uint64_t n = 1; n <= 300; ++n) {
    const Permutation order(n, 5, 2);
    std::vector<bool> seen(n);
    for (std::uint64_t position = 0; position < n; ++position) {
      const std::uint64_t index = order(position);
      REQUIRE(index < n);
      REQUIRE(!seen[index]);
      seen[index] = true;
    }
  }
}

TEST_CASE("the default is the identity") {
  const Permutation order;
  CHECK(order(0) == 0);
  CHECK(order(1'000'000) == 1'000'000);
}

TEST_CASE("seed and epoch each choose another order") {
  const auto first = [](std::uint64_t seed, std::uint64_t epoch) {
    const Permutation order(1000, seed, epoch);
    std::vector<std::uint64_t> head;
    for (std::uint64_t i = 0; i < 8; ++i) head.push_back(order(i));
    return head;
  };
  CHECK(first(1, 0) == first(1, 0));
  CHECK(first(1, 0) != first(1, 1));
  CHECK(first(1, 0) != first(2, 0));
  CHECK(first(1, 2) != first(2, 1));
}

TEST_CASE("the order is part of what users record: it does not change") {
  const Permutation order(10, 7, 3);
  const std::uint64_t expected[] = {5, 9, 1, 6, 4, 0, 8, 2, 3, 7};
  for (std::uint64_t i = 0; i < 10; ++i) CHECK(order(i) == expected[i]);
}

TEST_CASE("neighbours do not stay together") {
  const std::uint64_t n = 4096;
  const Permutation order(n, 11, 0);
  std::uint64_t close = 0;
  for (std::uint64_t i = 0; i + 1 < n; ++i) {
    const std::uint64_t a = order(i);
    const std::uint64_t b = order(i + 1);
    close += (a > b ? a - b : b - a) < 16 ? 1 : 0;
  }
  CHECK(close < 4 * 32 * n / 4096);  // expected 31.9 of 4095 pairs
}
