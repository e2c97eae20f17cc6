// SPDX-License-Identifier: Apache-2.0
// The checker checked: litmus tests whose outcomes the standard and the x86 manuals fix.

#include <doctest/doctest.h>

#include <memory>

#include "checker/explore.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kSeqCst = std::memory_order_seq_cst;

struct Words {
  Atom<int> x{0};
  Atom<int> y{0};
  int first = -1;
  int second = -1;
};

/// Store buffering: may both threads miss the other's store?
Scenario store_buffering(std::memory_order store, std::memory_order load) {
  return [=](Execution& run) {
    auto words = std::make_shared<Words>();
    run.thread("a", [=] {
      words->x.store(1, store);
      words->first = words->y.load(load);
    });
    run.thread("b", [=] {
      words->y.store(1, store);
      words->second = words->x.load(load);
    });
    run.finally([=] { check(words->first + words->second > 0, "both missed"); });
  };
}

/// Message passing: may a reader see the flag and not what came before it?
Scenario message_passing(std::memory_order store, std::memory_order load) {
  return [=](Execution& run) {
    auto words = std::make_shared<Words>();
    run.thread("writer", [=] {
      words->x.store(1, kRelaxed);
      words->y.store(1, store);
    });
    run.thread("reader", [=] {
      if (words->y.load(load) == 1) check(words->x.load(kRelaxed) == 1, "flag before data");
    });
  };
}

Scenario plain_hand_over(std::memory_order store, std::memory_order load) {
  return [=](Execution& run) {
    struct Shared {
      Value data;
      Atom<bool> ready{false};
    };
    auto shared = std::make_shared<Shared>();
    run.thread("writer", [=] {
      shared->data = Value(7);
      shared->ready.store(true, store);
    });
    run.thread("reader", [=] {
      if (shared->ready.load(load)) check(shared->data.id() == 7, "wrong value");
    });
  };
}

bool fails(Memory memory, const Scenario& scenario) {
  const Report report = explore({.memory = memory}, scenario);
  CHECK((report.failed || report.complete));
  return report.failed;
}

}  // namespace

TEST_CASE("store buffering needs seq_cst on both accesses") {
  CHECK_FALSE(fails(Memory::sequential, store_buffering(kRelaxed, kRelaxed)));
  CHECK(fails(Memory::store_buffer, store_buffering(kRelease, kAcquire)));
  CHECK_FALSE(fails(Memory::store_buffer, store_buffering(kSeqCst, kAcquire)));
  CHECK(fails(Memory::views, store_buffering(kRelease, kAcquire)));
  CHECK(fails(Memory::views, store_buffering(kSeqCst, kAcquire)));
  CHECK(fails(Memory::views, store_buffering(kRelease, kSeqCst)));
  CHECK_FALSE(fails(Memory::views, store_buffering(kSeqCst, kSeqCst)));
}

TEST_CASE("message passing needs release and acquire") {
  CHECK_FALSE(fails(Memory::store_buffer, message_passing(kRelaxed, kRelaxed)));
  CHECK(fails(Memory::views, message_passing(kRelaxed, kRelaxed)));
  CHECK(fails(Memory::views, message_passing(kRelease, kRelaxed)));
  CHECK(fails(Memory::views, message_passing(kRelaxed, kAcquire)));
  CHECK_FALSE(fails(Memory::views, message_passing(kRelease, kAcquire)));
}

TEST_CASE("plain data handed over without happens-before is a race in every memory") {
  for (const Memory memory : {Memory::sequential, Memory::store_buffer, Memory::views}) {
    CHECK(fails(memory, plain_hand_over(kRelaxed, kAcquire)));
    CHECK(fails(memory, plain_hand_over(kRelease, kRelaxed)));
    CHECK_FALSE(fails(memory, plain_hand_over(kRelease, kAcquire)));
  }
}

TEST_CASE("a release sequence goes on through updates of other threads, not through stores") {
  const auto scenario = [](bool update) {
    return [update](Execution& run) {
      struct Shared {
        Value data;
        Atom<int> flag{0};
      };
      auto shared = std::make_shared<Shared>();
      run.thread("writer", [=] {
        shared->data = Value(7);
        shared->flag.store(1, kRelease);
      });
      run.thread("middle", [=] {
        int seen = 1;
        if (update) {
          shared->flag.compare_exchange_strong(seen, 2, kRelaxed);
        } else if (shared->flag.load(kRelaxed) == 1) {
          shared->flag.store(2, kRelaxed);
        }
      });
      run.thread("reader", [=] {
        if (shared->flag.load(kAcquire) == 2) check(shared->data.id() == 7, "wrong value");
      });
    };
  };
  CHECK_FALSE(fails(Memory::views, scenario(true)));
  CHECK(fails(Memory::views, scenario(false)));
}

