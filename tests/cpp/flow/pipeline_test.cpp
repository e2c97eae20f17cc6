// SPDX-License-Identifier: Apache-2.0
#include "cogway/flow/pipeline.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>

#include "flow_kernels.hpp"

using namespace cogway;
using namespace flow_test;

TEST_CASE("a chain writes each item into its place of the batch") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(10)).native("core.copy").native("test.mark", {}, kIndexEpoch).batch({4});
  PipelineRun run = pipeline.start(7);
  Next last{};
  const std::vector<Element> batches = collect(run, &last);
  CHECK(last == Next::end);
  REQUIRE(batches.size() == 3);
  std::size_t item = 0;
  for (std::size_t b = 0; b < 3; ++b) {
    const Element& batch = batches[b];
    CHECK(batch.number == b);
    CHECK(batch.batch);
    const std::size_t expected = b == 2 ? 2 : 4;
    REQUIRE(batch.members.size() == expected);
    REQUIRE(batch.buffers.size() == 1);
    CHECK(batch.buffers[0].layout().describe() == "int64[" + std::to_string(expected) + ", 4]");
    for (std::size_t place = 0; place < expected; ++place, ++item) {
      CHECK(batch.members[place].index == item);
      CHECK(row(batch, place)[0] == static_cast<int64_t>(item));
      CHECK(row(batch, place)[1] == 7);
      CHECK(row(batch, place)[2] == 'a' + static_cast<int64_t>(item % 26));
      CHECK(row(batch, place)[3] == static_cast<int64_t>(1 + item % 5));
    }
  }
}

TEST_CASE("elements come in the order of the source, whatever the workers do") {
  Engine engine(options(3));
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.prefetch = 8;
  pipeline.source(letters(200)).native("core.copy").options(chosen);
  PipelineRun run = pipeline.start();
  const std::vector<Element> items = collect(run);
  REQUIRE(items.size() == 200);
  for (std::size_t i = 0; i < items.size(); ++i) {
    CHECK(items[i].members[0].index == i);
    CHECK(static_cast<char>(items[i].buffers[0].data()[0]) == static_cast<char>('a' + i % 26));
  }
}

TEST_CASE("as completed, every item comes exactly once") {
  Engine engine(options(3));
  Pipeline pipeline(engine);
  PipelineOptions chosen;
  chosen.ordered = false;
  pipeline.source(letters(103)).native("test.mark", {}, kIndex).batch({8}).options(chosen);
  PipelineRun run = pipeline.start();
  std::vector<std::uint64_t> seen;
  for (const Element& batch : collect(run)) {
    for (std::size_t i = 0; i < batch.members.size(); ++i) {
      CHECK(row(batch, i)[0] == static_cast<int64_t>(batch.members[i].index));
      seen.push_back(batch.members[i].index);
    }
  }
  std::ranges::sort(seen);
  REQUIRE(seen.size() == 103);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == i);
}

TEST_CASE("drop_last leaves the short batch out") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(10)).native("test.mark", {}, kIndex).batch({4, true});
  PipelineRun run = pipeline.start();
  CHECK(collect(run).size() == 2);
  CHECK(run.statistics().in_flight == 0);
}

TEST_CASE("an unstacked batch is a list of what its items are") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(5)).native("test.text").batch({2, false, false});
  PipelineRun run = pipeline.start();
  const std::vector<Element> batches = collect(run);
  REQUIRE(batches.size() == 3);
  REQUIRE(batches[1].collected.size() == 2);
  CHECK(batches[1].collected[0][0].nbytes() == 3);
  CHECK(batches[1].collected[1][0].nbytes() == 4);
}

TEST_CASE("stages after the batch see the batch") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(6)).native("test.mark", {}, kIndex).batch({3}).native("core.copy");
  PipelineRun run = pipeline.start();
  const std::vector<Element> batches = collect(run);
  REQUIRE(batches.size() == 2);
  CHECK(batches[1].buffers[0].layout().describe() == "int64[3, 4]");
  CHECK(row(batches[1], 2)[0] == 5);
}

TEST_CASE("a shuffled epoch is a permutation that only seed and epoch decide") {
  Engine engine(options());
  SourceList list = letters(50);
  list.shuffle = true;
  list.seed = 3;
  Pipeline pipeline(engine);
  pipeline.source(std::move(list)).native("core.copy");
  const auto order = [&](std::uint64_t epoch) {
    PipelineRun run = pipeline.start(epoch);
    std::vector<std::uint64_t> indices;
    for (const Element& element : collect(run)) indices.push_back(element.members[0].index);
    return indices;
  };
  const auto first = order(0);
  CHECK(first == order(0));
  CHECK(first != order(1));
  auto sorted = first;
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i) CHECK(sorted[i] == i);
}

TEST_CASE("an empty source ends at once") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(0)).native("test.mark").batch({4});
  PipelineRun run = pipeline.start();
  Element element;
  CHECK(run.next(&element) == Next::end);
  CHECK(run.quiet());
}

TEST_CASE("nonsense is refused where it is built") {
  Engine engine(options());
  const auto fresh = [&] {
    Pipeline pipeline(engine);
    pipeline.source(letters(1));
    return pipeline;
  };
  CHECK_THROWS_AS((void)Pipeline(engine).start(), std::invalid_argument);
  CHECK_THROWS_AS(fresh().source(letters(1)), std::invalid_argument);
  CHECK_THROWS_AS(fresh().native("test.nothing"), std::invalid_argument);
  CHECK_THROWS_AS(fresh().batch({4}), std::invalid_argument);
  CHECK_THROWS_AS(fresh().native("core.noop").batch({4}), std::invalid_argument);
  CHECK_THROWS_AS(fresh().native("core.copy").batch({0}), std::invalid_argument);
  CHECK_THROWS_AS(fresh().native("core.copy").batch({2}).batch({2}), std::invalid_argument);
  CHECK_THROWS_AS(fresh().foreign({"f", 0}), std::invalid_argument);
  CHECK_THROWS_AS(fresh().native("test.swell", {}, kIndex), std::invalid_argument);
  PipelineOptions none;
  none.prefetch = 0;
  CHECK_THROWS_AS(fresh().options(none), std::invalid_argument);
}

TEST_CASE("statistics count every stage") {
  Engine engine(options());
  Pipeline pipeline(engine);
  pipeline.source(letters(12)).native("core.copy").native("test.mark", {}, kIndex).batch({4});
  PipelineRun run = pipeline.start();
  CHECK(collect(run).size() == 3);
  const PipelineStatistics statistics = run.statistics();
  REQUIRE(statistics.stages.size() == 3);
  CHECK(statistics.stages[0].name == "core.copy");
  CHECK(statistics.stages[0].kind == "native");
  CHECK(statistics.stages[0].completed == 12);
  CHECK(statistics.stages[1].completed == 12);
  CHECK(statistics.stages[1].p99_ns >= statistics.stages[1].p50_ns);
  CHECK(statistics.stages[2].kind == "batch");
  CHECK(statistics.admitted == 12);
  CHECK(statistics.elements == 3);
  CHECK(statistics.items == 12);
  CHECK(statistics.in_flight == 0);
  CHECK(statistics.bytes == 0);
  CHECK(!statistics.slowest.empty());
}
