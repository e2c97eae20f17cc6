// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/buffer_state.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

struct Shared {
  StateWord<Atom> state;
  Value payload{1};
};

std::shared_ptr<Shared> leased() {
  auto shared = std::make_shared<Shared>();
  shared->state.begin_lease();
  return shared;
}

/// A frozen buffer is immutable: an export that succeeded writes before the freeze, or not at all.
void freeze_against_export(Execution& run) {
  auto shared = leased();
  run.thread("writer", [=] {
    if (!shared->state.try_export()) return;
    shared->payload = Value(2);
    shared->state.end_export();
  });
  run.thread("freezer", [=] {
    if (!shared->state.try_freeze()) return;
    const int seen = shared->payload.id();
    check(seen == 1 || seen == 2, "half a value");
    check(!shared->state.try_export(), "a frozen buffer was exported");
  });
}

/// Who sees the new state sees the content.
void freeze_publishes(Execution& run) {
  auto shared = leased();
  run.thread("writer", [=] {
    shared->payload = Value(2);
    check(shared->state.try_freeze(), "nobody exports");
  });
  run.thread("reader", [=] {
    if (shared->state.state() == BufferState::frozen) {
      check(shared->payload.id() == 2, "frozen, but old");
    }
  });
}

/// Who sees a lease sees its description.
void lease_publishes(Execution& run) {
  auto shared = std::make_shared<Shared>();
  run.thread("lessee", [=] {
    shared->payload = Value(2);
    shared->state.begin_lease();
  });
  run.thread("observer", [=] {
    if (shared->state.state() == BufferState::leased) {
      check(shared->payload.id() == 2, "leased, but undescribed");
    }
  });
}

/// A transferred buffer has one writer at a time, and the second sees what the first wrote.
void exclusive(Execution& run) {
  auto shared = leased();
  check(shared->state.try_transfer(BufferState::leased), "nobody exports");
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      if (!shared->state.try_export()) return;
      shared->payload = Value(shared->payload.id() + 1);
      shared->state.end_export();
    });
  }
}

/// freeze and transfer: one of them.
void freeze_against_transfer(Execution& run) {
  struct Outcome {
    std::shared_ptr<Shared> shared = leased();
    bool frozen = false;
    bool transferred = false;
  };
  auto outcome = std::make_shared<Outcome>();
  run.thread("freezer", [=] { outcome->frozen = outcome->shared->state.try_freeze(); });
  run.thread("giver", [=] {
    outcome->transferred = outcome->shared->state.try_transfer(BufferState::leased);
    if (outcome->transferred) outcome->shared->payload = Value(2);
  });
  run.finally([=] { check(outcome->frozen != outcome->transferred, "both or neither"); });
}

/// Wrong: the state and the exports are two words, and freeze() looks before it leaps.
template <template <typename> class A>
class TwoWords {
 public:
  bool try_export() {
    if (frozen_.load() != 0) return false;
    exports_.fetch_add(1);
    return true;
  }
  void end_export() { exports_.fetch_sub(1); }
  bool try_freeze() {
    if (exports_.load() != 0) return false;
    frozen_.store(1);
    return true;
  }

 private:
  A<std::uint32_t> frozen_{0};
  A<std::uint32_t> exports_{0};
};

void two_words(Execution& run) {
  struct State {
    TwoWords<Atom> words;
    Value payload{1};
  };
  auto state = std::make_shared<State>();
  run.thread("writer", [=] {
    if (!state->words.try_export()) return;
    state->payload = Value(2);
    state->words.end_export();
  });
  run.thread("freezer", [=] {
    if (state->words.try_freeze()) check(state->payload.id() != 0, "half a value");
  });
}

}  // namespace

TEST_CASE("buffer state: immutable when frozen, exclusive when transferred") {
  expect_right(freeze_against_export);
  expect_right(freeze_publishes);
  expect_right(lease_publishes);
  expect_right(exclusive);
  expect_right(freeze_against_transfer);
}

TEST_CASE("buffer state: two words instead of one are caught") {
  expect_caught(two_words, "", {.memory = Memory::sequential});
}

TEST_CASE("buffer state: every memory order is needed") {
  expect_every_order_needed({freeze_against_export, freeze_publishes, lease_publishes, exclusive,
                             freeze_against_transfer},
                            "buffer_state.hpp", 5);
}
