// SPDX-License-Identifier: Apache-2.0
// drain, stop, abandoned work, resize under load, fork.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "test_kernels.hpp"

using namespace engine_test;

TEST_CASE("drain lets everything end, and what it spawns, then refuses") {
  Engine engine(options(2));
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(engine
                .spawn([&] {
                  ++ran;
                  (void)engine.spawn([&ran] { ++ran; });
                })
                .ok());
  }
  CHECK(engine.drain());
  CHECK(ran == 200);
  CHECK(engine.closed());
  const Admission refused = engine.spawn([] {});
  CHECK(refused.cause() == Cause::engine_closed);
  CHECK(engine.statistics().refused == 1);
}

TEST_CASE("drain gives up at its deadline") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  REQUIRE(submit(engine, Call("test.deaf"), nullptr).ok());
  gate.wait_begun(1);
  CHECK_FALSE(engine.drain(monotonic_now() + std::chrono::milliseconds(5)));
  gate.open = true;
  CHECK(engine.drain());
}

TEST_CASE("stop ends queued tasks and asks running ones to stop") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  TaskRef running;
  TaskRef queued;
  bool ran = false;
  REQUIRE(submit(engine, Call("test.polite"), &running).ok());
  gate.wait_begun(1);
  REQUIRE(engine.spawn([&ran] { ran = true; }, {}, &queued).ok());
  CHECK(engine.stop() == 0);
  CHECK(running->done());
  CHECK(running->status() == StatusCode::cancelled);
  CHECK(queued->done());
  CHECK(queued->cause() == Cause::engine_closed);
  CHECK_FALSE(ran);
  CHECK(engine.stop() == 0);
}

TEST_CASE("a kernel that never returns is abandoned by stop, and named") {
  static Latch gate;  // the kernel outlives the test
  latch = &gate;
  BufferRef output;
  TaskRef ticket;
  {
    Engine engine(options(2));
    TaskGroup group;
    Call call("test.deaf");
    call.call.options.group = &group;
    REQUIRE(engine.c_spawn(call.call, &ticket).ok());
    gate.wait_begun(1);
    CHECK(engine.stop(std::chrono::milliseconds(1)) == 1);
    CHECK(ticket->done());
    CHECK(ticket->cause() == Cause::abandoned);
    CHECK(engine.statistics().abandoned_workers == 1);
    group.wait();
    CHECK(group.failures() == 1);
  }
  REQUIRE(abandoned_work().size() == 1);
  CHECK(abandoned_work()[0].find("test.deaf") != std::string::npos);
  gate.open = true;  // it returns into an engine that is gone: that must be harmless
  while (!ticket->ended()) os::yield_thread();
}

TEST_CASE("a cancelled kernel that does not return loses its worker, and another takes over") {
  static Latch gate;
  gate.open = false;
  gate.begun = 0;
  latch = &gate;
  EngineOptions set = options(1);
  set.grace = std::chrono::milliseconds(1);
  Engine engine(set);
  TaskRef ticket;
  REQUIRE(submit(engine, Call("test.deaf"), &ticket).ok());
  gate.wait_begun(1);
  CHECK(ticket->cancel());
  CHECK(ticket->cause() == Cause::cancelled);
  TaskRef after;  // runs only on a replacement: there is one worker
  REQUIRE(engine.spawn([] {}, {}, &after).ok());
  CHECK(after->wait_until());
  CHECK(engine.statistics().abandoned_workers == 1);
  CHECK(engine.drain());
  gate.open = true;
  while (!ticket->ended()) os::yield_thread();
}