TEST_CASE("values of one location are never seen out of order") {
  CHECK_FALSE(fails(Memory::views, [](Execution& run) {
    auto words = std::make_shared<Words>();
    run.thread("writer", [=] {
      words->x.store(1, kRelaxed);
      words->x.store(2, kRelaxed);
    });
    run.thread("reader", [=] {
      const int before = words->x.load(kRelaxed);
      check(words->x.load(kRelaxed) >= before, "went back");
    });
  }));
}

TEST_CASE("independent readers agree on the order of seq_cst stores only") {
  const auto scenario = [](std::memory_order store, std::memory_order load) {
    return [=](Execution& run) {
      struct Shared : Words {
        int third = -1;
        int fourth = -1;
      };
      auto words = std::make_shared<Shared>();
      run.thread("x", [=] { words->x.store(1, store); });
      run.thread("y", [=] { words->y.store(1, store); });
      run.thread("xy", [=] {
        words->first = words->x.load(load);
        words->second = words->y.load(load);
      });
      run.thread("yx", [=] {
        words->third = words->y.load(load);
        words->fourth = words->x.load(load);
      });
      run.finally([=] {
        check(!(words->first == 1 && words->second == 0 && words->third == 1 && words->fourth == 0),
              "two orders");
      });
    };
  };
  CHECK(fails(Memory::views, scenario(kRelease, kAcquire)));
  CHECK_FALSE(fails(Memory::views, scenario(kSeqCst, kSeqCst)));
}

TEST_CASE("a lost update is found by every strategy, and its schedule replays") {
  const Scenario scenario = [](Execution& run) {
    auto words = std::make_shared<Words>();
    for (const char* name : {"a", "b"}) {
      run.thread(name, [=] { words->x.store(words->x.load() + 1); });
    }
    run.finally([=] { check(words->x.load() == 2, "lost update"); });
  };
  for (const Strategy strategy : {Strategy::random, Strategy::pct, Strategy::exhaustive}) {
    const Report found = explore({.strategy = strategy, .executions = 1000}, scenario);
    REQUIRE(found.failed);
    CHECK(found.reason == "lost update");
    CHECK(found.trace.find("store") != std::string::npos);
    const Report again =
        explore({.strategy = Strategy::replay, .schedule = found.schedule}, scenario);
    CHECK(again.failed);
    CHECK(again.trace == found.trace);
    const Report same = explore({.strategy = strategy, .executions = 1000}, scenario);
    CHECK(same.executions == found.executions);
    CHECK(same.trace == found.trace);
  }
}

TEST_CASE("a deadlock is reported with who sleeps on what") {
  const Report report = explore({}, [](Execution& run) {
    auto word = std::make_shared<Atom<std::uint32_t>>(0U);
    run.thread("sleeper", [=] { Parking<Atom>::park(*word, 0, kNever); });
  });
  CHECK(report.failed);
  CHECK(report.reason.find("deadlock") != std::string::npos);
  CHECK(report.reason.find("sleeper") != std::string::npos);
}

TEST_CASE("a sleeper with a deadline is not deadlocked, it times out") {
  const Report report = explore({}, [](Execution& run) {
    auto word = std::make_shared<Atom<std::uint32_t>>(0U);
    run.thread("sleeper", [=] {
      const ParkResult result = Parking<Atom>::park(*word, 0, TimePoint{});
      check(result != ParkResult::changed, "nothing changed");
    });
  });
  CHECK_FALSE(report.failed);
  CHECK(report.complete);
}

TEST_CASE("waiting for what nobody does is a livelock") {
  const Report report = explore({}, [](Execution& run) {
    auto words = std::make_shared<Words>();
    run.thread("spinner", [=] {
      while (words->x.load(kAcquire) == 0) model::yield();
    });
  });
  CHECK(report.failed);
  CHECK(report.reason.find("livelock") != std::string::npos);
}

TEST_CASE("the exhaustive strategy counts what there is: two threads of one step each") {
  const Report report = explore({.memory = Memory::sequential}, [](Execution& run) {
    auto words = std::make_shared<Words>();
    run.thread("a", [=] { words->x.store(1, kRelaxed); });
    run.thread("b", [=] { words->y.store(1, kRelaxed); });
  });
  CHECK(report.complete);
  // Who goes first; then, before its one store, it may be preempted; and so on. No schedule twice.
  CHECK(report.executions >= 2);
  CHECK(report.executions <= 16);
}
