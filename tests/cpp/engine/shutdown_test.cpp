// SPDX-License-Identifier: Apache-2.0
// The end of an engine while others submit: whoever was let in gets an outcome.
#include <doctest/doctest.h>

#include <functional>
#include <thread>
#include <utility>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {

/// A callable whose copy is made between the gate and the queue, and stays there until told.
struct SlowCopy {
  explicit SlowCopy(Latch& latch) : gate(&latch) {}
  SlowCopy(const SlowCopy& other) : gate(other.gate) {
    gate->begun.fetch_add(1);
    while (!gate->open.load()) os::yield_thread();
  }
  void operator()() const {}
  Latch* gate;
};

/// Time for others to go wrong in.
void give_way() {
  for (int i = 0; i < 2000; ++i) os::yield_thread();
}

}  // namespace

TEST_CASE("stop waits for a submitter that is past the gate") {
  ManualClock clock;
  Engine engine(manual(&clock));
  Latch gate;
  TaskRef ticket;
  std::thread submitter([&] {
    const SlowCopy callable(gate);
    CHECK(engine.spawn(callable, {}, &ticket).ok());
  });
  gate.wait_begun(1);
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    CHECK(engine.stop() == 0);
    stopped = true;
  });
  while (!engine.closed()) os::yield_thread();
  give_way();
  CHECK_FALSE(stopped);
  gate.open = true;
  submitter.join();
  stopper.join();
  CHECK(ticket->done());
  CHECK(ticket->cause() == Cause::engine_closed);
  CHECK(engine.in_flight() == 0);
}

TEST_CASE("a submitter that stop gave up waiting for ends its task itself") {
  ManualClock clock;
  EngineOptions set = manual(&clock);
  set.grace = Nanoseconds::zero();
  Engine engine(set);
  Latch gate;
  TaskRef ticket;
  std::thread submitter([&] {
    const SlowCopy callable(gate);
    CHECK(engine.spawn(callable, {}, &ticket).ok());
  });
  gate.wait_begun(1);
  CHECK(engine.stop() == 0);
  gate.open = true;
  submitter.join();
  CHECK(ticket->done());
  CHECK(engine.in_flight() == 0);
}

TEST_CASE("pinned to a worker that was given up meanwhile") {
  static Latch busy;
  latch = &busy;
  Engine engine(options(1));
  REQUIRE(submit(engine, Call("test.deaf"), nullptr).ok());
  busy.wait_begun(1);
  Latch gate;
  TaskRef ticket;
  std::thread submitter([&] {
    Affinity affinity;
    affinity.worker = 0;
    SpawnOptions how;
    how.affinity = &affinity;
    const SlowCopy callable(gate);
    CHECK(engine.spawn(callable, how, &ticket).ok());
  });
  gate.wait_begun(1);
  std::thread stopper([&] { CHECK(engine.stop(std::chrono::milliseconds(1)) == 1); });
  while (engine.statistics().abandoned_workers == 0) os::yield_thread();
  gate.open = true;
  submitter.join();
  stopper.join();
  CHECK(ticket->done());
  CHECK(ticket->cause() == Cause::engine_closed);
  busy.open = true;
}

TEST_CASE("what code spawns whose worker was given up is run by others") {
  static Latch gate;
  static Latch end;
  static TaskRef child;
  EngineOptions set = options(1);
  set.grace = std::chrono::milliseconds(1);
  Engine engine(set);
  TaskRef parent;
  const auto spawn_late = [&engine] {
    gate.begun.fetch_add(1);
    while (!gate.open.load()) os::yield_thread();
    (void)engine.spawn([] {}, {}, &child);
    gate.begun.fetch_add(1);
    while (!end.open.load()) os::yield_thread();
  };
  REQUIRE(engine.spawn(spawn_late, {}, &parent).ok());
  gate.wait_begun(1);
  CHECK(parent->cancel());
  while (engine.statistics().abandoned_workers == 0) os::yield_thread();
  gate.open = true;
  gate.wait_begun(2);
  CHECK(child->wait_until(monotonic_now() + std::chrono::seconds(10)));
  CHECK(child->status() == StatusCode::ok);
  child.reset();
  end.open = true;
}
