// SPDX-License-Identifier: Apache-2.0
// The bytes of a bus and those who wait for them: nobody sleeps beside bytes that are free.
#include <memory>

#include "bus/byte_budget.hpp"
#include "checker/expect.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

enum class Fault : std::uint8_t {
  none,
  no_second_look,  ///< who announced itself sleeps without another try
  early_notice,    ///< who frees looks for waiters before it gives the bytes back
  late_key,        ///< the word to sleep on is read after the try
};

/// Bus::lease_within() and give_bytes(), with the counts of FreedHooks.
template <Fault fault>
struct Bytes {
  static constexpr std::uint64_t kCapacity = 2;
  cogway::detail::ByteBudget<Atom> budget;
  Atom<std::uint32_t> waiters{0};
  Atom<std::uint32_t> freed{0};
  Atom<int> inside{0};

  bool take(std::uint64_t bytes) {
    if (!budget.take(bytes, kCapacity)) return false;
    const int all = inside.fetch_add(static_cast<int>(bytes)) + static_cast<int>(bytes);
    check(all <= static_cast<int>(kCapacity), "more taken than there is");
    return true;
  }
  void give(std::uint64_t bytes) {
    inside.fetch_sub(static_cast<int>(bytes));
    const bool noticed = fault == Fault::early_notice && waiters.load() == 0;
    budget.give(bytes);
    if (noticed || waiters.load() == 0) return;
    freed.fetch_add(1);
    Parking<Atom>::unpark(freed, 9);
  }
  void take_waiting(std::uint64_t bytes) {
    for (bool announced = false;;) {
      std::uint32_t seen = freed.load();
      if (take(bytes)) {
        if (announced) waiters.fetch_sub(1);
        return;
      }
      if (fault == Fault::late_key) seen = freed.load();
      if (!announced) {
        announced = true;
        waiters.fetch_add(1);
        if (fault != Fault::no_second_look) continue;
      }
      Parking<Atom>::park(freed, seen, kNever);
    }
  }
};

/// All is taken; one frees, one waits for all of it.
template <Fault fault = Fault::none>
void waiting(Execution& run) {
  auto bytes = std::make_shared<Bytes<fault>>();
  check(bytes->take(2), "refused");
  run.thread("holder", [=] { bytes->give(2); });
  run.thread("waiter", [=] {
    bytes->take_waiting(2);
    bytes->give(2);
  });
  run.finally([=] {
    check(bytes->budget.used() == 0, "bytes are lost");
    check(bytes->budget.peak() == 2, "a peak that never was");
  });
}

/// Two wait for what a third gives back, and then for each other.
template <Fault fault = Fault::none>
void two_waiting(Execution& run) {
  auto bytes = std::make_shared<Bytes<fault>>();
  check(bytes->take(1), "refused");
  run.thread("holder", [=] { bytes->give(1); });
  for (const char* name : {"w1", "w2"}) {
    run.thread(name, [=] {
      bytes->take_waiting(2);
      bytes->give(2);
    });
  }
}

}  // namespace

TEST_CASE("byte budget: never more than there is, nobody sleeps beside what is free") {
  expect_right(waiting<>, {.delays = 1, .troubles = 0});
  expect_right(two_waiting<>, {.executions = 20'000, .preemptions = 2, .delays = 1, .troubles = 0},
               false);
}

TEST_CASE("byte budget: a step left out or done too early is found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(waiting<Fault::no_second_look>, "deadlock", bounds);
  expect_caught(waiting<Fault::early_notice>, "deadlock", bounds);
  expect_caught(waiting<Fault::late_key>, "deadlock", bounds);
}

TEST_CASE("byte budget: every memory order is needed") {
  expect_every_order_needed({waiting<>, two_waiting<>}, "byte_budget.hpp", 2,
                            {.executions = 60'000, .preemptions = 2, .troubles = 0});
}
