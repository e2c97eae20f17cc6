// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "checker/expect.hpp"
#include "checker/value.hpp"
#include "cogway/bus/channel_bell.hpp"
#include "cogway/bus/channel_ring.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Step = ChannelRing<Atom>::Step;

constexpr std::uint32_t kSlots = 2;

std::uint64_t weigh(std::uint32_t size) noexcept { return size; }

/// A ring of two slots with messages of one number, which are their size as well.
struct Channel {
  struct Slot {
    Atom<std::uint64_t> word{0};
    Atom<std::uint64_t> message{0};
  };
  explicit Channel(std::uint32_t capacity = kSlots, std::uint64_t most = 0, bool alone = false)
      : ring(ends, reinterpret_cast<std::byte*>(slots),
             {.slots = kSlots,
              .stride = sizeof(Slot),
              .capacity = capacity,
              .most_weight = most,
              .one_sender = alone,
              .weight = weigh}) {}
  static Slot& slot_of(const ChannelRing<Atom>::Place& place) {
    return *reinterpret_cast<Slot*>(place.message - sizeof(Atom<std::uint64_t>));
  }

  Step send(std::uint32_t who, std::uint32_t number) {
    ChannelRing<Atom>::Place place;
    if (const Step step = ring.claim(who, number, &place); step != Step::yes) return step;
    slot_of(place).message.store(number, std::memory_order_relaxed);
    return ring.publish(place, number);
  }
  Step receive(std::uint32_t* number) {
    for (;;) {
      ChannelRing<Atom>::Place place;
      if (const Step step = ring.peek(&place); step != Step::yes) return step;
      const std::uint64_t copy = slot_of(place).message.load(std::memory_order_relaxed);
      if (!ring.take(place)) continue;
      check(copy == place.size(), "torn");
      *number = static_cast<std::uint32_t>(copy);
      return Step::yes;
    }
  }
  /// What is left, in its order.
  std::vector<std::uint32_t> rest() {
    std::vector<std::uint32_t> all;
    std::uint32_t number = 0;
    while (receive(&number) == Step::yes) all.push_back(number);
    return all;
  }

  ChannelEnds<Atom> ends;
  Slot slots[kSlots];
  ChannelRing<Atom> ring;
};

/// Two senders, one of them wrapping the ring, and a receiver that empties it.
void hand_over(Execution& run) {
  auto channel = std::make_shared<Channel>();
  run.thread("a", [=] {
    for (std::uint32_t i = 1; i <= 2; ++i) {
      while (channel->send(0, i) != Step::yes) model::yield();
    }
  });
  run.thread("b", [=] {
    while (channel->send(1, 10) != Step::yes) model::yield();
  });
  run.thread("receiver", [=] {
    std::uint32_t sum = 0;
    std::uint32_t last = 0;
    for (int got = 0; got < 3;) {
      std::uint32_t number = 0;
      if (channel->receive(&number) != Step::yes) {
        model::yield();
        continue;
      }
      ++got;
      sum += number;
      if (number < 10) check(number > last, "one sender's messages out of order");
      if (number < 10) last = number;
    }
    check(sum == 13, "lost or doubled");
  });
  run.finally([=] { check(channel->ring.size() == 0, "something is left"); });
}

/// Two receivers fight for what one sender sends; slots are used again.
template <bool alone>
void fight(Execution& run) {
  struct State {
    Channel channel{kSlots, 0, alone};
    std::uint32_t sum = 0;
    std::uint32_t sent = 0;
  };
  auto state = std::make_shared<State>();
  for (const char* name : {"x", "y"}) {
    run.thread(name, [=] {
      for (int turn = 0; turn < 2; ++turn) {
        std::uint32_t number = 0;
        if (state->channel.receive(&number) == Step::yes) state->sum += number;
      }
    });
  }
  run.thread("sender", [=] {
    for (std::uint32_t i = 1; i <= 4; i *= 2) {
      if (state->channel.send(0, i) == Step::yes) state->sent += i;
    }
  });
  run.finally([=] {
    for (const std::uint32_t number : state->channel.rest()) state->sum += number;
    check(state->sum == state->sent, "lost or doubled");
  });
}

/// Neither messages nor weight ever exceed what is allowed, and what is counted out was counted in.
void bounds(Execution& run) {
  struct State {
    Channel channel{1, 10};
    Atom<std::uint32_t> inside{0};
    std::uint32_t sent = 0;
    std::uint32_t got = 0;
  };
  auto state = std::make_shared<State>();
  for (const std::uint32_t who : {0U, 1U}) {
    run.thread(who == 0 ? "a" : "b", [=] {
      for (std::uint32_t i = 0; i < 2; ++i) {
        if (state->channel.send(who, 6) != Step::yes) continue;
        state->sent += 6;
      }
    });
  }
  run.thread("receiver", [=] {
    for (int i = 0; i < 2; ++i) {
      std::uint32_t number = 0;
      if (state->channel.receive(&number) == Step::yes) state->got += number;
    }
  });
  run.finally([=] {
    check(state->sent - state->got <= 6, "more than one inside");
    const bool empty = state->channel.rest().size() * 6 == state->sent - state->got;
    check(empty, "lost or doubled");
    // All that was weighed in was weighed out: one of the full weight fits again.
    check(state->channel.send(0, 10) == Step::yes, "weight is left behind");
  });
}

