// SPDX-License-Identifier: Apache-2.0
// Bytes are reserved before dispatch: what happens when the bus is full.
#include <doctest/doctest.h>

#include "test_kernels.hpp"

using namespace engine_test;

namespace {
constexpr std::uint64_t kBus = std::uint64_t{64} << 10;
constexpr std::int64_t kHalf = 40 << 10;  // two do not fit
}  // namespace

TEST_CASE("policy fail: refused at the call, by worker when described there") {
  EngineOptions set = options(1, kBus);
  set.full_bus = FullBusPolicy::fail;
  Engine engine(set);
  const BufferRef hog = lease(engine, kHalf);
  const Admission refused = submit(engine, fill(kHalf), nullptr);
  CHECK(refused.cause() == Cause::bus_exhausted);
  CHECK(refused.status().code() == StatusCode::resource_exhausted);
  TaskRef ticket;
  REQUIRE(submit(engine, fill(kHalf, 1, "test.late_fill"), &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::resource_exhausted);
  CHECK(ticket->cause() == Cause::bus_exhausted);
}

TEST_CASE("more than the whole bus is refused whatever the policy") {
  Engine engine(options(1, kBus));
  const Admission refused = submit(engine, fill(kBus + 1), nullptr);
  CHECK(refused.cause() == Cause::bus_exhausted);
  CHECK(refused.status().message().find("bus_bytes") != std::string::npos);
  TaskRef ticket;
  REQUIRE(submit(engine, fill(kBus + 1, 1, "test.late_fill"), &ticket).ok());
  REQUIRE(ticket->wait_until());
  CHECK(ticket->cause() == Cause::bus_exhausted);
}

TEST_CASE("policy wait: tasks park, in order, and freed bytes move them on") {
  for (const char* kernel : {"test.fill", "test.late_fill"}) {
    CAPTURE(kernel);
    ManualClock clock;
    Engine engine(manual(&clock, kBus));
    BufferRef hog = lease(engine, kHalf);
    TaskRef first;
    TaskRef second;
    REQUIRE(submit(engine, fill(kHalf, 1, kernel), &first).ok());
    REQUIRE(submit(engine, fill(kHalf, 2, kernel), &second).ok());
    engine.run_all();
    CHECK(engine.statistics().parked_for_bus == 2);
    CHECK_FALSE(first->done());
    hog.reset();
    engine.run_all();
    CHECK(first->done());
    CHECK(first->status() == StatusCode::ok);
    CHECK_FALSE(second->done());  // the first's output holds the bytes
    first.reset();
    engine.run_all();
    CHECK(second->status() == StatusCode::ok);
    CHECK(engine.statistics().parked_for_bus == 0);
  }
}

TEST_CASE("a parked task can be cancelled, also the head, and those behind move up") {
  ManualClock clock;
  Engine engine(manual(&clock, kBus));
  BufferRef hog = lease(engine, kHalf);
  TaskRef large;
  TaskRef small;
  REQUIRE(submit(engine, fill(kHalf), &large).ok());
  REQUIRE(submit(engine, fill(100), &small).ok());  // behind the head, though it would fit
  CHECK_FALSE(engine.run_one());
  CHECK(large->cancel());
  CHECK(large->status() == StatusCode::cancelled);
  engine.run_all();
  CHECK(small->done());
  CHECK(small->status() == StatusCode::ok);
  large.reset();
  small.reset();
  hog.reset();
  CHECK(engine.in_flight() == 0);
  CHECK(bus_is_empty(engine));
}

TEST_CASE("a parked task expires at its deadline") {
  ManualClock clock;
  Engine engine(manual(&clock, kBus));
  const BufferRef hog = lease(engine, kHalf);
  Call call = fill(kHalf);
  call.call.options.deadline = clock.now() + std::chrono::seconds(1);
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  engine.advance(std::chrono::milliseconds(999));
  CHECK_FALSE(ticket->done());
  engine.advance(std::chrono::milliseconds(1));
  CHECK(ticket->done());
  CHECK(ticket->cause() == Cause::deadline);
  CHECK(engine.in_flight() == 0);
}

TEST_CASE("stop ends parked tasks") {
  Engine engine(options(1, kBus));
  const BufferRef hog = lease(engine, kHalf);
  TaskRef ticket;
  REQUIRE(submit(engine, fill(kHalf), &ticket).ok());
  CHECK(engine.stop() == 0);
  CHECK(ticket->done());
  CHECK(ticket->cause() == Cause::engine_closed);
}

TEST_CASE("a batch whose results cannot all be held is refused, not hung") {
  Engine engine(options(1, kBus));
  std::vector<Call> calls;
  std::vector<KernelCall> batch;
  for (int i = 0; i < 3; ++i) calls.push_back(fill(30 << 10));
  for (Call& call : calls) {
    batch.push_back(call.call);
    batch.back().params = &call.values;
  }
  TaskGroup group(true);
  const Admission refused = engine.c_spawn_batch(batch, group);
  CHECK(refused.cause() == Cause::bus_exhausted);
  CHECK(refused.index() == 2);
  group.wait();
  CHECK(group.results().empty());
  CHECK(bus_is_empty(engine));
}

TEST_CASE("a batch parked for bytes ends: deadline, cancellation, stop") {
  for (const char* kernel : {"test.fill", "test.late_fill"}) {
    for (const Cause cause : {Cause::deadline, Cause::cancelled, Cause::engine_closed}) {
      CAPTURE(kernel);
      CAPTURE(static_cast<int>(cause));
      ManualClock clock;
      Engine engine(manual(&clock, kBus));
      const BufferRef hog = lease(engine, kHalf);
      std::vector<Call> calls;
      std::vector<KernelCall> batch;
      for (int i = 0; i < 2; ++i) calls.push_back(fill(30 << 10, 7, kernel));
      for (Call& call : calls) {
        batch.push_back(call.call);
        batch.back().params = &call.values;
        batch.back().options.deadline = clock.now() + std::chrono::seconds(1);
      }
      auto group = std::make_unique<TaskGroup>(true);
      REQUIRE(engine.c_spawn_batch(batch, *group).ok());
      group->seal();
      engine.run_all();
      CHECK(engine.statistics().parked_for_bus == 2);
      CHECK(group->remaining() == 2);
      if (cause == Cause::deadline) engine.advance(std::chrono::seconds(1));
      if (cause == Cause::cancelled) CHECK(group->cancel() == 2);
      if (cause == Cause::engine_closed) CHECK(engine.stop() == 0);
      CHECK(group->done());
      CHECK(group->remaining() == 0);
      CHECK(group->failures() == 2);
      for (const TaskRef& task : group->results()) CHECK(task->cause() == cause);
      CHECK(engine.in_flight() == 0);
      if (!group->done()) (void)group.release();  // its destructor would wait for ever
    }
  }
}

TEST_CASE("a task may be given a reservation") {
  Engine engine(options(1, kBus));
  Reservation reservation = engine.bus().try_reserve(kHalf);
  REQUIRE(reservation);
  Call call = fill(1000);
  call.call.reservation = &reservation;
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(reservation.bytes() == kHalf - 1024);
  REQUIRE(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::ok);
}
