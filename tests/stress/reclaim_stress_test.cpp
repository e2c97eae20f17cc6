// SPDX-License-Identifier: Apache-2.0
// A stack of allocated nodes under both domains of deferred reclamation: histories, threads that
// come and go, a reader that stalls. A node freed too early is found by the sanitizers, one that
// is never freed by the leak check and by the counts.

#include "../../examples/cpp/lock_free_stack.hpp"
#include "cogway/sync/epoch_domain.hpp"
#include "cogway/sync/hazard_domain.hpp"
#include "queue_stress.hpp"

using namespace cogway;
using namespace cogway::testing;

namespace {

template <typename Domain>
struct Pile {
  Domain domain;
  LockFreeStack<int, Domain> stack{domain};
};

template <typename Domain>
StressBody<Pile<Domain>, QueueCall> juggler(int thread) {
  return [=](Pile<Domain>& pile, StressRecorder& recorder) {
    typename Domain::Member member(pile.domain);
    for (int i = 1; i <= 4; ++i) {
      const int value = thread * 1000 + i;
      recorder.record([&] {
        pile.stack.push(value);
        return QueueCall{Act::push, value};
      });
      recorder.record([&] { return QueueCall{Act::pop, pile.stack.pop(member)}; });
    }
    member.collect();
  };
}

struct Item : Retirable {
  explicit Item(std::uint64_t number) : value(number), copy(number) {}
  Item(const Item&) = delete;
  Item& operator=(const Item&) = delete;
  ~Item() { value = 0; }
  std::uint64_t value;
  std::uint64_t copy;
};

}  // namespace

TEST_CASE_TEMPLATE("stack histories are linearizable while nodes are freed", Domain, EpochDomain<>,
                   HazardDomain<>) {
  check_histories<LifoSpec, Pile<Domain>>(
      stress_rounds(1000), [] { return std::make_unique<Pile<Domain>>(); },
      {juggler<Domain>(0), juggler<Domain>(1), juggler<Domain>(2)}, [](QueueHistory&) {},
      [](const Pile<Domain>&) {
        LifoSpec empty;
        empty.capacity = 1000;
        return empty;
      });
}

TEST_CASE_TEMPLATE("threads come and go, and all that was pushed comes out once", Domain,
                   EpochDomain<>, HazardDomain<>) {
  Pile<Domain> pile;
  std::atomic<long> sum{0};
  const int generations = stress_rounds(200);
  constexpr int kEach = 50;
  std::vector<std::thread> lines;
  for (int line = 0; line < 3; ++line) {
    lines.emplace_back([&] {
      for (int i = 0; i < generations; ++i) {
        std::thread([&] {
          typename Domain::Member member(pile.domain);
          for (int n = 1; n <= kEach; ++n) {
            pile.stack.push(n);
            if (const auto value = pile.stack.pop(member)) sum += *value;
          }
        }).join();
      }
    });
  }
  for (std::thread& line : lines) line.join();
  typename Domain::Member member(pile.domain);
  while (const auto value = pile.stack.pop(member)) sum += *value;
  CHECK(sum == 3L * generations * kEach * (kEach + 1) / 2);
  for (int i = 0; i < 3; ++i) member.collect();
  const ReclaimStatistics told = pile.domain.statistics();
  CHECK(told.retired == 3ULL * static_cast<std::uint64_t>(generations) * kEach);
  CHECK(told.pending == 0);
  CHECK(told.records <= 4);
  CHECK(told.members == 1);
}

TEST_CASE_TEMPLATE("what a reader looks at stays whole, however long it takes", Domain,
                   EpochDomain<>, HazardDomain<>) {
  Domain domain;
  std::atomic<Item*> current{new Item(1)};
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> torn{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      typename Domain::Member member(domain);
      while (!over.load()) {
        auto guard = member.guard();
        const Item* const item = guard.protect(current);
        const std::uint64_t before = item->value;
        std::this_thread::yield();
        if (item->value != before || item->copy != before) ++torn;
      }
    });
  }
  std::vector<std::thread> writers;
  for (std::uint64_t i = 0; i < 2; ++i) {
    writers.emplace_back([&, i] {
      typename Domain::Member member(domain);
      for (int n = 1; n <= 20 * stress_rounds(1000); ++n) {
        member.retire(current.exchange(new Item(2 * static_cast<std::uint64_t>(n) + i)));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
  typename Domain::Member member(domain);
  for (int i = 0; i < 3; ++i) member.collect();
  CHECK(domain.statistics().pending == 0);
  delete current.load();
}
