// SPDX-License-Identifier: Apache-2.0
// A lock-free stack whose nodes are freed while others may still look at them, with epochs and with
// hazard pointers: three threads push and pop, one ends early, and everything is freed in the end.

#include "lock_free_stack.hpp"

#include <cogway/sync/epoch_domain.hpp>
#include <cogway/sync/hazard_domain.hpp>
#include <cstdio>
#include <thread>
#include <vector>

template <typename Domain>
bool run(const char* name) {
  constexpr int kEach = 10'000;
  Domain domain;  // outlives the members of all threads
  LockFreeStack<int, Domain> stack(domain);
  std::atomic<long> sum{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      typename Domain::Member member(domain);  // this thread takes part until it ends
      for (int i = 1; i <= (thread == 0 ? 10 : kEach); ++i) {
        stack.push(i);
        if (const auto value = stack.pop(member)) sum += *value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  typename Domain::Member member(domain);
  while (const auto value = stack.pop(member)) sum += *value;
  for (int i = 0; i < 3; ++i) member.collect();  // adopts what ended threads could not free
  const cogway::ReclaimStatistics told = domain.statistics();
  std::printf("%-8s %llu nodes freed, %llu pending, %zu records\n", name,
              static_cast<unsigned long long>(told.destroyed),
              static_cast<unsigned long long>(told.pending), told.records);
  return sum == 2L * kEach * (kEach + 1) / 2 + 55 && told.pending == 0;
}

int main() {
  const bool epochs = run<cogway::EpochDomain<>>("epochs");
  const bool hazards = run<cogway::HazardDomain<>>("hazards");
  return epochs && hazards ? 0 : 1;
}
