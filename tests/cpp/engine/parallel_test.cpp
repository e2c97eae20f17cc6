// SPDX-License-Identifier: Apache-2.0
// Parallel loops inside of tasks: what runs at once, sums that do not depend on it, failures,
// cancellation, and what is counted.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "cogway/engine/parallel_range.hpp"
#include "test_kernels.hpp"

using namespace engine_test;

namespace {

/// Runs `work(context)` as a task and returns its outcome.
template <typename Work>
TaskRef run(Engine& engine, Work work) {
  TaskRef ticket;
  REQUIRE(engine.spawn(work, {}, &ticket).ok());
  REQUIRE(ticket->wait_until());
  return ticket;
}

/// Sums 1 / (1 + i): a sum of floats that shows in which order it was made.
struct Harmonic {
  static std::int32_t body(void*, std::int64_t begin, std::int64_t end, void* partial) {
    auto& sum = *static_cast<double*>(partial);
    for (std::int64_t i = begin; i < end; ++i) sum += 1.0 / (1.0 + static_cast<double>(i));
    return COGWAY_OK;
  }
  static void combine(void*, void* into, const void* partial) {
    *static_cast<double*>(into) += *static_cast<const double*>(partial);
  }
};

double harmonic(int workers, std::int64_t n, std::int64_t grain, bool manual_engine = false) {
  ManualClock clock;
  Engine engine(manual_engine ? manual(&clock) : options(workers));
  double sum = 0;
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [&](TaskContext& context) {
                    return context.parallel_reduce(n, grain, &Harmonic::body, &Harmonic::combine,
                                                   nullptr, &sum, sizeof(sum));
                  },
                  {}, &ticket)
              .ok());
  if (manual_engine) engine.run_all();
  REQUIRE(ticket->wait_until());
  REQUIRE(ticket->status() == StatusCode::ok);
  return sum;
}

std::uint64_t bits(double value) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, &value, sizeof(raw));
  return raw;
}

/// How many bodies run now, and how many did at most.
struct Crowd {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  void enter() {
    const int now = inside.fetch_add(1) + 1;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
  }
  void leave() { inside.fetch_sub(1); }
};

}  // namespace

