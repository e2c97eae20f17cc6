// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/dimension.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>

using namespace cogway;

namespace {

const std::array<std::int64_t, 4> kValues{6, 5, -7, INT64_MAX};

std::int32_t place(std::string_view name) {
  if (name == "...") return 0;
  if (name == "n") return 1;
  if (name == "shift") return 2;
  return name == "huge" ? 3 : -1;
}

Dimension parse(std::string_view text) {
  Dimension dimension;
  const Status status = Dimension::parse(text, place, &dimension);
  INFO(status.message());
  REQUIRE(status.ok());
  return dimension;
}

std::optional<std::int64_t> value(std::string_view text) { return parse(text).evaluate(kValues); }

bool refused(std::string_view text, const char* why) {
  Dimension dimension;
  const Status status = Dimension::parse(text, place, &dimension);
  INFO(status.message());
  return status.message().find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("numbers, names and what is made of them") {
  CHECK(value("3") == 3);
  CHECK(value("n") == 5);
  CHECK(value("...") == 6);
  CHECK(value(" 2 * n + 1 ") == 11);
  CHECK(value("2 * (n + 1)") == 12);
  CHECK(value("n - 2 - 1") == 2);
  CHECK(value("-n + ... * 4") == 19);
  CHECK(value("n // 2") == 2);
  CHECK(value("shift // 2") == -4);  // as Python divides
  CHECK(value("(n + 3) // 4 * 4") == 8);
}

TEST_CASE("what has no value has none") {
  CHECK_FALSE(value("n // 0"));
  CHECK_FALSE(value("huge + 1"));
  CHECK_FALSE(value("huge * 2"));
  CHECK_FALSE(value("-huge - 2"));
}

TEST_CASE("what it is made of can be asked") {
  CHECK(parse("n").variable() == 1);
  CHECK(parse("n + 1").variable() == -1);
  CHECK(parse("4 * 2").constant() == 8);
  CHECK_FALSE(parse("n").constant());
  CHECK(parse("n + shift").last_variable() == 2);
  CHECK(parse("n + 1").text() == "n + 1");
}

TEST_CASE("what cannot be read is refused") {
  CHECK(refused("", "needs a name or a number"));
  CHECK(refused("n +", "needs a name or a number"));
  CHECK(refused("m", "names 'm'"));
  CHECK(refused("n / 2", "use //"));
  CHECK(refused("(n", "lacks a )"));
  CHECK(refused("n n", "does not end"));
  CHECK(refused("99999999999999999999", "beyond 64 bits"));
  CHECK(refused(std::string(100, '('), "too long"));
  std::string sum = "1";
  for (int i = 0; i < 40; ++i) sum += "+1";
  CHECK(refused(sum, "too long"));
}
