// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many executions of one scenario, until one fails or the choices are used up; and mutation of
// memory orders, which shows that each order asked for is needed.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checker/atom.hpp"
#include "checker/choices.hpp"
#include "checker/execution.hpp"
#include "checker/value.hpp"

namespace cogway::model {

struct Report {
  bool failed = false;
  bool complete = false;  ///< every choice within the bounds was tried
  std::string reason;
  std::string trace;
  std::uint64_t executions = 0;
  std::vector<std::uint32_t> schedule;  ///< of the failed execution, for Strategy::replay
  std::set<Site> sites;                 ///< where orders stronger than relaxed were asked for

  /// What a failing test prints: the reason, the operations in order, and how to see it again.
  [[nodiscard]] std::string text() const {
    if (!failed) return "no failure in " + std::to_string(executions) + " executions";
    std::string picks;
    for (const std::uint32_t pick : schedule) picks += std::to_string(pick) + ",";
    return reason + "\nafter " + std::to_string(executions) + " executions; operations:\n" + trace +
           "replay: Options{.strategy = Strategy::replay, .schedule = {" + picks + "}}";
  }
};

/// Builds the shared state, adds threads with run.thread(), and checks the end in run.finally().
using Scenario = std::function<void(Execution& run)>;

inline Report explore(const Options& options, const Scenario& scenario) {
  Report report;
  Choices choices(options.strategy, options.seed, options.preemptions, options.schedule);
  while (report.executions < options.executions) {
    if (!choices.begin()) {
      report.complete = true;
      break;
    }
    ++report.executions;
    Execution run(options, choices, report.sites);
    scenario(run);
    if (!run.run()) {
      report.failed = true;
      report.reason = run.failure();
      report.trace = run.trace();
      report.schedule = choices.taken();
      break;
    }
  }
  return report;
}

/// The orders one step weaker than `order` that the access may have.
inline std::vector<std::memory_order> weaker(Access access, std::memory_order order) {
  using enum std::memory_order;
  switch (order) {
    case seq_cst:
      if (access == Access::update) return {acq_rel};
      return {access == Access::store ? release : acquire};
    case acq_rel:
      return {acquire, release};
    case acquire:
    case release:
      return {relaxed};
    default:
      return {};
  }
}

struct Mutant {
  Weakening weakening;
  bool caught = false;
  std::string how;

  [[nodiscard]] std::string text() const {
    const std::size_t slash = weakening.site.file.find_last_of('/');
    return weakening.site.file.substr(slash + 1) + ":" + std::to_string(weakening.site.line) + " " +
           order_name(weakening.site.order) + " -> " + order_name(weakening.order);
  }
};

/// Runs the scenarios with each order of `file` weakened in turn; a mutant is caught when one
/// fails.
inline std::vector<Mutant> mutate_orders(const Options& options,
                                         const std::vector<Scenario>& scenarios,
                                         std::string_view file) {
  constexpr std::uint64_t kChances = 500;
  std::set<Site> sites;
  Options some = options;
  some.strategy = Strategy::random;
  some.executions = kChances;
  for (const Scenario& scenario : scenarios) sites.merge(explore(some, scenario).sites);
  std::vector<Mutant> mutants;
  for (const Site& site : sites) {
    if (!site.file.ends_with(file)) continue;
    for (const std::memory_order order : weaker(site.access, site.order)) {
      Mutant mutant{{site, order}, false, {}};
      Options mutated = options;
      mutated.weakening = mutant.weakening;
      // Most mutants die at once by chance; those that do not are hunted through every choice.
      for (const Strategy strategy : {Strategy::random, Strategy::exhaustive}) {
        mutated.strategy = strategy;
        mutated.executions = strategy == Strategy::random ? kChances : options.executions;
        for (const Scenario& scenario : scenarios) {
          if (mutant.caught) break;
          const Report report = explore(mutated, scenario);
          mutant.caught = report.failed;
          mutant.how = report.reason;
        }
      }
      mutants.push_back(std::move(mutant));
    }
  }
  return mutants;
}

}  // namespace cogway::model
