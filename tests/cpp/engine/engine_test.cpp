// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/engine.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "cogway/engine/kernel_registry.hpp"
#include "cogway/sync/flag.hpp"

using namespace cogway;

namespace {
EngineOptions small(int foreground = 2, int background = 1) {
  EngineOptions options;
  options.foreground_workers = foreground;
  options.background_workers = background;
  options.bus_bytes = std::uint64_t{1} << 20;
  return options;
}
Kernel& kernel(Engine& engine, const char* name) {
  Kernel* found = engine.registry().find(name);
  REQUIRE(found != nullptr);
  return *found;
}
}  // namespace

TEST_CASE("a callable runs and its ticket tells") {
  Engine engine(small());
  int value = 0;
  TaskRef ticket;
  REQUIRE(engine.spawn([&value] { value = 42; }, {}, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
  CHECK(value == 42);
}

TEST_CASE("core.noop runs") {
  Engine engine(small());
  KernelCall call;
  call.kernel = &kernel(engine, "core.noop");
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
}

TEST_CASE("a group counts many tasks") {
  Engine engine(small());
  std::atomic<int> sum{0};
  {
    TaskGroup group;
    SpawnOptions options;
    options.group = &group;
    for (int i = 0; i < 100'000; ++i) REQUIRE(engine.spawn([&sum] { ++sum; }, options).ok());
    group.wait();
    CHECK(sum == 100'000);
    CHECK(group.failures() == 0);
  }
  CHECK(engine.drain());
  CHECK(engine.in_flight() == 0);
}
