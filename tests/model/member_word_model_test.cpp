// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/member_word.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// The last to leave removes the files while another one comes.
void last_and_next(Execution& run) {
  struct State {
    MemberWord<Atom> members;
    int removed = 0;
    int joined = 0;
  };
  auto state = std::make_shared<State>();
  check(state->members.try_join(0), "open at first");
  check(state->members.try_join(1), "open at first");
  for (const std::uint32_t me : {0U, 1U}) {
    run.thread(me == 0 ? "a" : "b", [=] {
      if (state->members.leave(me)) ++state->removed;
    });
  }
  run.thread("next", [=] {
    if (!state->members.try_join(2)) return;
    state->joined = 1;
    if (state->members.leave(2)) ++state->removed;
  });
  run.finally([=] {
    check(state->removed == 1, "removed never or twice");
    check(state->members.closed(), "left open by the last");
    check(!state->members.try_join(3), "joined what is removed");
  });
}

/// All members are dead: one process replaces the bus while another one joins it.
void replacing(Execution& run) {
  struct State {
    MemberWord<Atom> members;
    bool replaced = false;
    bool joined = false;
  };
  auto state = std::make_shared<State>();
  check(state->members.try_join(0), "open at first");
  run.thread("creator", [=] { state->replaced = state->members.close_if(1); });
  run.thread("opener", [=] {
    state->members.remove(0);
    state->joined = state->members.try_join(0);
  });
  run.finally([=] {
    check(state->replaced || state->joined, "neither");
    check(!(state->joined && state->members.closed() && state->replaced) ||
              state->members.members() == 0,
          "joined what is replaced");
  });
}

/// A wrong word: whether anybody is left is looked at after leaving.
void looking_back(Execution& run) {
  struct State {
    Atom<std::uint64_t> members{3};
    int removed = 0;
  };
  auto state = std::make_shared<State>();
  for (const std::uint64_t bit : {1, 2}) {
    run.thread(bit == 1 ? "a" : "b", [=] {
      state->members.fetch_and(~bit);
      if (state->members.load() == 0) ++state->removed;
    });
  }
  run.finally([=] { check(state->removed == 1, "removed never or twice"); });
}

}  // namespace

TEST_CASE("member word: the last to leave closes, and nobody joins what is closed") {
  expect_right(last_and_next);
  expect_right(replacing);
}

TEST_CASE("member word: a seeded bug is found") {
  expect_caught(looking_back, "removed never or twice", {.memory = Memory::sequential});
}