TEST_CASE("a worker that is given up leaves no debt to the group of its tasks") {
  static Latch gate;
  gate.open = false;
  gate.begun = 0;
  latch = &gate;
  EngineOptions set = options(1);
  set.grace = std::chrono::milliseconds(1);
  Engine engine(set);
  std::atomic<bool> go{false};  // so that the worker takes the batch in one go
  REQUIRE(engine
              .spawn([&go] {
                while (!go.load()) os::yield_thread();
              })
              .ok());
  Call quick = fill(16);
  Call deaf("test.deaf");
  KernelCall batch[] = {std::move(quick.call), std::move(deaf.call)};
  batch[0].params = &quick.values;
  auto group = std::make_unique<TaskGroup>(true);
  REQUIRE(engine.c_spawn_batch(batch, *group).ok());
  group->seal();
  go = true;
  gate.wait_begun(1);
  const TaskRef ticket = group->results()[1];
  CHECK(ticket->cancel());
  const bool ended = group->wait_until(monotonic_now() + std::chrono::seconds(30));
  CHECK(ended);
  CHECK(group->failures() == 1);
  if (!ended) (void)group.release();  // its destructor would wait for ever
  gate.open = true;
  while (!ticket->ended()) os::yield_thread();
}

TEST_CASE("resize under load loses nothing") {
  Engine engine(options(2));
  std::atomic<std::uint64_t> ran{0};
  constexpr std::uint64_t kTasks = 20'000;
  std::thread submitter([&] {
    for (std::uint64_t i = 0; i < kTasks; ++i) {
      (void)engine.spawn([&] { ran.fetch_add(1); });
    }
  });
  for (int count : {1, 4, 3, 8, 1, 2}) {
    CHECK(engine.resize(count, count).ok());
    CHECK(engine.workers(WorkerClass::foreground) == count);
    CHECK(engine.workers(WorkerClass::background) == count);
    os::yield_thread();
  }
  submitter.join();
  CHECK(engine.drain());
  CHECK(ran == kTasks);
  CHECK(engine.resize(2).code() == StatusCode::failed_precondition);
}

TEST_CASE("resize refuses nonsense") {
  Engine engine(options(1));
  CHECK(engine.resize(0).code() == StatusCode::invalid_argument);
  CHECK(engine.resize(1, 100'000).code() == StatusCode::invalid_argument);
  CHECK(engine.resize(EngineOptions::kAuto, EngineOptions::kAuto).ok());
}

TEST_CASE("options that make no sense are refused") {
  EngineOptions set = options(0);
  CHECK_THROWS_AS(Engine{set}, std::invalid_argument);
  set = options(1);
  set.background_nice = 99;
  CHECK_THROWS_AS(Engine{set}, std::invalid_argument);
  set = options(1);
  ManualClock clock;
  set.clock = &clock;
  CHECK_THROWS_AS(Engine{set}, std::invalid_argument);
}

TEST_CASE("a forked child finds the engine inert, and can leave") {
  Engine engine(options(1));
  Latch gate;
  latch = &gate;
  TaskRef pending;
  REQUIRE(submit(engine, Call("test.polite"), &pending).ok());
  gate.wait_begun(1);
  const pid_t child = fork();
  if (child == 0) {
    const Admission refused = engine.spawn([] {});
    const bool inert = refused.cause() == Cause::engine_forked && !pending->wait_until() &&
                       !engine.drain() && engine.stop() == 0 && !engine.belongs_to_this_process();
#ifndef __SANITIZE_THREAD__  // which cannot start threads in a forked child
    {
      EngineOptions own = options(1);
      Engine fresh(own);  // a new one works
      TaskRef ticket;
      (void)fresh.spawn([] {}, {}, &ticket);
      if (!ticket->wait_until()) _exit(2);
    }
#endif
    _exit(inert ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  gate.open = true;
  CHECK(engine.drain());
}

TEST_CASE("engines come and go; tickets outlive them") {
  for (int i = 0; i < 100; ++i) {
    TaskRef ticket;
    {
      Engine engine(options(2));
      REQUIRE(engine.spawn([] {}, {}, &ticket).ok());
    }
    CHECK(ticket->done());
    CHECK_FALSE(ticket->cancel());
  }
}
