// SPDX-License-Identifier: Apache-2.0
// Both domains of deferred reclamation: what is destroyed when, by whom, and what is told of it.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cogway/sync/epoch_domain.hpp"
#include "cogway/sync/hazard_domain.hpp"

using namespace cogway;

namespace {

struct Counted : Retirable {
  explicit Counted(int& ended_count) : ended(ended_count) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { ++ended; }
  int& ended;
};

template <typename Domain>
void settle(typename Domain::Member& member) {
  for (int i = 0; i < 3; ++i) member.collect();
}

}  // namespace

TEST_CASE_TEMPLATE("what nobody looks at is destroyed, the rest when they have looked away", Domain,
                   EpochDomain<>, HazardDomain<>) {
  int ended = 0;
  Domain domain;
  typename Domain::Member reader(domain);
  typename Domain::Member writer(domain);
  std::atomic<Counted*> current{new Counted(ended)};
  {
    auto guard = reader.guard();
    Counted* const seen = guard.protect(current);
    CHECK(seen == current.load());
    writer.retire(current.exchange(nullptr));
    settle<Domain>(writer);
    CHECK(ended == 0);
    CHECK(writer.pending() == 1);
    CHECK(domain.statistics().holding == 1);
    CHECK(&seen->ended == &ended);
  }
  settle<Domain>(writer);
  CHECK(ended == 1);
  CHECK(writer.pending() == 0);
  const ReclaimStatistics told = domain.statistics();
  CHECK(told.members == 2);
  CHECK(told.retired == 1);
  CHECK(told.destroyed == 1);
  CHECK(told.pending == 0);
  CHECK(told.holding == 0);
}

TEST_CASE_TEMPLATE("what an ended thread leaves, another destroys, or the domain", Domain,
                   EpochDomain<>, HazardDomain<>) {
  int ended = 0;
  {
    Domain domain;
    typename Domain::Member reader(domain);
    std::atomic<Counted*> current{new Counted(ended)};
    auto guard = std::make_unique<typename Domain::Guard>(reader);
    CHECK(guard->protect(current) != nullptr);
    std::thread([&] {
      typename Domain::Member writer(domain);
      writer.retire(current.exchange(nullptr));
    }).join();
    CHECK(ended == 0);
    CHECK(domain.statistics().pending == 1);
    SUBCASE("another") {
      guard.reset();
      settle<Domain>(reader);
      CHECK(ended == 1);
    }
    SUBCASE("the domain") {
      reader.collect();
      guard.reset();
    }
  }
  CHECK(ended == 1);
}

TEST_CASE_TEMPLATE("records are used again", Domain, EpochDomain<>, HazardDomain<>) {
  Domain domain;
  for (int i = 0; i < 10; ++i) {
    std::thread([&] { typename Domain::Member member(domain); }).join();
  }
  CHECK(domain.statistics().records == 1);
  CHECK(domain.statistics().members == 0);
}

TEST_CASE_TEMPLATE("what is destroyed may retire others", Domain, EpochDomain<>, HazardDomain<>) {
  struct Chain : Retirable {
    typename Domain::Member* member = nullptr;
    Chain* rest = nullptr;
    int* ended = nullptr;
    static void destroy(Retirable* object) {
      std::unique_ptr<Chain> mine(static_cast<Chain*>(object));
      ++*mine->ended;
      if (mine->rest != nullptr) mine->member->retire(mine->rest, destroy);
    }
  };
  int ended = 0;
  Domain domain;
  typename Domain::Member member(domain);
  Chain* first = nullptr;
  for (int i = 0; i < 1000; ++i) {
    auto link = std::make_unique<Chain>();
    link->member = &member;
    link->rest = first;
    link->ended = &ended;
    first = link.release();
  }
  member.retire(first, Chain::destroy);
  for (int i = 0; i < 3000; ++i) member.collect();
  CHECK(ended == 1000);
}

TEST_CASE("a stalled reader: hazards keep what is protected, epochs all that came after") {
  int ended = 0;
  const auto replace = [&ended](auto& writer, std::atomic<Counted*>& current, int times) {
    for (int i = 0; i < times; ++i) writer.retire(current.exchange(new Counted(ended)));
  };
  constexpr int kTimes = 10'000;
  std::atomic<Counted*> current{new Counted(ended)};
  SUBCASE("hazards") {
    HazardDomain<> domain;
    HazardDomain<>::Member reader(domain);
    HazardDomain<>::Member writer(domain);
    auto guard = reader.guard();
    CHECK(guard.protect(current) != nullptr);
    std::size_t most = 0;
    for (int i = 0; i < kTimes; ++i) {
      replace(writer, current, 1);
      most = std::max(most, writer.pending());
    }
    CHECK(most <= 64);
    writer.collect();
    CHECK(writer.pending() == 1);
  }
  SUBCASE("epochs") {
    EpochDomain<> domain;
    EpochDomain<>::Member reader(domain);
    EpochDomain<>::Member writer(domain);
    {
      auto guard = reader.guard();
      CHECK(guard.protect(current) != nullptr);
      replace(writer, current, kTimes);
      CHECK(writer.pending() == kTimes);
      CHECK(domain.statistics().stalled == 1);
    }
    settle<EpochDomain<>>(writer);
    CHECK(writer.pending() == 0);
    CHECK(domain.statistics().stalled == 0);
  }
  CHECK(ended == kTimes);
  delete current.load();
}

TEST_CASE("epochs: guards nest") {
  int ended = 0;
  EpochDomain<> domain;
  EpochDomain<>::Member reader(domain);
  EpochDomain<>::Member writer(domain);
  {
    auto outer = reader.guard();
    {
      auto inner = reader.guard();
    }
    writer.retire(new Counted(ended));
    settle<EpochDomain<>>(writer);
    CHECK(ended == 0);
  }
  settle<EpochDomain<>>(writer);
  CHECK(ended == 1);
}

TEST_CASE("hazards: a guard that looks elsewhere lets go; there are only so many") {
  int ended = 0;
  HazardDomain<std::atomic, 2> domain;
  HazardDomain<std::atomic, 2>::Member member(domain);
  std::atomic<Counted*> first{new Counted(ended)};
  std::atomic<Counted*> second{nullptr};
  auto guard = member.guard();
  CHECK(guard.protect(first) != nullptr);
  member.retire(first.exchange(nullptr));
  member.collect();
  CHECK(ended == 0);
  CHECK(guard.protect(second) == nullptr);
  member.collect();
  CHECK(ended == 1);
  {
    auto another = member.guard();
    CHECK_THROWS_AS(member.guard(), std::length_error);
  }
  auto again = member.guard();
}
