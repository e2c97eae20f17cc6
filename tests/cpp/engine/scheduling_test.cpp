// SPDX-License-Identifier: Apache-2.0
// Who runs what, when: lanes and ageing, classes, affinity, stealing, parallel_for, what is
// counted.
#include <doctest/doctest.h>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

std::string order_of(Engine& engine, const char* priorities) {
  std::string order;
  for (const char* p = priorities; *p != '\0'; ++p) {
    SpawnOptions set;
    set.priority = *p == 'h' ? Priority::high : *p == 'n' ? Priority::normal : Priority::low;
    REQUIRE(engine.spawn([&order, name = *p] { order += name; }, set).ok());
  }
  engine.run_all();
  return order;
}

}  // namespace

TEST_CASE("higher lanes first, each in order of submission") {
  ManualClock clock;
  EngineOptions set = manual(&clock);
  set.ageing = 0;
  Engine engine(set);
  CHECK(order_of(engine, "lnhlnh") == "hhnnll");
}

TEST_CASE("ageing moves a lane that was passed over") {
  ManualClock clock;
  EngineOptions set = manual(&clock);
  set.ageing = 3;
  Engine engine(set);
  CHECK(order_of(engine, "lhhhhhh") == "hhhlhhh");
}

TEST_CASE("LIFO order") {
  ManualClock clock;
  EngineOptions set = manual(&clock);
  set.order = QueueOrder::lifo;
  Engine engine(set);
  std::string order;
  for (char name : {'a', 'b', 'c'}) {
    REQUIRE(engine.spawn([&order, name] { order += name; }).ok());
  }
  engine.run_all();
  CHECK(order == "cba");
}

TEST_CASE("a limited queue refuses when full") {
  ManualClock clock;
  EngineOptions set = manual(&clock);
  set.queue_capacity = 2;
  Engine engine(set);
  CHECK(engine.spawn([] {}).ok());
  CHECK(engine.spawn([] {}).ok());
  const Admission refused = engine.spawn([] {});
  CHECK(refused.cause() == Cause::queue_full);
  engine.run_all();
  CHECK(engine.spawn([] {}).ok());
  engine.run_all();
}

