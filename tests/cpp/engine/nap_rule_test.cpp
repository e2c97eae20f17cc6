// SPDX-License-Identifier: Apache-2.0
#include "engine/nap_rule.hpp"

#include <doctest/doctest.h>

using namespace cogway;
using namespace std::chrono_literals;

namespace {

/// How many wake-ups with so much work it takes until a nap is due; 100: more than that.
int until_due(NapRule& rule, Nanoseconds work) {
  int count = 0;
  while (!rule.due() && count < 100) {
    rule.worked(work);
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("no nap before several wake-ups were not worth it") {
  NapRule rule;
  CHECK_FALSE(rule.due());
  CHECK(until_due(rule, 0ns) == 4);
  NapRule short_work;
  CHECK(until_due(short_work, NapRule::kPays - 1ns) == 4);
}

TEST_CASE("work that pays keeps a worker awake, and wakes one that naps") {
  NapRule rule;
  CHECK(until_due(rule, NapRule::kPays) == 100);
  CHECK(until_due(rule, 0ns) == 4);
  rule.worked(NapRule::kPays);
  CHECK_FALSE(rule.due());
  // However often it was in vain before, as many that pay outweigh twice what made the nap due.
  for (int i = 0; i < 1000; ++i) rule.worked(0ns);
  for (int i = 0; i < 8; ++i) rule.worked(NapRule::kPays);
  CHECK(until_due(rule, 0ns) == 4);
}

TEST_CASE("naps in vain end; the next wake-up in vain begins them again") {
  NapRule rule;
  until_due(rule, 0ns);
  int naps = 0;
  while (rule.due()) {
    rule.napped_in_vain();
    ++naps;
  }
  CHECK(naps == 4);
  CHECK(until_due(rule, 0ns) == 1);
  SUBCASE("a nap that found work starts the count anew") {
    for (int i = 0; i < 3; ++i) rule.napped_in_vain();
    rule.worked(0ns);
    for (int i = 0; i < 3; ++i) rule.napped_in_vain();
    CHECK(rule.due());
  }
}

TEST_CASE(
    "a worker is restless when short sleeps end in next to nothing, until a rest is in vain") {
  NapRule rule;
  const auto cycle = [&](Nanoseconds sleep, Nanoseconds work) {
    rule.slept(sleep);
    rule.worked(work);
  };
  for (int i = 0; i < 3; ++i) cycle(5us, 1us);
  CHECK_FALSE(rule.restless());
  cycle(5us, 1us);
  CHECK(rule.restless());
  rule.rested_in_vain();
  CHECK_FALSE(rule.restless());

  for (int i = 0; i < 100; ++i) cycle(5us, NapRule::kPays);  // work that pays
  CHECK_FALSE(rule.restless());
  for (int i = 0; i < 100; ++i) cycle(1ms, 0ns);  // a good sleep each time
  CHECK_FALSE(rule.restless());
  cycle(5us, 0ns);
  cycle(1ms, 0ns);
  for (int i = 0; i < 3; ++i) cycle(5us, 0ns);
  CHECK_FALSE(rule.restless());
  cycle(5us, 0ns);
  CHECK(rule.restless());
}
