// SPDX-License-Identifier: Apache-2.0
// Bounds, failures and ends: laws 3 and 5 to 8 of pipeline.hpp. What must not be a matter of timing
// is shown on a manual engine, where this test alone decides what runs.
#include "cogway/flow/pipeline_run.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

#include "cogway/base/clock.hpp"
#include "cogway/bus/bus.hpp"
#include "flow_kernels.hpp"

using namespace cogway;
using namespace flow_test;

namespace {

EngineOptions manual(std::size_t bus_bytes = 8u << 20) {
  EngineOptions chosen = options(1, bus_bytes);
  chosen.manual = true;
  return chosen;
}

/// The engine's bus is as it was: everything has been given back.
bool nothing_used(const Engine& engine) { return engine.bus().statistics().live_buffers == 0; }

}  // namespace

TEST_CASE("no more elements are between source and consumer than prefetch says") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 3;
  pipeline.source(letters(100)).native("core.copy").options(chosen);
  PipelineRun run = pipeline.start();
  engine.run_all();
  CHECK(run.statistics().admitted == 3);
  CHECK(run.statistics().ready == 3);
  Element element;
  REQUIRE(run.try_next(&element) == Next::element);
  CHECK(run.statistics().admitted == 4);
  engine.run_all();
  CHECK(run.statistics().in_flight == 3);
  CHECK(run.statistics().in_flight_most == 3);
}

TEST_CASE("a batch's buffer is leased before its items are dispatched, the first one excepted") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 2;
  pipeline.source(letters(100)).native("test.mark", {}, kIndex).batch({4}).options(chosen);
  PipelineRun run = pipeline.start();
  CHECK(run.statistics().admitted == 1);  // law 4: it tells what a place looks like
  CHECK(engine.bus().statistics().live_buffers == 0);
  REQUIRE(engine.run_one());
  CHECK(engine.bus().statistics().live_buffers == 2);
  CHECK(run.statistics().admitted == 8);
  CHECK(run.statistics().bytes == 2 * 4 * 32);
  engine.run_all();
  CHECK(run.statistics().admitted == 8);
  CHECK(run.statistics().ready == 2);
}

TEST_CASE("the oldest items are run first, so that the first batch is ready before the others") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 4;
  pipeline.source(letters(100)).native("test.mark", {}, kIndex).batch({4}).options(chosen);
  PipelineRun run = pipeline.start();
  for (int i = 0; i < 4; ++i) REQUIRE(engine.run_one());
  CHECK(run.statistics().admitted == 16);  // by the worker that ran the first item
  Element element;
  CHECK(run.try_next(&element) == Next::element);
}

TEST_CASE("prefetch_bytes bounds what is held, whatever prefetch allows") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  const ParamArgument size[] = {{"bytes", std::int64_t{1000}}};
  PipelineOptions chosen;
  chosen.prefetch = 50;
  chosen.prefetch_bytes = 4096;
  pipeline.source(letters(100)).native("test.swell", size).options(chosen);
  PipelineRun run = pipeline.start();
  CHECK(run.statistics().admitted == 1);  // nobody knows yet how large items are
  engine.run_all();
  CHECK(run.statistics().ready == 4);  // 1024 bytes each on the bus
  Element element;
  std::size_t taken = 0;
  while (run.try_next(&element) == Next::element) {
    ++taken;
    engine.run_all();
    CHECK(run.statistics().bytes <= 4096);
  }
  CHECK(taken == 100);
  CHECK(run.statistics().bytes_most <= 4096);
}

