// SPDX-License-Identifier: Apache-2.0
// cogway_bench_parallel_for [N] [--json] [--rounds R]: a loop whose body takes 10 ms, 1 ms or
// 100 us on one worker, over one worker and over two. In a round each contestant does both in turn,
// N times each.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contestant.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Make = std::unique_ptr<bench::Contestant> (*)(int);
/// case -> contestant -> metric -> a value a round
using Samples =
    std::map<std::string, std::map<std::string, std::map<std::string, std::vector<double>>>>;

constexpr std::pair<const char*, double> kCases[] = {
    {"10 ms", 10.0}, {"1 ms", 1.0}, {"100 µs", 0.1}};
constexpr std::pair<const char*, Make> kContestants[] = {{"cogway", &bench::make_cogway},
                                                         {"pinned threads", &bench::make_pinned},
                                                         {"oneTBB", &bench::make_onetbb},
                                                         {"OpenMP", &bench::make_openmp}};
/// So many pieces at least: neither worker is left with the last long one.
constexpr std::int64_t kPieces = 128;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// How many items take a millisecond on this machine, at this moment.
double items_per_ms() {
  constexpr std::int64_t kItems = 2000;
  double best = 1e9;
  std::uint64_t sum = 0;
  for (int turn = 0; turn < 10; ++turn) {
    const Clock::time_point start = Clock::now();
    sum += bench::work(0, kItems);
    best = std::min(best, ms_since(start));
  }
  return sum == 0 ? 0 : static_cast<double>(kItems) / best;
}

double timed(bench::Contestant& contestant, std::int64_t n, std::uint64_t expected) {
  const Clock::time_point start = Clock::now();
  const std::uint64_t sum = contestant.run(n, std::max<std::int64_t>(1, n / kPieces));
  const double ms = ms_since(start);
  if (sum != expected) {
    std::fprintf(stderr, "some of %lld items were not worked off, or twice\n",
                 static_cast<long long>(n));
    std::exit(1);
  }
  return ms;
}

/// The middle of `turns` runs over so many workers; they are there for as long as that takes, so
/// that none who idles or spins is in another's way.
double milliseconds(Make make, int workers, std::int64_t n, int turns, std::uint64_t expected) {
  const std::unique_ptr<bench::Contestant> contestant = make(workers);
  if (contestant == nullptr) return -1;
  (void)timed(*contestant, n, expected);  // threads start, caches warm up
  std::vector<double> found;
  for (int turn = 0; turn < turns; ++turn) found.push_back(timed(*contestant, n, expected));
  return median(std::move(found));
}

/// One round of one contestant, one worker and then two.
void measure(Make make, std::int64_t n, int turns,
             std::map<std::string, std::map<std::string, std::vector<double>>>& kept,
             const char* name) {
  const std::uint64_t expected = bench::work(0, n);
  const double one = milliseconds(make, 1, n, turns, expected);
  if (one < 0) return;
  const double two = milliseconds(make, 2, n, turns, expected);
  kept[name]["ms_one"].push_back(one);
  kept[name]["ms"].push_back(two);
  kept[name]["speedup"].push_back(one / two);
}

void print_json(const Samples& samples) {
  for (const auto& [kase, contestants] : samples) {
    for (const auto& [name, metrics] : contestants) {
      for (const auto& [metric, values] : metrics) {
        std::printf(R"({"case":"%s","contestant":"%s","metric":"%s","samples":[)", kase.c_str(),
                    name.c_str(), metric.c_str());
        for (std::size_t i = 0; i < values.size(); ++i) {
          std::printf("%s%.6f", i == 0 ? "" : ",", values[i]);
        }
        std::puts("]}");
      }
    }
  }
}

void print_table(const Samples& samples) {
  for (const auto& [kase, contestants] : samples) {
    std::printf("%-20s %10s %10s %10s\n", kase.c_str(), "one, ms", "two, ms", "speed-up");
    for (const auto& [name, metrics] : contestants) {
      std::printf("  %-18s %10.3f %10.3f %10.2f\n", name.c_str(), median(metrics.at("ms_one")),
                  median(metrics.at("ms")), median(metrics.at("speedup")));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  int turns = 15;
  int rounds = 5;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else {
      turns = std::atoi(argv[i]);
    }
  }
  if (turns < 1 || rounds < 1) {
    std::fprintf(stderr, "usage: %s [N] [--json] [--rounds R]\n", argv[0]);
    return 2;
  }
  const double per_ms = items_per_ms();
  Samples samples;
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [kase, ms] : kCases) {
      const auto n = std::max<std::int64_t>(2, static_cast<std::int64_t>(per_ms * ms));
      for (const auto& [name, make] : kContestants) {
        measure(make, n, turns, samples[kase], name);
      }
    }
  }
  if (!json) {
    print_table(samples);
    return 0;
  }
  for (const auto& [name, make] : kContestants) {
    if (samples.begin()->second.contains(name)) continue;
    std::printf(R"({"absent":"%s","reason":"not found when this program was built"})"
                "\n",
                name);
  }
  print_json(samples);
  return 0;
}
