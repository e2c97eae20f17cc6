// SPDX-License-Identifier: Apache-2.0
// The bus alone, without kernels and Python: what a warm lease costs, and what 4 MiB cost to hand
// over by bus, by copy, and in fresh memory. Usage: cogway_bench_handover [N] [--json] [--rounds R]

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/bus/bus.hpp"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kBytes = std::size_t{4} << 20;
constexpr std::size_t kPage = 4096;

struct Contestant {
  std::string name;
  std::string sample_case;
  std::string metric;
  double unit_ns;       // nanoseconds in one unit of the metric
  std::size_t divisor;  // of N: slower bodies run fewer times
  std::function<void()> body;
  std::vector<double> samples;  // one a round: the median of its slices
};

// Reads one byte of every page, as a consumer that looks at all of it.
unsigned touch(const std::byte* memory) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < kBytes; at += kPage) {
    sum += std::to_integer<unsigned>(*const_cast<const volatile std::byte*>(memory + at));
  }
  return sum;
}

void stamp(std::byte* memory) {
  for (std::size_t at = 0; at < kBytes; at += kPage) memory[at] = std::byte{1};
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "cogway_bench_handover: %s\n", what);
  std::exit(1);
}

double measure(const std::function<void()>& body, std::size_t n) {
  constexpr std::size_t kSlices = 5;
  std::vector<double> slices;
  for (std::size_t s = 0; s < kSlices; ++s) {
    const auto began = Clock::now();
    for (std::size_t i = 0; i < n; ++i) body();
    const std::chrono::duration<double, std::nano> took = Clock::now() - began;
    slices.push_back(took.count() / static_cast<double>(n));
  }
  std::nth_element(slices.begin(), slices.begin() + kSlices / 2, slices.end());
  return slices[kSlices / 2];
}

std::vector<Contestant> contestants(cogway::Bus& bus, std::byte* source, std::byte* target) {
  const auto lease_and_drop = [&bus](std::size_t bytes) {
    return [&bus, layout = cogway::Layout::bytes(bytes)] {
      require(static_cast<bool>(bus.try_lease(layout)), "the bus is full");
    };
  };
  const auto allocate_and_free = [](std::size_t bytes) {
    return [bytes] {
      void* memory = std::malloc(bytes);
      require(memory != nullptr, "no memory");
      *static_cast<volatile char*>(memory) = 1;
      std::free(memory);
    };
  };
  const auto handed_over = [&bus, layout = cogway::Layout::bytes(kBytes)] {
    const cogway::BufferRef buffer = bus.try_lease(layout);
    require(static_cast<bool>(buffer), "the bus is full");
    stamp(buffer.mutable_data());
    require(buffer.freeze().ok(), "freeze was refused");
    require(touch(buffer.data()) == kBytes / kPage, "the bytes are wrong");
  };
  const auto copied = [source, target] {
    stamp(source);
    std::memcpy(target, source, kBytes);
    require(touch(target) == kBytes / kPage, "the bytes are wrong");
  };
  const auto fresh = [] {
    void* memory =
        ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "no memory");
    stamp(static_cast<std::byte*>(memory));
    require(touch(static_cast<std::byte*>(memory)) == kBytes / kPage, "the bytes are wrong");
    ::munmap(memory, kBytes);
  };
  const char* warm = "4 MiB warm";
  return {
      {"cogway lease+freeze", warm, "us_per_buffer", 1e3, 50, handed_over, {}},
      {"memcpy", warm, "us_per_buffer", 1e3, 200, copied, {}},
      {"mmap each time", warm, "us_per_buffer", 1e3, 2000, fresh, {}},
      {"cogway lease+release", "64 bytes", "ns_per_buffer", 1, 1, lease_and_drop(64), {}},
      {"malloc+free", "64 bytes", "ns_per_buffer", 1, 1, allocate_and_free(64), {}},
      {"cogway lease+release",
       "4 MiB untouched",
       "ns_per_buffer",
       1,
       1,
       lease_and_drop(kBytes),
       {}},
      {"malloc+free", "4 MiB untouched", "ns_per_buffer", 1, 50, allocate_and_free(kBytes), {}},
  };
}

void print_json(const Contestant& contestant) {
  std::printf(R"({"case":"%s","contestant":"%s","metric":"%s","samples":[)",
              contestant.sample_case.c_str(), contestant.name.c_str(), contestant.metric.c_str());
  for (std::size_t i = 0; i < contestant.samples.size(); ++i) {
    std::printf("%s%.4g", i == 0 ? "" : ",", contestant.samples[i]);
  }
  std::printf("]}\n");
}

void print_row(const Contestant& contestant, double first) {
  std::vector<double> sorted = contestant.samples;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  std::printf("%-16s %-22s %10.1f %-14s %6.2fx\n", contestant.sample_case.c_str(),
              contestant.name.c_str(), median, contestant.metric.c_str(), median / first);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t n = 100'000;
  std::size_t rounds = 7;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      json = true;
    } else if (argument == "--rounds" && i + 1 < argc) {
      rounds = std::max<std::size_t>(1, std::strtoull(argv[++i], nullptr, 10));
    } else {
      n = std::max<std::size_t>(1, std::strtoull(argv[i], nullptr, 10));
    }
  }
  const auto bus = cogway::Bus::create({.capacity = std::uint64_t{64} << 20});
  bus->warm(kBytes, 1);
  std::vector<std::byte> source(kBytes);
  std::vector<std::byte> target(kBytes);
  std::vector<Contestant> all = contestants(*bus, source.data(), target.data());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (Contestant& contestant : all) {
      const std::size_t times = std::max<std::size_t>(1, n / contestant.divisor);
      contestant.samples.push_back(measure(contestant.body, times) / contestant.unit_ns);
    }
  }
  double first = 0;
  std::string current;
  for (const Contestant& contestant : all) {
    if (json) {
      print_json(contestant);
      continue;
    }
    if (contestant.sample_case != current) {
      current = contestant.sample_case;
      std::vector<double> sorted = contestant.samples;
      std::sort(sorted.begin(), sorted.end());
      first = sorted[sorted.size() / 2];
    }
    print_row(contestant, first);
  }
  return 0;
}
