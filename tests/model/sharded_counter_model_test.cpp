// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/sharded_counter.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Counter = ShardedCounter<Atom>;

std::int64_t sum(const Counter& counter) {
  std::int64_t total = 0;
  counter.each([&](std::int64_t part) { total += part; });
  return total;
}

/// Two threads share a shard, one has its own; who looks sees what can have been added, and more
/// the next time.
void adding(Execution& run) {
  auto counter = std::make_shared<Counter>(2);
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] { check(counter->add(0, 1), "it fits"); });
  }
  run.thread("c", [=] { check(counter->add(1, 10), "it fits"); });
  run.thread("looker", [=] {
    const std::int64_t before = sum(*counter);
    const std::int64_t after = sum(*counter);
    check(before <= after && after <= 12, "a sum that cannot be");
  });
  run.finally([=] { check(sum(*counter) == 12, "an addition was lost"); });
}

/// At the edge one of two fits, and nobody sees a wrapped value.
void at_the_edge(Execution& run) {
  struct Shared {
    Counter counter{1};
    Atom<int> fitted{0};
  };
  auto shared = std::make_shared<Shared>();
  check(shared->counter.add(0, INT64_MAX - 1), "it fits");
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] { shared->fitted.fetch_add(shared->counter.add(0, 1) ? 1 : 0); });
  }
  run.thread("looker", [=] { check(sum(shared->counter) > 0, "a wrapped value was seen"); });
  run.finally([=] { check(shared->fitted.load() == 1, "not exactly one sum fits"); });
}

/// A shard that is read and written, for a thread that believes it is alone.
void torn(Execution& run) {
  auto word = std::make_shared<Atom<std::int64_t>>(0);
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      // order: relaxed, as in the mutant
      word->store(word->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    });
  }
  run.finally([=] { check(word->load() == 2, "an addition was lost"); });
}

}  // namespace

TEST_CASE("sharded counter: nothing wraps and nothing is lost") {
  expect_right(adding);
  expect_right(at_the_edge);
}

TEST_CASE("sharded counter: a shard without a step of its own is found") {
  expect_caught(torn, "lost");
}
