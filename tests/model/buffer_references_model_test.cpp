// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/buffer_references.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// A buffer held by two processes, the first of which counts two references.
struct Shared {
  PrivateCount<Atom> counts[2];
  ParticipantSet<Atom> participants;
  Value payload{1};
  int freed = 0;

  // What detail::release_record() does: the last reference of the last process frees the block, and
  // the next lessee writes into it.
  void drop(std::uint32_t process) {
    if (counts[process].drop() && participants.leave(process)) {
      payload = Value(2);
      ++freed;
    }
  }
};

void check_freed_once(Execution& run, const std::shared_ptr<Shared>& shared) {
  run.finally([=] {
    check(shared->freed == 1, "freed never or twice");
    check(shared->payload.id() == 2, "recycled too early");
  });
}

/// Two threads of one process.
void one_process(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->counts[0].start();
  shared->counts[0].add();
  shared->participants.start(0);
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      check(shared->payload.id() == 1, "read after it was freed");
      shared->drop(0);
    });
  }
  check_freed_once(run, shared);
}

/// Two processes that share one buffer, joined before either could leave.
void two_processes(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->participants.start(0);
  shared->participants.join(1);
  for (std::uint32_t process = 0; process < 2; ++process) {
    shared->counts[process].start();
    run.thread(process == 0 ? "parent" : "peer", [=] {
      check(shared->payload.id() == 1, "read after it was freed");
      shared->drop(process);
    });
  }
  check_freed_once(run, shared);
}

/// A thread copies its reference for another while a third drops its own.
void copying(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->counts[0].start();
  shared->counts[0].add();
  shared->participants.start(0);
  run.thread("copier", [=] {
    shared->counts[0].add();
    shared->drop(0);
    check(shared->payload.id() == 1, "freed under a copy");
    shared->drop(0);
  });
  run.thread("other", [=] { shared->drop(0); });
  check_freed_once(run, shared);
}

/// transfer() of a frozen buffer: whoever sees itself alone may write.
void alone(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->counts[0].start();
  shared->counts[0].add();
  run.thread("reader", [=] {
    check(shared->payload.id() == 1, "written while others hold it");
    check(!shared->counts[0].drop(), "the other one holds it");
  });
  run.thread("owner", [=] {
    if (shared->counts[0].count() == 1) shared->payload = Value(2);
  });
}

/// A wrong count: the drop publishes nothing.
template <template <typename> class A>
class RelaxedCount {
 public:
  // order: relaxed, no pairing: the bug
  void add() { count_.fetch_add(1, std::memory_order_relaxed); }
  // order: relaxed, no pairing: the bug
  bool drop() { return count_.fetch_sub(1, std::memory_order_relaxed) == 1; }

 private:
  A<std::uint32_t> count_{1};
};

/// A wrong set: looking and leaving are two steps.
template <template <typename> class A>
class LookingSet {
 public:
  bool leave(std::uint64_t bit) {
    const std::uint64_t before = bits_.load();
    bits_.store(before & ~bit);
    return before == bit;
  }

 private:
  A<std::uint64_t> bits_{3};
};

void relaxed_count(Execution& run) {
  struct State {
    RelaxedCount<Atom> count;
    Value payload{1};
  };
  auto state = std::make_shared<State>();
  state->count.add();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      check(state->payload.id() == 1, "read after it was freed");
      if (state->count.drop()) state->payload = Value(2);
    });
  }
}

void looking_set(Execution& run) {
  struct State {
    LookingSet<Atom> set;
    int freed = 0;
  };
  auto state = std::make_shared<State>();
  for (const std::uint64_t bit : {1, 2}) {
    run.thread(bit == 1 ? "a" : "b", [=] {
      if (state->set.leave(bit)) ++state->freed;
    });
  }
  run.finally([=] { check(state->freed == 1, "freed never or twice"); });
}

}  // namespace

TEST_CASE("references: a block is freed once, after its last use") {
  expect_right(one_process);
  expect_right(two_processes);
  expect_right(copying);
  expect_right(alone);
}

TEST_CASE("references: seeded bugs are found") {
  expect_caught(relaxed_count, "", {.memory = Memory::views});
  expect_caught(looking_set, "freed never or twice", {.memory = Memory::sequential});
}

TEST_CASE("references: every memory order is needed") {
  expect_every_order_needed({one_process, two_processes, copying, alone}, "buffer_references.hpp",
                            3);
}
