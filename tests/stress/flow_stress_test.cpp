// SPDX-License-Identifier: Apache-2.0
// A run and its consumer at the same moments, for the sanitizers: what a consumer asks for moves
// items, so that it meets the first item while that one finds out what a batch looks like.
#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

#include "../cpp/flow/flow_kernels.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/flow/pipeline_run.hpp"

using namespace cogway;
using namespace flow_test;

namespace {

/// Takes the next element without ever waiting: every look pumps the run.
Next poll(PipelineRun& run, Element* element) {
  for (;;) {
    const Next found = run.try_next(element);
    if (found != Next::pending) return found;
  }
}

}  // namespace

TEST_CASE("a consumer that polls from the first moment gets whole batches") {
  Engine engine(options(2));
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 3;
  pipeline.source(letters(64)).native("test.mark", {}, kIndex).batch({8}).options(chosen);
  for (int round = 0; round < 400; ++round) {
    PipelineRun run = pipeline.start();
    Element element;
    REQUIRE(poll(run, &element) == Next::element);
    REQUIRE(element.buffers.size() == 1);
    for (int place = 0; place < 8; ++place) REQUIRE(row(element, place)[0] == place);
    element = Element{};
    (void)run.cancel();
    run.wait_quiet()->wait_until();
  }
  CHECK(engine.bus().statistics().live_buffers == 0);
}

TEST_CASE("a bus that is full now and then stops nobody for good") {
  Engine engine(options(2, 64u << 10));  // room for three batches
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 3;
  pipeline.source(letters(2048)).native("test.mark", {}, kIndex).batch({512}).options(chosen);
  PipelineRun first = pipeline.start();
  PipelineRun second = pipeline.start();
  for (int round = 0; round < 20; ++round) {
    std::uint64_t items = 0;
    bool over = false;
    while (!over) {
      over = true;
      for (PipelineRun* run : {&first, &second}) {
        Element element;
        const Next found = run->try_next(&element);
        if (found == Next::pending) std::this_thread::yield();
        items += element.members.size();
        over = over && found != Next::element && found != Next::pending;
      }
    }
    REQUIRE(items == 4096);
    first = pipeline.start();
    second = pipeline.start();
  }
}
