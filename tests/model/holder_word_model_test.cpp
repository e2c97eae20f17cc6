// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/hint_word.hpp"
#include "cogway/bus/holder_word.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Left = HolderWord<Atom>::Left;

/// A block of a bus with its hint, as SharedPool keeps them.
struct Block {
  HolderWord<Atom> holders;
  HintWord<Atom> hints;
  Atom<std::uint32_t> waiters{0};
  Atom<std::uint32_t> woken{0};
  Value payload{1};
  int freed = 0;

  void leave(std::uint32_t participant) {
    if (holders.leave(participant) != Left::freed) return;
    ++freed;
    hints.set(0);
    if (waiters.load() != 0) woken.store(1);
  }
  bool take(std::uint32_t participant) {
    return hints.take() == 0 && holders.try_claim(participant);
  }
};

/// Two processes want the one free block; whoever has it writes.
void claiming(Execution& run) {
  auto block = std::make_shared<Block>();
  block->hints.set(0);
  for (const std::uint32_t me : {0U, 1U}) {
    run.thread(me == 0 ? "a" : "b", [=] {
      if (!block->take(me)) return;
      block->payload = Value(static_cast<int>(2 + me));
      block->leave(me);
    });
  }
  run.finally([=] {
    check(block->holders.holders() == 0, "held by nobody that lives");
    check(!block->hints.empty(), "free without a hint");
    check(block->freed >= 1, "never had");
  });
}

/// A receives a handle while its sender lets go, and a third wants the block for something new.
void joining(Execution& run) {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(0), "free at first");
  const std::uint32_t generation = block->holders.generation();
  run.thread("sender", [=] {
    check(block->payload.id() == 1, "overwritten while held");
    block->leave(0);
  });
  run.thread("receiver", [=] {
    if (!block->holders.try_join(1, generation)) return;
    check(block->payload.id() == 1, "attached the next life of the block");
    block->leave(1);
  });
  run.thread("lessee", [=] {
    if (!block->take(2)) return;
    block->payload = Value(2);
    block->leave(2);
  });
  run.finally([=] {
    check(block->holders.holders() == 0, "held by nobody that lives");
    check(!block->hints.empty(), "free without a hint");
  });
}

/// One participant is dead: two others reclaim it one after the other would do, but here the dead
/// one's bit is taken while a living holder leaves.
void reclaiming(Execution& run) {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(0), "free at first");
  check(block->holders.try_join(1, block->holders.generation()), "held");
  run.thread("reclaimer of 0", [=] { block->leave(0); });
  run.thread("holder", [=] {
    check(block->payload.id() == 1, "overwritten while held");
    block->leave(1);
  });
  run.thread("lessee", [=] {
    if (!block->take(2)) return;
    block->payload = Value(2);
    check(block->holders.leave(2) == Left::freed, "its own");
    block->hints.set(0);
  });
  run.finally([=] { check(block->freed == 1, "freed never or twice"); });
}

/// A process was killed with the hint in its hands: it is set again while others use the block.
void renewing(Execution& run) {
  auto block = std::make_shared<Block>();
  run.thread("reclaimer", [=] {
    if (block->holders.holders() == 0) block->hints.set(0);
  });
  for (const std::uint32_t me : {0U, 1U}) {
    run.thread(me == 0 ? "a" : "b", [=] {
      if (!block->take(me)) return;
      block->payload = Value(static_cast<int>(2 + me));
      block->leave(me);
    });
  }
  run.finally([=] { check(!block->hints.empty(), "free without a hint"); });
}

/// Either who frees sees the waiter, or the waiter sees the hint.
void waiting(Execution& run) {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(0), "free at first");
  auto got = std::make_shared<bool>(false);
  run.thread("holder", [=] { block->leave(0); });
  run.thread("waiter", [=] {
    block->waiters.fetch_or(1);
    *got = block->take(1);
  });
  run.finally([=] { check(*got || block->woken.load() == 1, "asleep for ever"); });
}

/// A sender leaves with a handle on its way; a third wants the block.
void bequeathing(Execution& run) {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(0), "free at first");
  const std::uint32_t generation = block->holders.generation();
  run.thread("sender", [=] {
    block->holders.bequeath();
    block->leave(0);
  });
  run.thread("receiver", [=] {
    check(block->holders.try_join(1, generation), "lost on its way");
    check(block->payload.id() == 1, "overwritten on its way");
    block->holders.settle();
    block->leave(1);
  });
  run.thread("lessee", [=] {
    if (!block->take(2)) return;
    block->payload = Value(2);
    block->leave(2);
  });
  run.finally([=] {
    // Attached before it was bequeathed: it stays until somebody gives up on it.
    if (block->holders.disinherit() == Left::freed) block->hints.set(0);
    check(!block->holders.held(), "held by nobody that lives");
    check(!block->hints.empty(), "free without a hint");
  });
}

/// A wrong word: looking and joining are two steps, and no generation is compared.
template <template <typename> class A>
struct LookingWord {
  A<std::uint64_t> word{1};
  bool try_join(std::uint64_t bit) {
    if (word.load() == 0) return false;
    word.fetch_or(bit);
    return true;
  }
  bool leave(std::uint64_t bit) { return word.fetch_and(~bit) == bit; }
  bool try_claim(std::uint64_t bit) {
    std::uint64_t nobody = 0;
    return word.compare_exchange_strong(nobody, bit);
  }
};

void looking(Execution& run) {
  struct State {
    LookingWord<Atom> word;
    Value payload{1};
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] { state->word.leave(1); });
  run.thread("receiver", [=] {
    if (state->word.try_join(2)) check(state->payload.id() == 1, "attached the next life");
  });
  run.thread("lessee", [=] {
    if (state->word.try_claim(4)) state->payload = Value(2);
  });
}

/// A wrong order of freeing: offered before it was left.
void offered_early(Execution& run) {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(0), "free at first");
  run.thread("holder", [=] {
    block->hints.set(0);
    block->holders.leave(0);
  });
  run.thread("lessee", [=] {
    if (block->take(1)) {
      block->holders.leave(1);
      block->hints.set(0);
    }
  });
  run.finally([=] { check(!block->hints.empty(), "free without a hint"); });
}

}  // namespace

TEST_CASE("holder word: a block is held, or free and hinted at, whoever does what") {
  expect_right(claiming);
  expect_right(joining, {.preemptions = 2}, false);
  expect_right(reclaiming, {.preemptions = 2}, false);
  expect_right(renewing, {.preemptions = 2}, false);
  expect_right(bequeathing, {.preemptions = 2}, false);
  expect_right(waiting);
}

TEST_CASE("holder word: seeded bugs are found") {
  expect_caught(looking, "", {.memory = Memory::views});
  expect_caught(offered_early, "free without a hint", {.memory = Memory::sequential});
}

TEST_CASE("holder word: every memory order is needed") {
  expect_every_order_needed({claiming, joining, reclaiming}, "holder_word.hpp", 2);
  expect_every_order_needed({claiming, renewing, waiting}, "hint_word.hpp", 2);
}
