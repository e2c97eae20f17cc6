// SPDX-License-Identifier: Apache-2.0
// The end of a TaskGroup: one of its tasks, or the owner that seals it, is the last, and whoever
// waits sees what all of them did.
#include <memory>

#include "checker/expect.hpp"
#include "cogway/engine/waiter.hpp"
#include "engine/group_count.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

enum class Fault : std::uint8_t {
  none,
  two_steps,      ///< counts by a look and a store
  late_failures,  ///< tells of a failure after it is counted out
  never_open,     ///< the owner adds to the count and has no part in it until it seals
};

template <Fault fault>
struct Group {
  using List = WaiterList<Group, Atom>;
  Atom<std::int64_t> remaining{fault == Fault::never_open ? 0 : GroupCount<Atom>::kOpen};
  Atom<std::size_t> failures{0};
  List waiters;
  Value results[2]{Value(0), Value(0)};
  Atom<int> completed{0};
  std::size_t added = 0;  ///< the owner's

  void add(std::size_t count) {
    added += count;
    if (fault == Fault::never_open) remaining.fetch_add(static_cast<std::int64_t>(count));
  }
  bool last(std::size_t failed) {
    if constexpr (fault == Fault::two_steps) {
      const std::int64_t before = remaining.load();
      remaining.store(before - 1);
      return before == 1;
    }
    const bool late = fault == Fault::late_failures;
    const bool last = GroupCount(remaining, failures).finish(1, late ? 0 : failed);
    if (late) failures.fetch_add(failed);
    return last;
  }
  void finish(std::size_t failed) {
    if (last(failed)) complete();
  }
  void seal() {
    if (fault == Fault::never_open) return;
    if (GroupCount(remaining, failures).seal(added)) complete();
  }
  void complete() {
    completed.fetch_add(1);
    for (auto* node = waiters.close().first; node != nullptr;) {
      auto* next = node->next;
      node->notify(node, *this);
      node = next;
    }
  }
  void check_done() {
    check(results[0].id() == 1 && results[1].id() == 1, "done before all was done");
    check(failures.load(std::memory_order_relaxed) == 1, "a failure is not counted");
  }
};

/// Two workers and the owner, who adds while they already finish.
template <Fault fault = Fault::none>
void counting_down(Execution& run) {
  using G = Group<fault>;
  struct Node : BasicWaiter<G> {
    Node() : BasicWaiter<G>([](BasicWaiter<G>*, G& group) noexcept { group.check_done(); }) {}
  };
  struct Shared : G {
    Node node;
    Atom<std::uint32_t> ready{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->add(1);
  run.thread("worker 1", [=] {
    shared->results[0] = Value(1);
    shared->finish(1);
  });
  run.thread("worker 2", [=] {
    while (shared->ready.load() == 0) Parking<Atom>::park(shared->ready, 0, kNever);
    shared->results[1] = Value(1);
    shared->finish(0);
  });
  run.thread("owner", [=] {
    shared->add(1);
    shared->ready.store(1);
    Parking<Atom>::unpark(shared->ready, 1);
    shared->seal();
    if (!shared->waiters.add(&shared->node)) shared->check_done();
    if (shared->waiters.closed()) shared->check_done();
  });
  run.finally([=] { check(shared->completed.load() == 1, "not completed once"); });
}

}  // namespace

TEST_CASE("group count: completed once, by the last, with what all did") {
  expect_right(counting_down<>, {.delays = 1, .troubles = 0});
}

TEST_CASE("group count: seeded bugs are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(counting_down<Fault::two_steps>, "", bounds);
  expect_caught(counting_down<Fault::late_failures>, "", bounds);
  expect_caught(counting_down<Fault::never_open>, "", bounds);
}

TEST_CASE("group count: every memory order is needed") {
  expect_every_order_needed({counting_down<>}, "group_count.hpp", 2, {.troubles = 0});
}