/// A sender dies with its slot claimed; another one's message comes out all the same.
void dying(Execution& run) {
  auto channel = std::make_shared<Channel>();
  auto dead = std::make_shared<Atom<std::uint32_t>>(0);
  run.thread("victim", [=] {
    ChannelRing<Atom>::Place place;
    check(channel->ring.claim(0, 1, &place) == Step::yes || true, "");
    dead->store(1);
  });
  run.thread("sender", [=] {
    while (channel->send(1, 5) != Step::yes) model::yield();
  });
  run.thread("receiver", [=] {
    std::uint32_t number = 0;
    for (;;) {
      const Step step = channel->receive(&number);
      if (step == Step::yes) break;
      if (dead->load() == 1) channel->ring.abandon([](std::uint32_t who) { return who == 0; });
      model::yield();
    }
    check(number == 5, "a message of the dead");
  });
  run.finally([=] {
    channel->ring.abandon([](std::uint32_t who) { return who == 0; });
    check(channel->rest().empty(), "a message of the dead");
    check(channel->send(1, 6) == Step::yes && channel->send(1, 7) == Step::yes, "a slot is lost");
  });
}

/// Two reclaim the same dead one while receivers skip its slot.
void burying(Execution& run) {
  auto channel = std::make_shared<Channel>();
  ChannelRing<Atom>::Place place;
  check(channel->ring.claim(0, 1, &place) == Step::yes, "empty at first");
  auto abandoned = std::make_shared<Atom<std::uint32_t>>(0);
  for (const char* name : {"x", "y"}) {
    run.thread(name, [=] {
      abandoned->fetch_add(channel->ring.abandon([](std::uint32_t who) { return who == 0; }));
      std::uint32_t number = 0;
      (void)channel->receive(&number);
    });
  }
  run.thread("sender", [=] { check(channel->send(1, 5) == Step::yes, "no room for the second"); });
  run.finally([=] {
    check(abandoned->load() == 1, "abandoned never or twice");
    channel->rest();
    check(channel->send(1, 6) == Step::yes && channel->send(1, 7) == Step::yes, "a slot is lost");
  });
}

/// A close beside a send: what was sent comes out, and whoever saw the end has seen all.
template <bool alone>
void closing(Execution& run) {
  struct State {
    Channel channel{kSlots, 0, alone};
    int sent = 0;
    int got = 0;
    bool over = false;
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] {
    for (std::uint32_t i = 1; i <= 2; ++i) {
      if (state->channel.send(0, i) == Step::yes) ++state->sent;
    }
  });
  run.thread("closer", [=] { state->channel.ring.close(); });
  run.thread("receiver", [=] {
    std::uint32_t number = 0;
    for (;;) {
      const Step step = state->channel.receive(&number);
      if (step == Step::closed) break;
      if (step == Step::yes) {
        ++state->got;
      } else {
        model::yield();
      }
    }
  });
  run.finally([=] {
    check(state->got == state->sent, "sent, and never came out");
    check(state->channel.send(1, 3) == Step::closed, "sent into what is closed");
  });
}

/// Either the sender sees the waiter, or the waiter sees the message.
void waiting(Execution& run) {
  struct State {
    Channel channel;
    ChannelBell<Atom> bell;
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] {
    check(state->channel.send(0, 1) == Step::yes, "empty at first");
    if (state->bell.pick() != ChannelBell<Atom>::kNobody) {
      Parking<Atom>::unpark(state->bell.word(), 2);
    }
  });
  run.thread("waiter", [=] {
    std::uint32_t number = 0;
    for (;;) {
      state->bell.announce(3);
      const std::uint32_t turn = state->bell.turn();
      if (state->channel.receive(&number) == Step::yes) return;
      Parking<Atom>::park(state->bell.word(), turn, kNever);
    }
  });
}

/// Two waiters and two messages: each of them gets one.
void two_waiting(Execution& run) {
  struct State {
    Channel channel;
    ChannelBell<Atom> bell;
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] {
    for (std::uint32_t i = 1; i <= 2; ++i) {
      check(state->channel.send(0, i) == Step::yes, "room for two");
      if (state->bell.pick() != ChannelBell<Atom>::kNobody) {
        Parking<Atom>::unpark(state->bell.word(), 2);  // no kinds here: a wake in vain for one
      }
    }
  });
  for (const std::uint32_t who : {3U, 4U}) {
    run.thread(who == 3 ? "x" : "y", [=] {
      std::uint32_t number = 0;
      for (;;) {
        state->bell.announce(who);
        const std::uint32_t turn = state->bell.turn();
        if (state->channel.receive(&number) == Step::yes) return;
        Parking<Atom>::park(state->bell.word(), turn, kNever);
      }
    });
  }
}

