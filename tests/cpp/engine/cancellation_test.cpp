// SPDX-License-Identifier: Apache-2.0
// Ends that somebody else decides: cancel(), deadlines, the last ticket.
#include <doctest/doctest.h>

#include "test_kernels.hpp"

using namespace engine_test;

TEST_CASE("a queued task that is cancelled never runs, and lets go at once") {
  ManualClock clock;
  Engine engine(manual(&clock));
  BufferRef input = lease(engine, 64);
  Call call("test.half");
  call.add(Input(input));
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(input.use_count() == 2);
  CHECK(ticket->cancel());
  CHECK_FALSE(ticket->cancel());
  CHECK(ticket->done());
  CHECK(ticket->status() == StatusCode::cancelled);
  CHECK(ticket->cause() == Cause::cancelled);
  CHECK(input.use_count() == 1);
  engine.run_all();
  CHECK(engine.statistics().kernels.empty());
  CHECK(engine.statistics().cancelled == 1);
  CHECK(engine.in_flight() == 0);
}

TEST_CASE("a task that was cancelled and whose ticket is gone does not run either") {
  ManualClock clock;
  Engine engine(manual(&clock));
  bool ran = false;
  const auto witness = std::make_shared<int>(1);
  TaskRef ticket;
  REQUIRE(engine.spawn([&ran, witness] { ran = true; }, {}, &ticket).ok());
  CHECK(ticket->cancel());
  ticket.reset();
  CHECK(engine.run_one());
  CHECK_FALSE(ran);
  CHECK(witness.use_count() == 1);
  CHECK(engine.in_flight() == 0);
  CHECK(engine.statistics().cancelled == 1);
}

TEST_CASE("a callable's captures are destroyed exactly once, run or cancelled") {
  ManualClock clock;
  Engine engine(manual(&clock));
  const auto witness = std::make_shared<int>(1);
  TaskRef cancelled;
  TaskRef ran;
  REQUIRE(engine.spawn([witness] {}, {}, &cancelled).ok());
  struct Large {
    std::shared_ptr<int> held;
    char bytes[200];
    void operator()() const {}
  };
  REQUIRE(engine.spawn(Large{witness, {}}, {}, &ran).ok());
  CHECK(witness.use_count() == 3);
  CHECK(cancelled->cancel());
  CHECK(witness.use_count() == 2);
  engine.run_all();
  CHECK(witness.use_count() == 1);
}

TEST_CASE("a running task that is cancelled is done at once; its kernel sees the flag") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  TaskRef ticket;
  REQUIRE(submit(engine, Call("test.polite"), &ticket).ok());
  gate.wait_begun(1);
  CHECK(ticket->running());
  CHECK(ticket->cancel());
  CHECK(ticket->done());
  CHECK(ticket->status() == StatusCode::cancelled);
  CHECK(engine.drain());  // the kernel returned by itself
  CHECK(ticket->ended());
  CHECK(ticket->status() == StatusCode::cancelled);
}

TEST_CASE("a group counts a task cancelled while it ran as failed, whatever its code says") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  TaskGroup group(true);
  KernelCall batch[] = {std::move(Call("test.deaf").call)};
  REQUIRE(engine.c_spawn_batch(batch, group).ok());
  gate.wait_begun(1);
  CHECK(group.cancel() == 1);
  gate.open = true;
  group.wait();
  CHECK(group.failures() == 1);
}

TEST_CASE("what a running task holds stays held until it returns") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  BufferRef input = lease(engine, 64);
  const auto witness = std::make_shared<int>(1);
  TaskRef ticket;
  REQUIRE(engine
              .spawn(
                  [witness, &gate] {
                    gate.begun.fetch_add(1);
                    while (!gate.open.load()) os::yield_thread();
                  },
                  {}, &ticket)
              .ok());
  gate.wait_begun(1);
  CHECK(ticket->cancel());
  CHECK(ticket->done());
  CHECK_FALSE(ticket->ended());
  CHECK(witness.use_count() == 2);
  gate.open = true;
  CHECK(engine.drain());
  CHECK(ticket->ended());
  CHECK(witness.use_count() == 1);
}

TEST_CASE("waiters are notified once, in order, also by cancel()") {
  struct Node : Waiter {
    explicit Node(std::vector<int>* out, int number)
        : Waiter([](Waiter* self, Task&) noexcept {
            auto* node = static_cast<Node*>(self);
            node->log->push_back(node->id);
          }),
          log(out),
          id(number) {}
    std::vector<int>* log;
    int id;
  };
  ManualClock clock;
  Engine engine(manual(&clock));
  std::vector<int> log;
  Node first(&log, 1);
  Node second(&log, 2);
  Node late(&log, 3);
  TaskRef ticket;
  REQUIRE(engine.spawn([] {}, {}, &ticket).ok());
  CHECK(ticket->add_waiter(&first));
  CHECK(ticket->add_waiter(&second));
  CHECK(ticket->cancel());
  CHECK(log == std::vector<int>{1, 2});
  CHECK_FALSE(ticket->add_waiter(&late));
  engine.run_all();
  CHECK(log == std::vector<int>{1, 2});
}