TEST_CASE("background work runs on background workers, at their niceness and policy") {
  Engine engine(options(1));
  SpawnOptions set;
  set.worker_class = WorkerClass::background;
  TaskRef ticket;
  int nice = -100;
  REQUIRE(engine.spawn([&nice] { nice = os::nice(os::this_thread_id()); }, set, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(nice == 19);
  const EngineStatistics statistics = engine.statistics();
  REQUIRE(statistics.workers.size() == 2);
  CHECK(statistics.workers[1].worker_class == WorkerClass::background);
  CHECK(statistics.workers[1].nice == 19);
  CHECK(statistics.workers[1].policy == os::SchedulingPolicy::idle);
  CHECK(statistics.workers[0].policy == os::SchedulingPolicy::other);

  EngineOptions share = options(1);
  share.background_policy = os::SchedulingPolicy::batch;
  Engine other(share);
  os::SchedulingPolicy policy{};
  REQUIRE(other.spawn([&] { policy = os::policy(os::this_thread_id()); }, set, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(policy == os::SchedulingPolicy::batch);

  share.background_policy = os::SchedulingPolicy::fifo;
  CHECK_THROWS_AS(Engine{share}, std::invalid_argument);
}

TEST_CASE("what a class was asked to be scheduled as holds for workers that come later") {
  Engine engine(options(1));
  engine.schedule_workers(WorkerClass::foreground, {.nice = 9});
  engine.schedule_workers(WorkerClass::foreground, {.policy = os::SchedulingPolicy::batch});
  REQUIRE(engine.resize(3).ok());
  for (std::int32_t worker = 0; worker < 3; ++worker) {
    Affinity affinity;
    affinity.worker = worker;
    SpawnOptions set;
    set.affinity = &affinity;
    TaskRef ticket;
    int nice = -100;
    os::SchedulingPolicy policy{};
    const auto look = [&] {
      nice = os::nice(os::this_thread_id());
      policy = os::policy(os::this_thread_id());
    };
    REQUIRE(engine.spawn(look, set, &ticket).ok());
    CHECK(ticket->wait_until());
    CHECK(nice == 9);
    CHECK(policy == os::SchedulingPolicy::batch);
  }
  for (const WorkerStatistics& worker : engine.statistics().workers) {
    if (worker.worker_class == WorkerClass::foreground) CHECK(worker.nice == 9);
  }
  const std::vector<int> wrong{-1};
  CHECK_THROWS_AS(engine.schedule_workers(WorkerClass::foreground, {.processors = wrong}),
                  std::invalid_argument);
}

TEST_CASE("affinity: by worker, and refused where there is none") {
  Engine engine(options(2));
  for (std::int32_t wanted : {0, 1}) {
    Affinity affinity;
    affinity.worker = wanted;
    SpawnOptions set;
    set.affinity = &affinity;
    for (int i = 0; i < 50; ++i) {
      TaskRef ticket;
      std::int32_t ran_on = -1;
      REQUIRE(engine
                  .spawn([&ran_on](TaskContext& context) { ran_on = context.worker_index(); }, set,
                         &ticket)
                  .ok());
      CHECK(ticket->wait_until());
      CHECK(ran_on == wanted);
    }
  }
  Affinity nowhere;
  nowhere.worker = 7;
  SpawnOptions set;
  set.affinity = &nowhere;
  CHECK(engine.spawn([] {}, set).cause() == Cause::invalid);
  Affinity cpus;
  cpus.cpus = {0};
  set.affinity = &cpus;
  CHECK(engine.spawn([] {}, set).cause() == Cause::invalid);  // nobody is pinned
}

TEST_CASE("affinity: by processor, where workers are pinned") {
  EngineOptions set = options(1);
  set.pin = true;
  Engine engine(set);
  Affinity affinity;
  affinity.cpus = os::affinity(0);
  SpawnOptions how;
  how.affinity = &affinity;
  TaskRef ticket;
  std::size_t processors = 0;
  REQUIRE(
      engine.spawn([&] { processors = os::affinity(os::this_thread_id()).size(); }, how, &ticket)
          .ok());
  CHECK(ticket->wait_until());
  CHECK(processors == 1);
}

TEST_CASE("tasks spawned by a task are stolen by idle workers") {
  Engine engine(options(2));
  Latch gate;
  latch = &gate;
  // Both children must run at once for either to return: one of them on the other worker.
  TaskRef ticket;
  TaskGroup group;
  REQUIRE(engine
              .spawn(
                  [&] {
                    SpawnOptions set;
                    set.group = &group;
                    for (int i = 0; i < 2; ++i) {
                      (void)engine.spawn(
                          [&gate] {
                            gate.begun.fetch_add(1);
                            gate.wait_begun(2);
                          },
                          set);
                    }
                  },
                  {}, &ticket)
              .ok());
  CHECK(ticket->wait_until());
  group.wait();
  CHECK(engine.statistics().steals >= 1);
}

TEST_CASE("parallel_for covers the range once, nested too") {
  Engine engine(options(3));
  constexpr std::int64_t kOuter = 50;
  constexpr std::int64_t kInner = 1000;
  struct Job {
    TaskContext* context;
    std::vector<std::atomic<int>> hits = std::vector<std::atomic<int>>(kOuter * kInner);
    std::int64_t row = 0;
  };
  Job job{};
  TaskRef ticket;
  REQUIRE(
      engine
          .spawn(
              [&](TaskContext& context) {
                job.context = &context;
                return context.parallel_for(
                    kOuter, 1,
                    [](void* argument, std::int64_t begin, std::int64_t end) -> std::int32_t {
                      auto& outer = *static_cast<Job*>(argument);
                      for (std::int64_t row = begin; row < end; ++row) {
                        struct Row {
                          Job* job;
                          std::int64_t row;
                        } one{&outer, row};
                        const StatusCode code = outer.context->parallel_for(
                            kInner, 10,
                            [](void* data, std::int64_t first, std::int64_t last) -> std::int32_t {
                              const auto& r = *static_cast<Row*>(data);
                              for (std::int64_t i = first; i < last; ++i) {
                                r.job->hits[static_cast<std::size_t>(r.row * kInner + i)]++;
                              }
                              return COGWAY_OK;
                            },
                            &one);
                        if (code != StatusCode::ok) return static_cast<std::int32_t>(code);
                      }
                      return COGWAY_OK;
                    },
                    &job);
              },
              {}, &ticket)
          .ok());
  CHECK(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
  for (const auto& hit : job.hits) REQUIRE(hit.load() == 1);
}

TEST_CASE("parallel_for: the first failure stops it; cancellation likewise; nonsense is refused") {
  Engine engine(options(2));
  const auto run = [&](cogway_range_body body, std::int64_t n) {
    TaskRef ticket;
    REQUIRE(
        engine
            .spawn([=](TaskContext& context) { return context.parallel_for(n, 1, body, &context); },
                   {}, &ticket)
            .ok());
    CHECK(ticket->wait_until());
    return ticket->status();
  };
  CHECK(run([](void*, std::int64_t begin,
               std::int64_t) -> std::int32_t { return begin == 0 ? COGWAY_DATA_LOSS : COGWAY_OK; },
            1'000'000) == StatusCode::data_loss);
  CHECK(run(
            [](void* context, std::int64_t, std::int64_t) -> std::int32_t {
              static_cast<TaskContext*>(context)->task().cancel();
              return COGWAY_OK;
            },
            1'000'000) == StatusCode::cancelled);
  CHECK(run([](void*, std::int64_t, std::int64_t) -> std::int32_t { return 0; }, -1) ==
        StatusCode::invalid_argument);
  CHECK(run([](void*, std::int64_t, std::int64_t) -> std::int32_t { return 0; }, 0) ==
        StatusCode::ok);
}

TEST_CASE("a batch goes out with one call; results in order") {
  Engine engine(options(2));
  std::vector<Call> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(fill(10, i));
  std::vector<KernelCall> batch;
  for (Call& call : calls) {
    batch.push_back(call.call);
    batch.back().params = &call.values;
  }
  TaskGroup group(true);
  REQUIRE(engine.c_spawn_batch(batch, group).ok());
  group.wait();
  REQUIRE(group.results().size() == 100);
  CHECK(group.failures() == 0);
  for (std::size_t i = 0; i < 100; ++i) {
    REQUIRE(group.results()[i]->output_count() == 1);
    CHECK(std::to_integer<std::size_t>(group.results()[i]->output(0).data()[0]) == i);
  }
}

TEST_CASE("what is counted adds up") {
  Engine engine(options(2));
  for (int i = 0; i < 100; ++i) REQUIRE(submit(engine, Call("core.noop"), nullptr).ok());
  for (int i = 0; i < 10; ++i) REQUIRE(submit(engine, Call("test.fail"), nullptr).ok());
  CHECK(engine.drain());
  const EngineStatistics statistics = engine.statistics();
  CHECK(statistics.submitted == 110);
  CHECK(statistics.completed == 100);
  CHECK(statistics.failed == 10);
  CHECK(statistics.in_flight == 0);
  std::uint64_t executed = 0;
  for (const WorkerStatistics& worker : statistics.workers) executed += worker.executed;
  CHECK(executed == 110);
  REQUIRE(statistics.kernels.size() == 2);
  CHECK(statistics.kernels[0].name == "core.noop");
  CHECK(statistics.kernels[0].calls == 100);
  CHECK(statistics.kernels[1].failures == 10);
}
