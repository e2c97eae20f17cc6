// SPDX-License-Identifier: Apache-2.0
// The subscribers of FreedHooks: who unsubscribes may destroy what its function uses.
#include <memory>

#include "bus/call_gate.hpp"
#include "checker/expect.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// What a subscription is: a function's argument, and a gate before the function.
template <typename Gate>
struct Shared {
  Gate gate;
  Value argument{0};
  Atom<int> calls{0};

  void call() {
    gate.run([this] {
      check(argument.id() == 7, "called without a subscription");
      calls.fetch_add(1);
    });
  }
};

/// Two threads free bytes while the subscriber leaves.
template <typename Gate>
void stopping(Execution& run) {
  auto shared = std::make_shared<Shared<Gate>>();
  shared->argument = Value(7);
  shared->gate.open();
  for (const char* name : {"freer 1", "freer 2"}) {
    run.thread(name, [=] { shared->call(); });
  }
  run.thread("subscriber", [=] {
    shared->gate.stop();
    shared->argument = Value(9);
  });
}

/// The slot is used again by the next subscriber.
template <typename Gate>
void used_again(Execution& run) {
  auto shared = std::make_shared<Shared<Gate>>();
  shared->argument = Value(7);
  shared->gate.open();
  run.thread("freer", [=] {
    shared->call();
    shared->call();
  });
  run.thread("subscriber", [=] {
    shared->gate.stop();
    shared->argument = Value(9);
    shared->argument = Value(7);
    shared->gate.open();
  });
  run.finally([=] {
    const int before = shared->calls.load();
    shared->call();
    check(shared->calls.load() == before + 1, "a subscriber is not called");
  });
}

using Gate = cogway::detail::CallGate<Atom>;

/// Looks whether it is open before it is counted as inside.
struct LookingGate {
  static constexpr std::uint32_t kOpen = 1U << 31;
  Atom<std::uint32_t> word{0};
  void open() { word.fetch_or(kOpen); }
  void stop() {
    word.fetch_and(~kOpen);
    while (word.load() != 0) model::yield();
  }
  template <typename Function>
  void run(Function&& function) {
    if ((word.load() & kOpen) == 0) return;
    word.fetch_add(1);
    function();
    word.fetch_sub(1);
  }
};

/// Stops newcomers, and does not wait for those inside.
struct HastyGate : LookingGate {
  void stop() { word.fetch_and(~kOpen); }
  template <typename Function>
  void run(Function&& function) {
    if ((word.fetch_add(1) & kOpen) != 0) function();
    word.fetch_sub(1);
  }
};

/// Wakes whoever stops it only if it was called itself, not when it only passed by.
struct ForgetfulGate {
  Atom<std::uint32_t> word{0};
  static constexpr std::uint32_t kOpen = 1U << 31;
  void open() { word.fetch_or(kOpen); }
  void stop() {
    word.fetch_and(~kOpen);
    for (std::uint32_t seen = word.load(); seen != 0; seen = word.load()) {
      Parking<Atom>::park(word, seen, kNever);
    }
  }
  template <typename Function>
  void run(Function&& function) {
    if ((word.fetch_add(1) & kOpen) == 0) {
      word.fetch_sub(1);
      return;
    }
    function();
    if (word.fetch_sub(1) == 1) Parking<Atom>::unpark(word, 1);
  }
};

}  // namespace

TEST_CASE("call gate: nobody is inside after it was stopped") {
  expect_right(stopping<Gate>, {.delays = 1});
  expect_right(used_again<Gate>, {.delays = 1});
}

TEST_CASE("call gate: seeded bugs are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(stopping<LookingGate>, "", bounds);
  expect_caught(stopping<HastyGate>, "", bounds);
  expect_caught(stopping<ForgetfulGate>, "deadlock", bounds);
}
