// SPDX-License-Identifier: Apache-2.0
#include "cogway/base/os/reserved_memory.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <system_error>
#include <utility>

#include "cogway/base/os/shared_memory.hpp"

namespace cogway::os {
namespace {

constexpr std::size_t kLarge = std::size_t{1} << 40;

TEST_CASE("addresses cost nothing, and memory grows where it is committed") {
  const ReservedMemory memory(kLarge);
  CHECK(memory.size() == kLarge);
  REQUIRE(memory.commit(kLarge / 2 + 100, 5000));
  std::byte* at = memory.data() + kLarge / 2 + 100;
  for (int i = 0; i < 5000; ++i) REQUIRE(at[i] == std::byte{0});
  std::memset(at, 7, 5000);
  REQUIRE(memory.commit(kLarge / 2, 4096));
  CHECK(at[0] == std::byte{7});
}

TEST_CASE("ranges outside are refused") {
  const ReservedMemory memory(page_size());
  CHECK(memory.commit(0, page_size()));
  CHECK(memory.commit(page_size(), 0));
  CHECK_FALSE(memory.commit(0, page_size() + 1));
  CHECK_FALSE(memory.commit(page_size() + 1, 0));
  CHECK_FALSE(ReservedMemory().commit(0, 1));
}

TEST_CASE("moving keeps the addresses") {
  ReservedMemory first(page_size());
  REQUIRE(first.commit(0, 1));
  std::byte* at = first.data();
  at[0] = std::byte{3};
  ReservedMemory second = std::move(first);
  CHECK(second.data() == at);
  ReservedMemory third(page_size());
  third = std::move(second);
  CHECK(third.data()[0] == std::byte{3});
}

TEST_CASE("more addresses than there are is an error that says how many") {
  CHECK_THROWS_AS(ReservedMemory(std::size_t{1} << 62), std::system_error);
}

}  // namespace
}  // namespace cogway::os
