// SPDX-License-Identifier: Apache-2.0
// Everything at once, for the sanitizers: submitters, cancellers, deadlines, full bus, resizing,
// groups.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "../cpp/engine/test_kernels.hpp"

using namespace engine_test;

namespace {

std::uint32_t next_random(std::uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/// One application thread: a random mixture of calls, some of which it cancels or forgets.
void submit_mixture(Engine& engine, std::uint32_t seed, int tasks, std::atomic<int>& ran) {
  std::vector<TaskRef> open;
  for (int i = 0; i < tasks; ++i) {
    SpawnOptions how;
    how.priority = static_cast<Priority>(next_random(seed) % 3);
    how.worker_class = static_cast<WorkerClass>(next_random(seed) % 2);
    if (next_random(seed) % 8 == 0) {
      how.deadline = engine.now() + std::chrono::microseconds(next_random(seed) % 300);
    }
    TaskRef ticket;
    switch (next_random(seed) % 4) {
      case 0: {
        Call call = fill(static_cast<std::int64_t>(next_random(seed) % 30'000), 1,
                         next_random(seed) % 2 == 0 ? "test.fill" : "test.late_fill");
        call.call.options = how;
        (void)engine.c_spawn(call.call, &ticket);
        break;
      }
      case 1: {
        (void)engine.spawn(
            [&ran](TaskContext& context) {
              return context.parallel_for(
                  64, 1,
                  [](void* argument, std::int64_t, std::int64_t) -> std::int32_t {
                    static_cast<std::atomic<int>*>(argument)->fetch_add(1);
                    return COGWAY_OK;
                  },
                  &ran);
            },
            how, &ticket);
        break;
      }
      default:
        (void)engine.spawn(
            [&engine, &ran] {
              ran.fetch_add(1);
              (void)engine.spawn([&ran] { ran.fetch_add(1); });
            },
            how, &ticket);
    }
    if (!ticket) continue;
    if (next_random(seed) % 5 == 0) (void)ticket->cancel();
    if (next_random(seed) % 3 == 0) open.push_back(std::move(ticket));
    if (open.size() > 8) {
      open.front()->wait_until();
      open.erase(open.begin());
    }
  }
  // Outputs are let go before the wait: others may wait for their bytes.
  open.clear();
}

/// A callable that lets others go first while it is copied: between the gate and the queue.
struct Dawdler {
  Dawdler() = default;
  Dawdler(const Dawdler&) { os::yield_thread(); }
  void operator()() const {}
};

}  // namespace

TEST_CASE("a mixture of everything ends, and leaves nothing behind") {
  EngineOptions set = options(2, std::uint64_t{512} << 10);
  set.background_workers = 2;
  Engine engine(set);
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (std::uint32_t seed : {1u, 2u, 3u}) {
    threads.emplace_back([&engine, &ran, seed] { submit_mixture(engine, seed * 7919, 700, ran); });
  }
  for (int i = 0; i < 10; ++i) {
    CHECK(engine.resize(1 + i % 4, 1 + i % 3).ok());
    (void)engine.statistics();
    os::yield_thread();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(engine.drain());
  const EngineStatistics statistics = engine.statistics();
  CHECK(statistics.in_flight == 0);
  CHECK(statistics.parked_for_bus == 0);
  CHECK(bus_is_empty(engine));
}

TEST_CASE("stopped amid a storm, every ticket ends") {
  for (std::uint32_t round = 1; round <= 10; ++round) {
    std::vector<TaskRef> tickets(500);
    {
      Engine engine(options(2, std::uint64_t{64} << 10));
      std::thread submitter([&] {
        std::uint32_t seed = round;
        for (TaskRef& ticket : tickets) {
          if (next_random(seed) % 2 == 0) {
            (void)engine.spawn([] {}, {}, &ticket);
          } else {
            (void)submit(engine, fill(30'000), &ticket);
          }
        }
      });
      std::thread canceller([&] {
        for (int i = 0; i < 50; ++i) os::yield_thread();
        engine.stop();
      });
      submitter.join();
      canceller.join();
    }
    for (const TaskRef& ticket : tickets) CHECK((!ticket || ticket->done()));
  }
}

TEST_CASE("stopped without grace while code returns: every ticket ends") {
  for (int round = 0; round < 1000; ++round) {
    std::atomic<bool> begun{false}, end{false};
    TaskRef ticket;
    {
      Engine engine(options(1));
      const auto code = [&] {
        begun = true;
        while (!end) os::yield_thread();
      };
      REQUIRE(engine.spawn(code, {}, &ticket).ok());
      while (!begun) os::yield_thread();
      std::thread stopper([&] { engine.stop(Nanoseconds::zero()); });
      for (int turn = 0; turn < round % 16; ++turn) os::yield_thread();
      end = true;
      stopper.join();
      CHECK(ticket->done());
    }
    // The code of a worker that was given up still uses what it was given.
    const TimePoint late = monotonic_now() + std::chrono::seconds(10);
    while (!ticket->ended() && monotonic_now() < late) os::yield_thread();
    CHECK(ticket->ended());
  }
}

TEST_CASE("stopped at any moment of a submission: refused, or ended") {
  for (int round = 0; round < 1000; ++round) {
    constexpr std::size_t kEach = 24;
    std::vector<TaskRef> tickets(3 * kEach);
    std::atomic<int> accepted{0};
    Engine engine(options(1, std::uint64_t{64} << 10));
    std::vector<std::thread> submitters;
    for (std::size_t s = 0; s < 3; ++s) {
      submitters.emplace_back([&, s] {
        const Dawdler dawdler;
        Affinity first;
        first.worker = 0;
        for (std::size_t i = 0; i < kEach; ++i) {
          SpawnOptions how;
          how.worker_class = static_cast<WorkerClass>(i % 2);
          if (i % 3 == s) how.affinity = &first;
          const bool in = i % 4 == 0 ? submit(engine, fill(20'000), &tickets[s * kEach + i]).ok()
                                     : engine.spawn(dawdler, how, &tickets[s * kEach + i]).ok();
          accepted.fetch_add(in ? 1 : 0);
        }
      });
    }
    for (int turn = 0; turn < round % 16; ++turn) os::yield_thread();
    CHECK(engine.stop() == 0);
    for (std::thread& submitter : submitters) submitter.join();
    int ended = 0;
    for (const TaskRef& ticket : tickets) ended += ticket && ticket->done() ? 1 : 0;
    CHECK(ended == accepted);
    CHECK(engine.in_flight() == 0);
  }
}

TEST_CASE("groups under many submitters, batch after batch") {
  Engine engine(options(2));
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        TaskGroup group;
        SpawnOptions how;
        how.group = &group;
        for (int k = 0; k < 50; ++k) (void)engine.spawn([&sum] { sum.fetch_add(1); }, how);
        group.wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum == 3 * 50 * 50);
}
