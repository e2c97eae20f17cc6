// SPDX-License-Identifier: Apache-2.0
// cogway_bench_tasks [N] [--json] [--rounds R]: N empty tasks (they add to one atomic) submitted
// from one outside thread and then waited for, and one task submitted and waited for. Contestants
// take turns within each round, so that what disturbs the machine disturbs them alike.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contestant.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point start) {
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void check(bench::Contestant& contestant, std::uint64_t wanted) {
  if (const std::uint64_t sum = contestant.take_sum(); sum != wanted) {
    std::fprintf(stderr, "%s ran %llu of %llu tasks\n", contestant.name().c_str(),
                 static_cast<unsigned long long>(sum), static_cast<unsigned long long>(wanted));
    std::exit(1);
  }
}

double bulk(bench::Contestant& contestant, std::uint64_t n) {
  const Clock::time_point start = Clock::now();
  contestant.submit_and_wait(n);
  const double ns = ns_since(start) / static_cast<double>(n);
  check(contestant, n);
  return ns;
}

double round_trips(bench::Contestant& contestant) {
  constexpr int kTrips = 2000;
  std::vector<double> slices;
  for (int i = 0; i < kTrips; ++i) {
    const Clock::time_point start = Clock::now();
    contestant.round_trip();
    slices.push_back(ns_since(start));
  }
  check(contestant, kTrips);
  return median(std::move(slices));
}

using Samples = std::map<std::string, std::vector<double>>;

void print_json(const char* kase, const char* metric, const Samples& samples) {
  for (const auto& [name, values] : samples) {
    std::printf(R"({"case":"%s","contestant":"%s","metric":"%s","samples":[)", kase, name.c_str(),
                metric);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::printf("%s%.2f", i == 0 ? "" : ",", values[i]);
    }
    std::puts("]}");
  }
}

void print_table(const char* title, const Samples& samples) {
  const double ours = median(samples.at("cogway"));
  std::printf("%-36s %12s %12s %8s\n", title, "ns", "per second", "ratio");
  for (const auto& [name, values] : samples) {
    const double ns = median(values);
    std::printf("  %-34s %12.1f %12.0f %8.2f\n", name.c_str(), ns, 1e9 / ns, ns / ours);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t n = 1'000'000;
  int rounds = 5;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else {
      n = std::strtoull(argv[i], nullptr, 10);
    }
  }
  if (n == 0 || rounds < 1) {
    std::fprintf(stderr, "usage: %s [N] [--json] [--rounds R]\n", argv[0]);
    return 2;
  }
  using Make = std::unique_ptr<bench::Contestant> (*)();
  const std::pair<const char*, Make> all[] = {{"cogway", &bench::make_cogway},
                                              {"oneTBB task_group", &bench::make_onetbb},
                                              {"Taskflow silent_async", &bench::make_taskflow},
                                              {"mutex pool", &bench::make_mutex_pool}};
  Samples per_task;
  Samples per_trip;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [name, make] : all) {
      // Made anew each time: an idle pool's spinning must not burden the next contestant.
      const std::unique_ptr<bench::Contestant> contestant = make();
      if (contestant == nullptr) continue;
      (void)bulk(*contestant, std::min<std::uint64_t>(n, 200'000));  // warm-up
      per_task[name].push_back(bulk(*contestant, n));
      per_trip[name].push_back(round_trips(*contestant));
    }
  }
  if (!json) {
    print_table("outside submit, per task", per_task);
    print_table("submit one + wait", per_trip);
    return 0;
  }
  for (const auto& [name, make] : all) {
    if (per_task.contains(name)) continue;
    std::printf(R"({"absent":"%s","reason":"not found when this program was built"})"
                "\n",
                name);
  }
  print_json("outside submit", "ns_per_task", per_task);
  print_json("submit one + wait", "ns_rtt", per_trip);
  return 0;
}