// ---- seeded bugs --------------------------------------------------------------------------------

/// The message is written after it was published.
void written_late(Execution& run) {
  auto channel = std::make_shared<Channel>();
  run.thread("sender", [=] {
    ChannelRing<Atom>::Place place;
    if (channel->ring.claim(0, 1, &place) != Step::yes) return;
    (void)channel->ring.publish(place, 1);
    Channel::slot_of(place).message.store(1, std::memory_order_relaxed);
  });
  run.thread("receiver", [=] {
    std::uint32_t number = 0;
    (void)channel->receive(&number);
  });
}

/// The message is copied after the slot was given back.
void copied_late(Execution& run) {
  auto channel = std::make_shared<Channel>();
  check(channel->send(0, 1) == Step::yes && channel->send(0, 2) == Step::yes, "room for two");
  run.thread("receiver", [=] {
    ChannelRing<Atom>::Place place;
    if (channel->ring.peek(&place) != Step::yes || !channel->ring.take(place)) return;
    check(Channel::slot_of(place).message.load(std::memory_order_relaxed) == 1, "torn");
  });
  run.thread("sender", [=] { (void)channel->send(0, 3); });
}

/// A slot is given up that its living sender publishes.
void abandoned_alive(Execution& run) {
  auto channel = std::make_shared<Channel>();
  run.thread("sender", [=] { check(channel->send(0, 1) == Step::yes, "lost its slot"); });
  run.thread("reclaimer", [=] { channel->ring.abandon([](std::uint32_t) { return true; }); });
}

/// The waiter reads the turn after it has looked.
void announced_late(Execution& run) {
  struct State {
    Channel channel;
    ChannelBell<Atom> bell;
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] {
    (void)state->channel.send(0, 1);
    if (state->bell.pick() != ChannelBell<Atom>::kNobody) {
      Parking<Atom>::unpark(state->bell.word(), 2);
    }
  });
  run.thread("waiter", [=] {
    std::uint32_t number = 0;
    while (state->channel.receive(&number) != Step::yes) {
      state->bell.announce(3);
      Parking<Atom>::park(state->bell.word(), state->bell.turn(), kNever);
    }
  });
}

/// Either the sender calls the loop, or the loop sees the message.
void loop_waiting(Execution& run) {
  struct State {
    Channel channel;
    ChannelBell<Atom> bell;
    Atom<std::uint32_t> called{0};  // the descriptor
  };
  auto state = std::make_shared<State>();
  run.thread("sender", [=] {
    for (std::uint32_t i = 1; i <= 2; ++i) {
      check(state->channel.send(0, i) == Step::yes, "room for two");
      if (state->bell.pick_loop() != ChannelBell<Atom>::kNobody) {
        state->called.fetch_add(1);
        Parking<Atom>::unpark(state->called, 1);
      }
    }
  });
  run.thread("loop", [=] {
    std::uint32_t number = 0;
    for (std::uint32_t got = 0; got < 2;) {
      const std::uint32_t turn = state->called.load();
      state->bell.announce_loop(3);
      if (state->channel.receive(&number) == Step::yes) {
        ++got;
      } else {
        Parking<Atom>::park(state->called, turn, kNever);
      }
    }
  });
}

constexpr Options kTwo{.executions = 30'000, .preemptions = 2};

}  // namespace

TEST_CASE("channel ring: what is sent is received once, and in order") {
  expect_right(hand_over, kTwo, false);
  expect_right(fight<false>, kTwo, false);
  expect_right(fight<true>, kTwo, false);
}

TEST_CASE("channel ring: bounds are kept") { expect_right(bounds, kTwo, false); }

TEST_CASE("channel ring: the dead hide nothing for long") {
  expect_right(dying, kTwo, false);
  expect_right(burying, kTwo, false);
}

TEST_CASE("channel ring: what was sent before the end comes out before it") {
  expect_right(closing<false>, kTwo, false);
  expect_right(closing<true>, kTwo, false);
}

TEST_CASE("channel bell: nobody sleeps while there is something for it") {
  expect_right(waiting, kTwo, false);
  expect_right(two_waiting, kTwo, false);
  expect_right(loop_waiting, kTwo, false);
}

TEST_CASE("channel ring: seeded bugs are found") {
  expect_caught(written_late, "torn");
  expect_caught(copied_late, "torn");
  expect_caught(abandoned_alive, "lost its slot");
  expect_caught(announced_late, "deadlock");
}
