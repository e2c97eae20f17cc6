// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/sync/hold_count.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// A resource that calls hold, and that may be filled anew once nobody does.
struct Shared {
  HoldCount<Atom> holds;
  Value resource{1};
  int emptied = 0;

  void fill(int id) {
    if (!holds.start()) return;
    resource = Value(id);
    holds.filled();
  }
  void let_go() {
    if (!holds.let_go()) return;
    check(resource.id() > 1, "emptied twice");
    resource = Value(1);
    ++emptied;
    holds.emptied();
  }
  /// One call: it finds the resource filled as long as it holds it.
  void use() {
    if (!holds.try_hold()) return;
    check(resource.id() > 1, "empty while it is held");
    let_go();
  }
};

/// The handle goes while calls come.
void last_use(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->fill(2);
  for (const char* name : {"a", "b"}) run.thread(name, [=] { shared->use(); });
  run.thread("handle", [=] { shared->let_go(); });
  run.finally([=] {
    check(shared->emptied == 1, "emptied never or twice");
    check(shared->holds.count() == 0, "somebody holds nothing");
  });
}

/// Filled anew while the last one that held the old is about to empty it.
void filled_anew(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->fill(2);
  run.thread("handle", [=] { shared->let_go(); });
  run.thread("next", [=] {
    if (!shared->holds.start()) return;
    check(shared->resource.id() == 1, "filled before it was emptied");
    shared->resource = Value(3);
    shared->holds.filled();
    check(shared->resource.id() == 3, "emptied under its holder");
    shared->let_go();
  });
  run.thread("call", [=] { shared->use(); });
  run.finally([=] { check(shared->holds.count() == 0, "somebody holds nothing"); });
}

/// A row of calls is counted at once, and let go one by one.
void several(Execution& run) {
  auto shared = std::make_shared<Shared>();
  shared->fill(2);
  check(shared->holds.try_hold(2), "it is held");
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      check(shared->resource.id() == 2, "empty while it is held");
      shared->let_go();
    });
  }
  run.thread("handle", [=] { shared->let_go(); });
  run.finally([=] { check(shared->emptied == 1, "emptied never or twice"); });
}

/// Wrong: holding is a bare increment, so that one who comes late holds what is being emptied.
void bare_increment(Execution& run) {
  struct State {
    Atom<std::uint64_t> count{1};
    Value resource{2};
  };
  auto state = std::make_shared<State>();
  run.thread("handle", [=] {
    if (state->count.fetch_sub(1) == 1) state->resource = Value(1);
  });
  run.thread("call", [=] {
    if (state->count.load() == 0) return;
    state->count.fetch_add(1);
    check(state->resource.id() == 2, "empty while it is held");
  });
}

}  // namespace

TEST_CASE("hold count: the resource is emptied once, after its last use") {
  expect_right(last_use);
  expect_right(filled_anew);
  expect_right(several);
}

TEST_CASE("hold count: a seeded bug is found") {
  expect_caught(bare_increment, "", {.memory = Memory::sequential});
}

TEST_CASE("hold count: every memory order is needed") {
  expect_every_order_needed({last_use, filled_anew, several}, "hold_count.hpp", 5);
}
