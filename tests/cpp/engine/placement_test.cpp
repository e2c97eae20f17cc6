// SPDX-License-Identifier: Apache-2.0
// Where workers run and how many there are: the automatic counts, reserved cores, pinning.
#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "cogway/base/os/processors.hpp"
#include "test_kernels.hpp"

using namespace engine_test;

namespace {

/// Options that leave the numbers of workers to the engine.
EngineOptions automatic() {
  EngineOptions made = options(1);
  made.foreground_workers = made.background_workers = EngineOptions::kAuto;
  return made;
}

/// The processors that each worker of a class runs on, as the kernel says, once all have started.
std::vector<std::vector<int>> places(Engine& engine, WorkerClass worker_class) {
  const int count = engine.workers(worker_class);
  std::vector<TaskRef> tickets(static_cast<std::size_t>(count));
  std::vector<std::vector<int>> found(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Affinity affinity{i, {}};
    SpawnOptions set;
    set.worker_class = worker_class;
    set.affinity = &affinity;
    REQUIRE(engine
                .spawn([&found, at] { found[at] = os::affinity(os::this_thread_id()); }, set,
                       &tickets[at])
                .ok());
  }
  for (const TaskRef& ticket : tickets) ticket->wait_until();
  return found;
}

}  // namespace

TEST_CASE("automatic counts are the usable processors of both classes") {
  const Engine engine(automatic());
  CHECK(engine.workers(WorkerClass::foreground) == os::usable_processors());
  CHECK(engine.workers(WorkerClass::background) == os::usable_processors());
}

TEST_CASE("reserved cores are taken from the background workers alone") {
  const std::vector<int> allowed = os::allowed_processors();
  EngineOptions set = automatic();
  set.reserved_cores = 1;
  Engine engine(set);
  CHECK(engine.workers(WorkerClass::foreground) == os::usable_processors());
  CHECK(engine.workers(WorkerClass::background) == std::max(1, os::usable_processors() - 1));
  for (const auto& place : places(engine, WorkerClass::foreground)) CHECK(place == allowed);
  if (allowed.size() < 2) return;  // nothing to reserve
  const std::vector<int> rest(allowed.begin() + 1, allowed.end());
  for (const auto& place : places(engine, WorkerClass::background)) CHECK(place == rest);
}

TEST_CASE("one processor is always left to background workers") {
  const std::vector<int> allowed = os::allowed_processors();
  EngineOptions set = automatic();
  set.reserved_cores = static_cast<int>(allowed.size()) + 3;
  Engine engine(set);
  CHECK(engine.workers(WorkerClass::background) == 1);
  CHECK(places(engine, WorkerClass::background).front() == std::vector<int>{allowed.back()});
}

TEST_CASE("workers that resize adds keep off the reserved cores too") {
  const std::vector<int> allowed = os::allowed_processors();
  if (allowed.size() < 2) return;
  EngineOptions set = options(1);
  set.reserved_cores = 1;
  Engine engine(set);
  REQUIRE(engine.resize(2, 3).ok());
  const std::vector<int> rest(allowed.begin() + 1, allowed.end());
  const auto found = places(engine, WorkerClass::background);
  CHECK(found.size() == 3);
  for (const auto& place : found) CHECK(place == rest);
}

TEST_CASE("a pinned worker has one processor to itself") {
  const std::vector<int> allowed = os::allowed_processors();
  EngineOptions set = options(static_cast<int>(allowed.size()));
  set.pin = true;
  Engine engine(set);
  const auto found = places(engine, WorkerClass::foreground);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == std::vector<int>{allowed[i]});
  REQUIRE(places(engine, WorkerClass::background).size() == 1);  // it has begun
  const EngineStatistics statistics = engine.statistics();
  for (const WorkerStatistics& worker : statistics.workers) CHECK(worker.pinned);
}

TEST_CASE("placement that makes no sense is refused") {
  EngineOptions set = automatic();
  set.reserved_cores = -1;
  CHECK_THROWS_AS(Engine{set}, std::invalid_argument);
}