TEST_CASE("a reduction comes out the same whatever runs it") {
  for (const std::int64_t n : {1, 7, 1000, 100'003}) {
    for (const std::int64_t grain : {0, 1, 64, 1'000'000}) {
      CAPTURE(n);
      CAPTURE(grain);
      const double one = harmonic(1, n, grain);
      double plain = 0;
      for (std::int64_t i = 0; i < n; ++i) plain += 1.0 / (1.0 + static_cast<double>(i));
      CHECK(std::abs(one - plain) < 1e-9);
      CHECK(bits(harmonic(2, n, grain)) == bits(one));
      CHECK(bits(harmonic(5, n, grain)) == bits(one));
      CHECK(bits(harmonic(1, n, grain, true)) == bits(one));
    }
  }
}

TEST_CASE("a reduction of something large, nested in a loop") {
  Engine engine(options(3));
  constexpr std::int64_t kRows = 40;
  struct Histogram {
    std::array<std::uint32_t, 4096> bins{};
  };
  struct Job {
    TaskContext* context = nullptr;
    std::vector<Histogram> rows = std::vector<Histogram>(kRows);
  } job;
  const TaskRef ticket = run(engine, [&job](TaskContext& context) {
    job.context = &context;
    return context.parallel_for(
        kRows, 1,
        [](void* argument, std::int64_t begin, std::int64_t end) -> std::int32_t {
          Job& all = *static_cast<Job*>(argument);
          for (std::int64_t row = begin; row < end; ++row) {
            const StatusCode code = all.context->parallel_reduce(
                10'000, 100,
                [](void*, std::int64_t first, std::int64_t last, void* partial) -> std::int32_t {
                  auto& mine = *static_cast<Histogram*>(partial);
                  for (std::int64_t i = first; i < last; ++i) {
                    ++mine.bins[static_cast<std::size_t>(i * 7919) % mine.bins.size()];
                  }
                  return COGWAY_OK;
                },
                [](void*, void* into, const void* partial) {
                  auto& sum = *static_cast<Histogram*>(into);
                  const auto& part = *static_cast<const Histogram*>(partial);
                  for (std::size_t i = 0; i < sum.bins.size(); ++i) sum.bins[i] += part.bins[i];
                },
                nullptr, &all.rows[static_cast<std::size_t>(row)], sizeof(Histogram));
            if (code != StatusCode::ok) return static_cast<std::int32_t>(code);
          }
          return COGWAY_OK;
        },
        &job);
  });
  CHECK(ticket->status() == StatusCode::ok);
  for (const Histogram& row : job.rows) {
    CHECK(row.bins == job.rows[0].bins);
    std::uint64_t sum = 0;
    for (const std::uint32_t bin : row.bins) sum += bin;
    REQUIRE(sum == 10'000);
  }
}

TEST_CASE("nested loops keep no more threads busy than there are workers") {
  constexpr int kWorkers = 3;
  Engine engine(options(kWorkers));
  struct Job {
    TaskContext* context = nullptr;
    Crowd crowd;
    std::atomic<int> bodies{0};
  } job;
  TaskGroup group;
  SpawnOptions how;
  how.group = &group;
  // As many tasks as workers, each with loops within loops.
  for (int t = 0; t < kWorkers; ++t) {
    REQUIRE(engine
                .spawn(
                    [&job](TaskContext& context) {
                      struct Task {
                        Job* job;
                        TaskContext* context;
                      } task{&job, &context};
                      return context.parallel_for(
                          16, 1,
                          [](void* argument, std::int64_t, std::int64_t) -> std::int32_t {
                            const Task& outer = *static_cast<Task*>(argument);
                            return static_cast<std::int32_t>(outer.context->parallel_for(
                                64, 1,
                                [](void* data, std::int64_t, std::int64_t) -> std::int32_t {
                                  Job& all = *static_cast<Job*>(data);
                                  all.crowd.enter();
                                  all.bodies.fetch_add(1);
                                  os::yield_thread();
                                  all.crowd.leave();
                                  return COGWAY_OK;
                                },
                                outer.job));
                          },
                          &task);
                    },
                    how)
                .ok());
  }
  group.wait();
  CHECK(job.bodies.load() >= kWorkers * 16);
  CHECK(job.crowd.inside.load() == 0);
  CHECK(job.crowd.most.load() <= kWorkers);
}

TEST_CASE("every worker takes part in a loop that waits for all of them") {
  constexpr int kWorkers = 3;
  Engine engine(options(kWorkers));
  Latch gate;
  const TaskRef ticket = run(engine, [&gate](TaskContext& context) {
    return context.parallel_for(
        kWorkers, 1,
        [](void* argument, std::int64_t, std::int64_t) -> std::int32_t {
          auto& all = *static_cast<Latch*>(argument);
          all.begun.fetch_add(1);
          all.wait_begun(kWorkers);
          return COGWAY_OK;
        },
        &gate);
  });
  CHECK(ticket->status() == StatusCode::ok);
  const EngineStatistics statistics = engine.statistics();
  std::uint64_t loops = 0;
  std::uint64_t pieces = 0;
  for (const WorkerStatistics& worker : statistics.workers) {
    loops += worker.parallel_loops;
    pieces += worker.parallel_pieces;
  }
  CHECK(loops == 1);
  CHECK(pieces == kWorkers - 1);
}

TEST_CASE("a body that fails: its status and message; the result stays as it was") {
  Engine engine(options(2));
  struct Job {
    TaskContext* context;
    double sum = 5;
  } job{};
  const TaskRef ticket = run(engine, [&job](TaskContext& context) {
    job.context = &context;
    return context.parallel_reduce(
        100'000, 1,
        [](void* argument, std::int64_t begin, std::int64_t end, void*) -> std::int32_t {
          if (begin > 50'000 || end <= 50'000) return COGWAY_OK;
          const auto code = static_cast<Job*>(argument)->context->fail(StatusCode::data_loss,
                                                                       "element 50000 is corrupt");
          return static_cast<std::int32_t>(code);
        },
        &Harmonic::combine, &job, &job.sum, sizeof(job.sum));
  });
  CHECK(ticket->status() == StatusCode::data_loss);
  CHECK(ticket->message() == "element 50000 is corrupt");
  CHECK(job.sum == 5);
}

TEST_CASE("cancelled in the midst: no further chunk begins") {
  Engine engine(options(2));
  Latch gate;
  TaskRef ticket;
  double sum = 0;
  REQUIRE(engine
              .spawn(
                  [&](TaskContext& context) {
                    return context.parallel_reduce(
                        1'000'000, 1,
                        [](void* argument, std::int64_t, std::int64_t, void*) -> std::int32_t {
                          auto& all = *static_cast<Latch*>(argument);
                          all.begun.fetch_add(1);
                          while (!all.open.load()) os::yield_thread();
                          return COGWAY_OK;
                        },
                        &Harmonic::combine, &gate, &sum, sizeof(sum));
                  },
                  {}, &ticket)
              .ok());
  gate.wait_begun(1);
  CHECK(ticket->cancel());
  gate.open.store(true);
  CHECK(engine.drain());
  CHECK(gate.begun.load() <= 2);
}

TEST_CASE("nonsense is refused") {
  Engine engine(options(1));
  double sum = 0;
  const auto reduce = [&](std::int64_t n, std::int64_t grain, cogway_reduce_body body,
                          std::size_t bytes) {
    return run(engine,
               [&, n, grain, body, bytes](TaskContext& context) {
                 return context.parallel_reduce(n, grain, body, &Harmonic::combine, nullptr, &sum,
                                                bytes);
               })
        ->status();
  };
  CHECK(reduce(-1, 1, &Harmonic::body, 8) == StatusCode::invalid_argument);
  CHECK(reduce(1, -1, &Harmonic::body, 8) == StatusCode::invalid_argument);
  CHECK(reduce(1, 1, nullptr, 8) == StatusCode::invalid_argument);
  CHECK(reduce(1, 1, &Harmonic::body, 0) == StatusCode::invalid_argument);
  CHECK(reduce(0, 1, &Harmonic::body, 8) == StatusCode::ok);
  CHECK(sum == 0);
}

TEST_CASE("pieces cover the range once, large ones first") {
  for (const std::int64_t threads : {2, 3, 8}) {
    for (const std::int64_t grain : {1, 10, 1000}) {
      for (const std::int64_t n : {1, 2, 1000, 123'457}) {
        CAPTURE(threads);
        CAPTURE(grain);
        CAPTURE(n);
        ParallelRange<> range;
        range.open(n, grain, threads);
        std::int64_t reached = 0;
        std::int64_t before = n;
        std::int64_t begin = 0;
        std::int64_t end = 0;
        while (range.claim(begin, end)) {
          REQUIRE(begin == reached);
          REQUIRE(end > begin);
          REQUIRE((end - begin >= grain || end == n));
          REQUIRE(end - begin <= std::max(before, grain));
          before = end - begin;
          reached = end;
        }
        CHECK(reached == n);
        CHECK_FALSE(range.claim(begin, end));
        CHECK(range.close() == 0);
      }
    }
  }
  ParallelRange<> huge;
  huge.open(INT64_MAX, INT64_MAX, 2);
  std::int64_t begin = 0;
  std::int64_t end = 0;
  CHECK(huge.claim(begin, end));
  CHECK(end == INT64_MAX);
  CHECK_FALSE(huge.claim(begin, end));
}
