// SPDX-License-Identifier: Apache-2.0
// What tasks may use of the threads of other libraries: OpenMP's, here.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "cogway/base/os/thread_pools.hpp"
#include "test_kernels.hpp"

using namespace engine_test;

namespace {

/// The process's registry with the OpenMP pack, loaded after OMP_NUM_THREADS was set to 8, as its
/// runtime reads it then.
KernelRegistry& with_openmp() {
  static KernelRegistry* const made = [] {
    ::setenv("OMP_NUM_THREADS", "8", 1);
    auto* registry = new KernelRegistry();
    REQUIRE(registry->load(std::string(COGWAY_TEST_PACKS) + "/openmp_pack.so").ok());
    return registry;
  }();
  return *made;
}

EngineOptions openmp_options(int workers, int threads) {
  EngineOptions set = options(workers);
  set.registry = &with_openmp();
  set.openmp_threads = threads;
  // Stands for a machine with four processors, whatever this one has.
  set.cpus = {0, 1, 2, 3};
  return set;
}

/// How many threads OpenMP would give a kernel now.
int openmp_threads(Engine& engine) {
  KernelCall call;
  call.kernel = with_openmp().find("openmp.threads");
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call, &ticket).ok());
  REQUIRE(ticket->wait_until());
  std::int32_t threads = 0;
  std::memcpy(&threads, ticket->output(0).data(), sizeof(threads));
  return threads;
}

}  // namespace

TEST_CASE("the runtime of a loaded pack is found") {
  (void)with_openmp();
  CHECK(os::have_thread_pools());
  const std::vector<std::string> found = os::thread_pools();
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].find("omp") != std::string::npos);
  os::find_thread_pools();
  CHECK(os::thread_pools() == found);
}

TEST_CASE("a fixed number, no number, and what OMP_NUM_THREADS allows") {
  Engine three(openmp_options(1, 3));
  CHECK(openmp_threads(three) == 3);
  CHECK(three.statistics().workers[0].thread_budget == 3);
  Engine alone(openmp_options(1, 0));
  CHECK(openmp_threads(alone) == 8);
  CHECK(alone.statistics().workers[0].thread_budget == 0);
  Engine many(openmp_options(1, 100));
  CHECK(openmp_threads(many) == 8);
  EngineOptions wrong = openmp_options(1, -2);
  CHECK_THROWS((void)Engine(wrong));
}

TEST_CASE("by itself, the processors shared among the workers that are busy") {
  Engine engine(openmp_options(6, EngineOptions::kAuto));
  CHECK(openmp_threads(engine) == 4);
  Latch gate;
  TaskGroup group;
  SpawnOptions how;
  how.group = &group;
  const int expected[] = {2, 1, 1, 1};
  for (int i = 0; i < 4; ++i) {
    REQUIRE(engine
                .spawn(
                    [&gate] {
                      gate.begun.fetch_add(1);
                      while (!gate.open.load()) os::yield_thread();
                    },
                    how)
                .ok());
    gate.wait_begun(i + 1);
    CHECK(openmp_threads(engine) == expected[i]);
  }
  gate.open.store(true);
  group.wait();
  CHECK(engine.drain());
  CHECK(engine.statistics().in_flight == 0);
}

TEST_CASE("one call after the other: the worker of the one before is not counted") {
  Engine engine(openmp_options(6, EngineOptions::kAuto));
  constexpr int kCalls = 2000;
  int whole = 0;
  for (int i = 0; i < kCalls; ++i) whole += openmp_threads(engine) == 4;
  CHECK(whole == kCalls);
  // A group is told after its last task, by the worker that has found no other.
  int told = 0;
  for (int i = 0; i < kCalls; ++i) {
    TaskGroup group;
    SpawnOptions how;
    how.group = &group;
    int budget = 0;
    REQUIRE(
        engine.spawn([&](TaskContext& context) { budget = context.thread_budget(); }, how).ok());
    group.wait();
    told += budget == 4;
  }
  CHECK(told == kCalls);
}

TEST_CASE("tasks that wait count as busy as far as there are workers for them") {
  Engine engine(openmp_options(4, EngineOptions::kAuto));
  constexpr int kRounds = 50;
  int shared = 0;
  for (int round = 0; round < kRounds; ++round) {
    Latch gate;
    TaskGroup group;
    TaskGroup others;  // of its own: a group takes no more once somebody waits for it
    SpawnOptions how;
    how.group = &others;
    const auto first = [&](TaskContext& context) {
      // Whether the others have taken one each by now or none, enough are left for all.
      for (int i = 0; i < 10; ++i) {
        (void)engine.spawn(
            [&gate] {
              while (!gate.open.load()) os::yield_thread();
            },
            how);
      }
      shared += context.thread_budget() == 1;
      gate.open.store(true);
    };
    SpawnOptions alone;
    alone.group = &group;
    REQUIRE(engine.spawn(first, alone).ok());
    group.wait();
    others.wait();
  }
  CHECK(shared == kRounds);
}

TEST_CASE("the threads of the application keep what they had") {
  (void)with_openmp();
  Engine engine(openmp_options(1, 2));
  CHECK(openmp_threads(engine) == 2);
  os::limit_thread_pools(0);
  Engine fresh(openmp_options(1, 0));
  CHECK(openmp_threads(fresh) == 8);
}
