// SPDX-License-Identifier: Apache-2.0
// cogway_bench_queues [N] [--json] [--rounds R] [--only TEXT]
//
// Every contestant takes its turn once a round, so that a change of the machine's mood meets all of
// them. A round's sample is the median of its slices of N items; the table shows the least and the
// median of the rounds, and the ratio to the case's floor (a mutex, as everybody has it).

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "contest.hpp"

namespace cogway::bench {

std::vector<Contestant>& contestants() {
  static std::vector<Contestant> all;
  return all;
}
std::vector<Absent>& absent() {
  static std::vector<Absent> all;
  return all;
}

namespace {

constexpr int kSlices = 3;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Arguments {
  std::uint64_t items = 10'000;
  int rounds = 5;
  bool json = false;
  std::string only;
};

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto number = [&](const char* text) {
      char* end = nullptr;
      const unsigned long long value = std::strtoull(text, &end, 10);
      if (end == text || *end != '\0' || value == 0) {
        std::fprintf(stderr, "cogway_bench_queues: '%s' is not a positive number\n", text);
        std::exit(2);
      }
      return value;
    };
    if (word == "--json") {
      arguments.json = true;
    } else if (word == "--rounds" && i + 1 < count) {
      arguments.rounds = static_cast<int>(number(words[++i]));
    } else if (word == "--only" && i + 1 < count) {
      arguments.only = words[++i];
    } else if (!word.starts_with("-")) {
      arguments.items = number(words[i]);
    } else {
      std::fprintf(stderr, "usage: cogway_bench_queues [N] [--json] [--rounds R] [--only TEXT]\n");
      std::exit(2);
    }
  }
  return arguments;
}

void print_json(const std::vector<std::vector<double>>& samples) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].empty()) continue;
    const Contestant& contestant = contestants()[i];
    std::printf("{\"case\":\"%s\",\"contestant\":\"%s\",\"metric\":\"%s\",\"samples\":[",
                contestant.test.c_str(), contestant.name.c_str(), contestant.metric.c_str());
    for (std::size_t n = 0; n < samples[i].size(); ++n) {
      std::printf("%s%.2f", n == 0 ? "" : ",", samples[i][n]);
    }
    std::printf("]}\n");
  }
  for (const Absent& peer : absent()) {
    std::printf("{\"absent\":\"%s\",\"reason\":\"%s\"}\n", peer.name.c_str(), peer.reason.c_str());
  }
}

void print_table(const std::vector<std::vector<double>>& samples) {
  std::map<std::string, double> floors;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Contestant& contestant = contestants()[i];
    if (samples[i].empty()) continue;
    if (std::find(order.begin(), order.end(), contestant.test) == order.end()) {
      order.push_back(contestant.test);
    }
    const bool floor =
        contestant.name == "std::mutex + std::deque" ||
        (contestant.metric == "ns_rtt" && contestant.name == "std::mutex + condition_variable");
    if (floor) floors[contestant.test] = median(samples[i]);
  }
  for (const std::string& test : order) {
    std::printf("\n%-40s %12s %10s %10s %8s\n", test.c_str(), "ops/s", "ns min", "ns median",
                "ratio");
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (contestants()[i].test != test || samples[i].empty()) continue;
      const double middle = median(samples[i]);
      const double least = *std::min_element(samples[i].begin(), samples[i].end());
      std::printf("  %-38s %12.0f %10.1f %10.1f", contestants()[i].name.c_str(), 1e9 / middle,
                  least, middle);
      if (floors.contains(test)) std::printf(" %8.2f", middle / floors[test]);
      std::printf("\n");
    }
  }
  std::printf("\nratio: median to the mutex's; below 1 is faster\n");
  for (const Absent& peer : absent()) {
    std::printf("absent: %s (%s)\n", peer.name.c_str(), peer.reason.c_str());
  }
}

int run(int count, char** words) {
  const Arguments arguments = parse(count, words);
  enter_mutex_queues();
  enter_cogway_queues();
  enter_reference_rings();
  enter_boost_lockfree();
  enter_moodycamel();
  enter_onetbb();
  std::vector<std::vector<double>> samples(contestants().size());
  for (int round = 0; round < arguments.rounds; ++round) {
    for (std::size_t i = 0; i < contestants().size(); ++i) {
      const Contestant& contestant = contestants()[i];
      if ((contestant.test + " " + contestant.name).find(arguments.only) == std::string::npos)
        continue;
      const auto items = std::max<std::uint64_t>(
          static_cast<std::uint64_t>(static_cast<double>(arguments.items) * contestant.share), 8);
      std::vector<double> slices;
      for (int n = 0; n < kSlices; ++n) slices.push_back(contestant.slice(items));
      samples[i].push_back(median(slices));
    }
  }
  if (arguments.json) {
    print_json(samples);
  } else {
    print_table(samples);
  }
  return 0;
}

}  // namespace
}  // namespace cogway::bench

int main(int count, char** words) { return cogway::bench::run(count, words); }