TEST_CASE("a full bus makes the source wait; given back bytes make it go on") {
  Engine engine(manual(std::size_t{64} << 10));
  Pipeline pipeline(engine);
  const ParamArgument size[] = {{"bytes", std::int64_t{20'000}}};
  PipelineOptions chosen;
  chosen.prefetch = 8;
  pipeline.source(letters(9)).native("test.swell", size).batch({1}).options(chosen);
  PipelineRun run = pipeline.start();
  engine.run_all();
  CHECK(run.statistics().ready == 3);  // 60 KB of 64
  CHECK(run.statistics().stalled == false);
  CHECK(run.statistics().bus_waits == 1);
  std::size_t taken = 0;
  for (;;) {
    Element element;
    if (run.try_next(&element) != Next::element) break;
    ++taken;
    element = Element{};  // gives its buffer back: the hook sends a task that looks again
    engine.run_all();
  }
  CHECK(taken == 9);
  Element element;
  CHECK(run.try_next(&element) == Next::end);
}

TEST_CASE("a chain that finds the bus full starts again when there is room") {
  Engine engine(manual(std::size_t{64} << 10));
  BufferRef hog = engine.bus().try_lease(Layout::bytes(60'000));
  Pipeline pipeline(engine);
  const ParamArgument size[] = {{"bytes", std::int64_t{20'000}}};
  pipeline.source(letters(2)).native("core.copy").native("test.swell", size);
  PipelineRun run = pipeline.start();
  engine.run_all();
  CHECK(run.statistics().ready == 0);
  CHECK(run.statistics().stalled);
  hog.reset();
  engine.run_all();
  CHECK(run.statistics().ready == 2);
}

TEST_CASE("what can never fit fails at once and says so") {
  Engine engine(manual(std::size_t{64} << 10));
  const ParamArgument size[] = {{"bytes", std::int64_t{100'000}}};
  for (const bool batched : {true, false}) {
    Pipeline pipeline(engine);
    pipeline.source(letters(3)).native("test.swell", size);
    if (batched) pipeline.batch({2});
    PipelineRun run = pipeline.start();
    engine.run_all();
    Element element;
    CHECK(run.try_next(&element) == Next::failed);
    REQUIRE(run.failures().size() == 1);
    CHECK(run.failures()[0].status.code() == StatusCode::resource_exhausted);
  }
}

TEST_CASE("the first failure stops everything and names stage and item") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  const ParamArgument every[] = {{"every", std::int64_t{3}}};
  PipelineOptions chosen;
  chosen.prefetch = 8;
  pipeline.source(letters(100)).native("test.pick", every, kIndex).options(chosen);
  PipelineRun run = pipeline.start();
  engine.run_all();
  Element element;
  CHECK(run.try_next(&element) == Next::failed);
  const std::vector<Failure> failures = run.failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].stage == 0);
  CHECK(failures[0].name == "test.pick");
  CHECK(failures[0].index == 2);
  CHECK(failures[0].status.code() == StatusCode::data_loss);
  CHECK(failures[0].status.message() == "picked");
  CHECK(run.quiet());
  CHECK(run.statistics().in_flight == 0);
  CHECK(run.statistics().admitted <= 8);
  CHECK(nothing_used(engine));
}

TEST_CASE("skipped items make their batch shorter and shift no other") {
  for (int workers : {1, 2, 4}) {
    Engine engine(options(workers));
    Pipeline pipeline(engine);
    const ParamArgument every[] = {{"every", std::int64_t{5}}};
    PipelineOptions chosen;
    chosen.skip_errors = true;
    pipeline.source(letters(20)).native("test.pick", every, kIndex);
    pipeline.native("test.mark", {}, kIndex).batch({4}).options(chosen);
    PipelineRun run = pipeline.start();
    Next last{};
    const std::vector<Element> batches = collect(run, &last);
    CHECK(last == Next::end);
    REQUIRE(batches.size() == 5);
    for (std::size_t b = 0; b < 5; ++b) {
      std::size_t place = 0;
      for (std::uint64_t i = 4 * b; i < 4 * b + 4; ++i) {
        if (i % 5 == 4) continue;
        REQUIRE(place < batches[b].members.size());
        CHECK(batches[b].members[place].index == i);
        CHECK(row(batches[b], place)[0] == static_cast<int64_t>(i));
        ++place;
      }
      CHECK(batches[b].members.size() == place);
      CHECK(batches[b].buffers[0].layout().shape[0] == static_cast<int64_t>(place));
    }
    CHECK(run.statistics().skipped == 4);
    CHECK(run.skipped().size() == 4);
  }
}

TEST_CASE("as completed, skipped items' places are filled by later ones") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  const ParamArgument every[] = {{"every", std::int64_t{5}}};
  PipelineOptions chosen;
  chosen.skip_errors = true;
  chosen.ordered = false;
  pipeline.source(letters(40)).native("test.pick", every, kIndex);
  pipeline.native("test.mark", {}, kIndex).batch({4}).options(chosen);
  PipelineRun run = pipeline.start();
  std::size_t items = 0;
  Element element;
  for (;;) {
    engine.run_all();
    if (run.try_next(&element) != Next::element) break;
    CHECK(element.members.size() == 4);
    items += element.members.size();
  }
  CHECK(items == 32);
}

TEST_CASE("one failure beyond the limit of skips fails the run") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  const ParamArgument every[] = {{"every", std::int64_t{2}}};
  PipelineOptions chosen;
  chosen.skip_errors = true;
  chosen.skip_limit = 2;
  chosen.prefetch = 20;
  pipeline.source(letters(20)).native("test.pick", every, kIndex).options(chosen);
  PipelineRun run = pipeline.start();
  engine.run_all();
  Element element;
  CHECK(run.try_next(&element) == Next::failed);
  CHECK(run.statistics().skipped == 2);
  CHECK(run.failures()[0].index % 2 == 1);
}

TEST_CASE("cancelling tells running kernels, drops the rest, and leaves nothing") {
  gate.reset();
  Engine engine(options(2));
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 16;
  pipeline.source(letters(100)).native("test.gate").options(chosen);
  gate.shut();
  {
    PipelineRun run = pipeline.start();
    while (gate.inside < 2) std::this_thread::yield();
    CHECK(run.cancel());
    CHECK(!run.cancel());
    Element element;
    CHECK(run.try_next(&element) == Next::cancelled);
    run.wait_quiet()->wait_until();
    CHECK(run.quiet());
    CHECK(gate.saw_cancel == 2);
    CHECK(gate.entered == 2);
    CHECK(nothing_used(engine));
  }
  gate.reset();
}

TEST_CASE("a dropped run is cancelled") {
  gate.reset();
  Engine engine(options(2));
  Pipeline pipeline(engine);
  pipeline.source(letters(100)).native("test.gate").batch({8, false, false});
  gate.shut();
  {
    PipelineRun run = pipeline.start();
    while (gate.inside < 1) std::this_thread::yield();
  }
  while (gate.inside != 0) std::this_thread::yield();
  CHECK(engine.drain());
  CHECK(nothing_used(engine));
  gate.reset();
}

TEST_CASE("closing the engine in the middle of an epoch fails the run") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  pipeline.source(letters(100)).native("core.copy");
  PipelineRun run = pipeline.start();
  REQUIRE(engine.run_one());
  engine.stop(Nanoseconds{0});
  Element element;
  const Next found = run.next(&element);
  CHECK(found == Next::failed);
  CHECK(run.failures().at(0).cause == Cause::engine_closed);
  CHECK(run.quiet());
}

TEST_CASE("an open source is asked for no more than there is room for") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 2;
  pipeline.open_source("numbers").native("core.copy").options(chosen);
  PipelineRun run = pipeline.start();
  const std::string text = "abc";
  std::uint64_t offered = 0;
  const auto offer = [&] {
    Operand operand = Operand::of(std::as_bytes(std::span(text.data(), text.size())));
    bool taken = false;
    std::uint64_t position = 0;
    const Status status = run.try_offer({&operand, 1}, offered, &taken, &position);
    REQUIRE(status.ok());
    if (taken) CHECK(position == offered++);
    return taken;
  };
  CHECK(offer());
  CHECK(offer());
  CHECK(!offer());
  TaskRef room = run.wait_room();
  CHECK(!room->done());
  engine.run_all();
  CHECK(!room->done());  // finished elements still take their place
  Element element;
  REQUIRE(run.try_next(&element) == Next::element);
  CHECK(room->done());
  CHECK(offer());
  run.end_source();
  engine.run_all();
  CHECK(run.try_next(&element) == Next::element);
  CHECK(run.try_next(&element) == Next::element);
  CHECK(run.try_next(&element) == Next::end);
  Operand late;
  bool taken = false;
  std::uint64_t position = 0;
  CHECK(!run.try_offer({&late, 0}, 9, &taken, &position).ok());
}

TEST_CASE("a source that fails fails the run") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  pipeline.open_source("numbers").native("core.copy");
  PipelineRun run = pipeline.start();
  TaskRef ready = run.wait_ready();
  CHECK(!ready->done());
  run.fail_source(StatusCode::internal, "no more disk");
  CHECK(ready->done());
  Element element;
  CHECK(run.try_next(&element) == Next::failed);
  CHECK(run.failures()[0].name == "numbers");
  CHECK(run.failures()[0].position == Failure::kNoItem);
}

TEST_CASE("a foreign stage takes at most its concurrency, and may fail") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 8;
  pipeline.source(letters(6)).native("core.copy").foreign({"mine", 2}).native("core.copy");
  pipeline.options(chosen);
  PipelineRun run = pipeline.start();
  TaskRef waiting = run.wait_foreign();
  CHECK(!waiting->done());
  engine.run_all();
  CHECK(waiting->done());
  ForeignItem first;
  ForeignItem second;
  ForeignItem third;
  REQUIRE(run.take_foreign(&first));
  REQUIRE(run.take_foreign(&second));
  CHECK(!run.take_foreign(&third));
  CHECK(first.stage == 1);
  CHECK(first.value.members[0].index == 0);
  Operand given = Operand::of(first.value.buffers[0]);
  run.give_foreign(first.ticket, {&given, 1}, Status());
  engine.run_all();
  Element element;
  REQUIRE(run.try_next(&element) == Next::element);
  CHECK(static_cast<char>(element.buffers[0].data()[0]) == 'a');
  run.give_foreign(second.ticket, {}, Status(StatusCode::internal, "mine broke"));
  CHECK(run.try_next(&element) == Next::failed);
  CHECK(run.failures()[0].name == "mine");
  CHECK(run.failures()[0].index == second.value.members[0].index);
  CHECK(run.foreign_over());
  CHECK(run.quiet());
}

TEST_CASE("a foreign call that never began is no failure of a run that has failed") {
  Engine engine(manual());
  Pipeline pipeline(engine);
  pipeline.source(letters(2)).foreign({"mine", 2});
  PipelineRun run = pipeline.start();
  engine.run_all();
  ForeignItem broken;
  ForeignItem unbegun;
  REQUIRE(run.take_foreign(&broken));
  REQUIRE(run.take_foreign(&unbegun));
  run.give_foreign(broken.ticket, {}, Status(StatusCode::internal, "mine broke"));
  CHECK(!run.quiet());
  run.give_foreign(unbegun.ticket, {}, Status(StatusCode::cancelled, "never began"));
  CHECK(run.quiet());
  CHECK(run.failures().size() == 1);
  CHECK(run.statistics().stages[0].failed == 1);
  CHECK(run.statistics().stages[0].completed == 0);
}
