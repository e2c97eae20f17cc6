// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/probe_map.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>

#include "../../stress/probe_objects.hpp"

using namespace cogway;
using cogway::testing::drop_change;
using cogway::testing::empty_map;
using cogway::testing::ProbeObjects;

namespace {

template <typename Policy>
void against_a_map() {
  auto objects = std::make_unique<ProbeObjects>();
  ProbeMap<Policy> ours;
  std::map<std::uint64_t, std::int64_t> theirs;
  std::mt19937 random(11);
  for (std::int64_t turn = 0; turn < 20'000; ++turn) {
    const std::uint64_t key = random() % 40;
    const auto probe = Policy::probe(key);
    const bool there = theirs.contains(key);
    ProbeChange change{.key = 2 * key + 1};
    switch (random() % 4) {
      case 0:
        change.value = objects->make(0, turn);
        CHECK((ours.template put<ProbeWhen::always>(probe, change) == ProbeResult::found) == there);
        theirs[key] = turn;
        break;
      case 1:
        CHECK((ours.template put<ProbeWhen::always>(probe, change) == ProbeResult::found) == there);
        theirs.erase(key);
        break;
      case 2:
        change.value = objects->make(0, turn);
        CHECK((ours.template put<ProbeWhen::absent>(probe, change) == ProbeResult::found) == there);
        theirs.try_emplace(key, turn);
        break;
      default: {
        ProbeWord value = 0;
        REQUIRE((ours.get(probe, value) == ProbeResult::found) == there);
        if (there) CHECK(ProbeObjects::at(value).content == theirs[key]);
        Policy::drop(value);
      }
    }
    drop_change<Policy>(change);
    REQUIRE(ours.size() == theirs.size());
  }
  CHECK(objects->held() == static_cast<std::int64_t>(theirs.size()));
  ProbeChange some;
  while (ours.take_any(some)) {
    Policy::drop(some.old_value);
    CHECK(theirs.erase(some.old_key / 2) == 1);
    some = {};
  }
  CHECK(theirs.empty());
  CHECK(objects->held() == 0);
}

}  // namespace

TEST_CASE("probe map: answers as a map does") {
  against_a_map<cogway::testing::ProbePolicy<true>>();
  against_a_map<cogway::testing::ProbePolicy<false>>();
}

TEST_CASE("probe map: replaces the expected value alone") {
  using Policy = cogway::testing::ProbePolicy<true>;
  auto objects = std::make_unique<ProbeObjects>();
  ProbeMap<Policy> map;
  const auto probe = Policy::probe(1);
  const ProbeWord first = objects->make(0, 1);
  ProbeChange change{.key = 3, .value = objects->make(0, 2), .expected = first};
  CHECK(map.put<ProbeWhen::expected>(probe, change) == ProbeResult::absent);
  CHECK(map.put<ProbeWhen::always>(probe, change) == ProbeResult::absent);
  change = {.value = objects->make(0, 3), .expected = first};
  CHECK(map.put<ProbeWhen::expected>(probe, change) == ProbeResult::differs);
  drop_change<Policy>(change);
  Policy::drop(first);
  empty_map(map);
  CHECK(map.size() == 0);
  CHECK(objects->held() == 0);
}