TEST_CASE("deadline: expired before the start") {
  ManualClock clock;
  Engine engine(manual(&clock));
  TaskRef ticket;
  bool ran = false;
  SpawnOptions set;
  set.deadline = clock.now() + std::chrono::milliseconds(10);
  REQUIRE(engine.spawn([&ran] { ran = true; }, set, &ticket).ok());
  engine.advance(std::chrono::milliseconds(10));
  CHECK(ticket->done());
  CHECK(ticket->status() == StatusCode::deadline_exceeded);
  CHECK(ticket->cause() == Cause::deadline);
  engine.run_all();
  CHECK_FALSE(ran);
  CHECK(engine.statistics().expired == 1);
}

TEST_CASE("deadline: a worker that comes late does not start the task") {
  ManualClock clock;
  Engine engine(manual(&clock));
  TaskRef ticket;
  SpawnOptions set;
  set.deadline = clock.now() + std::chrono::milliseconds(10);
  REQUIRE(engine.spawn([] {}, set, &ticket).ok());
  clock.advance(std::chrono::milliseconds(20));  // the timer has not fired
  engine.run_all();
  CHECK(ticket->cause() == Cause::deadline);
}

TEST_CASE("deadline: met") {
  ManualClock clock;
  Engine engine(manual(&clock));
  TaskRef ticket;
  SpawnOptions set;
  set.deadline = clock.now() + std::chrono::milliseconds(10);
  REQUIRE(engine.spawn([] {}, set, &ticket).ok());
  engine.run_all();
  CHECK(ticket->status() == StatusCode::ok);
  ticket.reset();
  engine.advance(std::chrono::seconds(1));  // finds another generation, or nothing
  CHECK(engine.statistics().expired == 0);
}

TEST_CASE("deadline: a running kernel is told, and its ticket ends without it") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  Call call("test.polite");
  call.call.options.deadline = monotonic_now() + std::chrono::milliseconds(20);
  TaskRef ticket;
  REQUIRE(engine.c_spawn(call.call, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(ticket->cause() == Cause::deadline);
  CHECK(engine.drain());
}

TEST_CASE("many deadlines leave nothing behind") {
  Engine engine(options(1));
  for (int i = 0; i < 5000; ++i) {
    SpawnOptions set;
    set.deadline = monotonic_now() + std::chrono::hours(1);
    REQUIRE(engine.spawn([] {}, set).ok());
  }
  CHECK(engine.drain());
}

TEST_CASE("an external task: its owner starts and finishes it") {
  static int disposed = 0;
  disposed = 0;
  static constexpr TaskOps kOps{nullptr, [](Task&) noexcept { ++disposed; }, "external"};
  TaskRef task = Task::make_external(&kOps);
  CHECK(task->start());
  CHECK(task->finish(StatusCode::internal, Cause::kernel, "broke"));
  CHECK(task->done());
  CHECK(task->message() == "broke");
  CHECK(disposed == 1);

  TaskRef cancelled = Task::make_external(&kOps);
  CHECK(cancelled->cancel());
  CHECK_FALSE(cancelled->start());
  CHECK(disposed == 2);

  TaskRef running = Task::make_external(&kOps);
  CHECK(running->start());
  CHECK(running->cancel());
  CHECK(disposed == 2);
  CHECK_FALSE(running->finish(StatusCode::ok));
  CHECK(running->status() == StatusCode::cancelled);
  CHECK(disposed == 3);
}

TEST_CASE("an external task expires at its deadline when the engine watches it") {
  ManualClock clock;
  Engine engine(manual(&clock));
  TaskRef task =
      Task::make_external(nullptr, Priority::normal, clock.now() + std::chrono::seconds(1));
  engine.watch(task);
  engine.advance(std::chrono::seconds(1));
  CHECK(task->cause() == Cause::deadline);
}

TEST_CASE("exceptions of a callable are failures") {
  Engine engine(options(1));
  TaskRef ticket;
  REQUIRE(engine.spawn([] { throw std::runtime_error("thrown"); }, {}, &ticket).ok());
  CHECK(ticket->wait_until());
  CHECK(ticket->status() == StatusCode::internal);
  CHECK(ticket->message() == "thrown");
}
