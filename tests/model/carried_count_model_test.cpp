// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/carried_count.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Left = HolderWord<Atom>::Left;

constexpr std::uint32_t kSender = 0, kReceiver = 1, kOther = 2, kAuditor = 3;

/// A block with two places that may carry it, as slots of channels.
struct Block {
  HolderWord<Atom> holders;
  CarriedCount<Atom> carried;
  Atom<std::uint32_t> slots[2]{{0}, {0}};
  Atom<std::uint32_t> passing{0};
  Value payload{1};
  int freed = 0;

  void leave(std::uint32_t who) {
    if (holders.leave(who) != Left::freed) return;
    ++freed;
    if (!holders.try_claim(who)) return;
    payload = Value(2);  // whoever reads it after this has lost the race
    (void)holders.leave(who);
  }
  /// By a holder.
  void send(int slot) {
    passing.fetch_add(1);
    carried.add(holders);
    slots[slot].store(1);
    passing.fetch_sub(1);
  }
  /// False: the slot is empty, or somebody was faster.
  bool receive(std::uint32_t who, int slot) {
    if (slots[slot].load() == 0) return false;
    passing.fetch_add(1);
    carried.touch();
    bool got = false;
    if (holders.try_join(who, generation)) {
      got = slots[slot].exchange(0) == 1;
      if (got) carried.remove(holders);
      if (!got) leave(who);
    }
    passing.fetch_sub(1);
    return got;
  }
  [[nodiscard]] std::uint32_t in_slots() const { return slots[0].load() + slots[1].load(); }
  /// False: others are at work.
  template <bool careful = true>
  bool audit() {
    const auto seen = carried.snapshot();
    if (careful && passing.load() != 0) return false;
    const std::uint32_t found = in_slots();
    if (!holders.try_join(kAuditor, generation)) return true;
    const bool settled = carried.settle(seen, found, holders);
    leave(kAuditor);
    return settled;
  }
  void check_end() {
    check(carried.count() == in_slots(), "counted wrong");
    check(holders.carried() == (in_slots() != 0), "held by channels that do not carry it");
    check(freed == (holders.held() ? 0 : 1), "freed never or twice");
  }
  std::uint32_t generation = 0;
};

std::shared_ptr<Block> leased() {
  auto block = std::make_shared<Block>();
  check(block->holders.try_claim(kSender), "free at first");
  block->generation = block->holders.generation();
  return block;
}

/// Sent and let go of; received and let go of.
void moving(Execution& run) {
  auto block = leased();
  run.thread("sender", [=] {
    block->send(0);
    block->leave(kSender);
  });
  run.thread("receiver", [=] {
    if (!block->receive(kReceiver, 0)) return;
    check(block->payload.id() == 1, "freed on its way");
    block->leave(kReceiver);
  });
  run.finally([=] { block->check_end(); });
}

/// One takes the last while another one sends it anew, and a third takes that.
void crossing(Execution& run) {
  auto block = leased();
  block->send(0);
  run.thread("sender", [=] {
    block->send(1);
    block->leave(kSender);
  });
  run.thread("receiver", [=] {
    if (!block->receive(kReceiver, 0)) return;
    check(block->payload.id() == 1, "freed on its way");
    block->leave(kReceiver);
  });
  run.thread("other", [=] {
    if (!block->receive(kOther, 1)) return;
    check(block->payload.id() == 1, "freed on its way");
    block->leave(kOther);
  });
  run.finally([=] { block->check_end(); });
}

/// Two want the same slot.
void fighting(Execution& run) {
  auto block = leased();
  block->send(0);
  block->leave(kSender);
  for (const std::uint32_t who : {kReceiver, kOther}) {
    run.thread(who == kReceiver ? "x" : "y", [=] {
      if (!block->receive(who, 0)) return;
      check(block->payload.id() == 1, "freed on its way");
      block->leave(who);
    });
  }
  run.finally([=] { block->check_end(); });
}

/// A sender died after it had counted one more, and before its slot: the count is put right while
/// another one receives, and sends again.
template <bool careful>
void auditing(Execution& run) {
  auto block = leased();
  block->send(0);
  block->carried.add(block->holders);  // and died
  run.thread("auditor", [=] {
    // As reclaiming does: the dead one's bit goes, and what is carried holds the block.
    block->leave(kSender);
    (void)block->audit<careful>();
  });
  run.thread("receiver", [=] {
    if (!block->receive(kReceiver, 0)) return;
    check(block->payload.id() == 1, "freed on its way");
    block->send(1);
    block->leave(kReceiver);
  });
  run.finally([=] {
    check(block->audit(), "nobody is at work any more");
    block->check_end();
    check(block->in_slots() == 1, "lost on its way");
    check(block->payload.id() == 1, "freed on its way");
  });
}

/// A wrong count: the bit is taken away without another look.
struct Hasty {
  Atom<std::uint32_t> count{0};
  void add(HolderWord<Atom>& holders) {
    count.fetch_add(1);
    holders.carry();
  }
  void remove(HolderWord<Atom>& holders) {
    if (count.fetch_sub(1) == 1) holders.uncarry();
  }
};

void hasty(Execution& run) {
  struct State {
    HolderWord<Atom> holders;
    Hasty carried;
  };
  auto state = std::make_shared<State>();
  check(state->holders.try_claim(kSender), "free at first");
  check(state->holders.try_join(kReceiver, state->holders.generation()), "held");
  state->carried.add(state->holders);
  run.thread("sender", [=] { state->carried.add(state->holders); });
  run.thread("receiver", [=] { state->carried.remove(state->holders); });
  run.finally([=] { check(state->holders.carried(), "carried, and not held"); });
}

}  // namespace

TEST_CASE("carried count: a block is held by channels as long as one carries it") {
  expect_right(moving);
  expect_right(crossing, {.executions = 60'000, .preemptions = 2}, false);
  expect_right(fighting, {.executions = 60'000, .preemptions = 2}, false);
}

TEST_CASE("carried count: counted after a death, beside others at work") {
  expect_right(auditing<true>, {.executions = 60'000, .preemptions = 2}, false);
}

TEST_CASE("carried count: seeded bugs are found") {
  expect_caught(hasty, "carried, and not held");
  expect_caught(auditing<false>, "");
}
