// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every model test asks of a scenario: right under every picker and memory, and wrong as soon
// as one memory order is weakened.

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "checker/explore.hpp"

namespace cogway::model {

inline std::string memory_name(Memory memory) {
  switch (memory) {
    case Memory::sequential:
      return "sequential";
    case Memory::store_buffer:
      return "store_buffer";
    case Memory::views:
      return "views";
  }
  return "";
}

/// No failure: exhaustively within `bounds` (to the end, unless `whole` is false: then as far as
/// the number of executions goes), and at random and by priorities beyond them.
inline void expect_right(const Scenario& scenario, Options bounds = {}, bool whole = true) {
  for (const Memory memory : {Memory::sequential, Memory::store_buffer, Memory::views}) {
    bounds.memory = memory;
    bounds.strategy = Strategy::exhaustive;
    const Report all = explore(bounds, scenario);
    INFO(memory_name(memory) << ", exhaustive: " << all.text());
    CHECK_FALSE(all.failed);
    CHECK((all.complete || !whole));
    for (const Strategy strategy : {Strategy::random, Strategy::pct}) {
      Options free = bounds;
      free.strategy = strategy;
      free.preemptions = 3;
      free.delays = 8;
      free.troubles = 3;
      free.executions = 3000;
      const Report some = explore(free, scenario);
      INFO(memory_name(memory) << std::string(strategy == Strategy::pct ? ", pct: " : ", random: ")
                               << some.text());
      CHECK_FALSE(some.failed);
    }
  }
}

/// The seeded bug is found, and `reason` says what it is.
inline void expect_caught(const Scenario& scenario, std::string_view reason, Options bounds = {}) {
  const Report report = explore(bounds, scenario);
  INFO(report.text());
  REQUIRE(report.failed);
  CHECK(report.reason.find(reason) != std::string::npos);
  bounds.strategy = Strategy::replay;
  bounds.schedule = report.schedule;
  CHECK(explore(bounds, scenario).reason == report.reason);
}

/// Whether the source explains, by "model:" on the site's line or the three above it, why the
/// checker cannot tell this order from a weaker one.
inline bool explained(const Site& site) {
  std::ifstream source(site.file);
  std::string line;
  for (std::uint32_t number = 1; std::getline(source, line) && number <= site.line; ++number) {
    if (number + 3 >= site.line && line.find("model:") != std::string::npos) return true;
  }
  return false;
}

/// Every order stronger than relaxed in `file` is needed: weakened by one step, some scenario
/// fails. At least `least` orders must have been tried, so that the test cannot pass by trying
/// none.
inline void expect_every_order_needed(const std::vector<Scenario>& scenarios, std::string_view file,
                                      std::size_t least, Options bounds = {}) {
  for (const Scenario& scenario : scenarios) {
    const Report unmutated = explore({.strategy = Strategy::random, .executions = 500}, scenario);
    INFO(unmutated.text());
    REQUIRE_FALSE(unmutated.failed);
  }
  const std::vector<Mutant> mutants = mutate_orders(bounds, scenarios, file);
  CHECK(mutants.size() >= least);
  for (const Mutant& mutant : mutants) {
    INFO(mutant.text());
    CHECK((mutant.caught || explained(mutant.weakening.site)));
  }
}

}  // namespace cogway::model
