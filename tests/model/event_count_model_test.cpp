// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/event_count.hpp"
#include "cogway/sync/flag.hpp"
#include "mutants.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// Things to take: published with release, taken with an exchange, as the rings do it.
struct Box {
  EventCount<Atom> event;
  Atom<int> things{0};
  Value note;

  bool take() {
    int seen = things.load(std::memory_order_acquire);
    while (seen > 0) {
      if (things.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire)) return true;
    }
    return false;
  }
};

/// Each consumer takes one thing and is gone: a wake-up that goes to nobody leaves one asleep for
/// ever.
void one_each(Execution& run) {
  auto box = std::make_shared<Box>();
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] { box->event.wait([&] { return box->take(); }); });
  }
  for (const char* name : {"p1", "p2"}) {
    run.thread(name, [=] {
      box->things.fetch_add(1, std::memory_order_release);
      box->event.notify_one();
    });
  }
  run.finally([=] {
    const EventCountStatistics left = box->event.statistics();
    check(left.sleepers == 0 && left.searchers == 0, "a registration was left behind");
  });
}

/// The same, asking before it wakes anybody: nobody is woken in vain, and nobody forgotten.
void one_each_asking(Execution& run) {
  auto box = std::make_shared<Box>();
  const auto more = [=] { return box->things.load(std::memory_order_relaxed) > 0; };
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] { box->event.wait([&] { return box->take(); }, kNever, more); });
  }
  for (const char* name : {"p1", "p2"}) {
    run.thread(name, [=] {
      box->things.fetch_add(1, std::memory_order_release);
      box->event.notify_one(more);
    });
  }
}

/// The weakest publication there is: a release store. The event count alone must order the rest.
void plain_store(Execution& run) {
  auto box = std::make_shared<Box>();
  run.thread("consumer", [=] {
    box->event.wait([&] { return box->things.load(std::memory_order_relaxed) == 1; });
  });
  run.thread("producer", [=] {
    box->things.store(1, std::memory_order_relaxed);
    box->event.notify_one();
  });
}

/// What comes before a notification is seen by whoever it wakes: no order in the condition at all.
void publishing(Execution& run) {
  auto box = std::make_shared<Box>();
  run.thread("consumer", [=] {
    box->event.prepare_wait();
    if (box->things.load(std::memory_order_relaxed) == 1) {
      box->event.cancel_wait();
    } else {
      box->event.commit_wait();
      check(box->note.id() == 5, "woken before the note");
    }
  });
  run.thread("producer", [=] {
    box->note = Value(5);
    box->things.store(1, std::memory_order_relaxed);
    box->event.notify_one();
  });
}

/// One gives up at a deadline; the thing must not be lost with it.
void giving_up(Execution& run) {
  auto box = std::make_shared<Box>();
  run.thread("hasty", [=] {
    // A thing that it takes it gives to the other.
    if (box->event.wait([&] { return box->take(); }, TimePoint{})) {
      box->things.fetch_add(1, std::memory_order_release);
      box->event.notify_one();
    }
  });
  run.thread("patient", [=] { box->event.wait([&] { return box->take(); }); });
  run.thread("producer", [=] {
    box->things.fetch_add(1, std::memory_order_release);
    box->event.notify_one();
  });
  run.finally([=] { check(box->event.statistics().sleepers == 0, "a registration was left"); });
}

void everybody(Execution& run) {
  auto box = std::make_shared<Box>();
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] {
      box->event.wait([&] { return box->things.load(std::memory_order_relaxed) == 1; });
    });
  }
  run.thread("producer", [=] {
    box->things.store(1, std::memory_order_relaxed);
    box->event.notify_all();
  });
}

void several_at_once(Execution& run) {
  auto box = std::make_shared<Box>();
  for (const char* name : {"c1", "c2"}) {
    run.thread(name, [=] { box->event.wait([&] { return box->take(); }); });
  }
  run.thread("producer", [=] {
    box->things.fetch_add(2, std::memory_order_release);
    box->event.notify(2);
  });
}

/// By hand and wrong: asleep without a second look.
void no_second_look(Execution& run) {
  auto box = std::make_shared<Box>();
  run.thread("consumer", [=] {
    if (box->take()) return;
    box->event.prepare_wait();
    box->event.commit_wait();
  });
  run.thread("producer", [=] {
    box->things.fetch_add(1, std::memory_order_release);
    box->event.notify_one();
  });
}

/// By hand and wrong: notified before the change.
void notified_too_early(Execution& run) {
  auto box = std::make_shared<Box>();
  run.thread("consumer", [=] { box->event.wait([&] { return box->take(); }); });
  run.thread("producer", [=] {
    box->event.notify_one();
    box->things.fetch_add(1, std::memory_order_release);
  });
}

/// The notifier that only looks loses a wake-up as soon as stores may be late.
void looking_notifier(Execution& run) {
  struct Shared {
    mutants::LookingEventCount<Atom> event;
    Atom<int> things{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("consumer", [=] {
    const std::uint32_t key = shared->event.prepare_wait();
    if (shared->things.load() == 1) {
      shared->event.cancel_wait();
    } else {
      shared->event.commit_wait(key);
    }
  });
  run.thread("producer", [=] {
    shared->things.store(1, std::memory_order_release);
    shared->event.notify_all();
  });
}

void flag(Execution& run) {
  struct Shared {
    Flag<Atom> flag;
    Value note;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("setter", [=] {
    shared->note = Value(5);
    check(shared->flag.set(), "somebody else set it");
  });
  for (const char* name : {"w1", "w2"}) {
    run.thread(name, [=] {
      check(shared->flag.wait(), "there is no deadline");
      check(shared->note.id() == 5, "set, but the note is not seen");
    });
  }
}
void flag_looked_at(Execution& run) {
  struct Shared {
    Flag<Atom> flag;
    Value note;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("setter", [=] {
    shared->note = Value(5);
    shared->flag.set();
  });
  run.thread("looker", [=] {
    if (shared->flag.is_set() || shared->flag.wait(TimePoint{})) {
      check(shared->note.id() == 5, "set, but the note is not seen");
    }
  });
}

}  // namespace

TEST_CASE("event count: no wake-up is lost, no registration left behind") {
  expect_right(one_each, {.preemptions = 1, .delays = 0, .troubles = 0});
  expect_right(one_each_asking, {.preemptions = 1, .delays = 0, .troubles = 0});
  expect_right(plain_store);
  expect_right(publishing);
  expect_right(everybody, {.preemptions = 2, .delays = 1});
  expect_right(several_at_once, {.preemptions = 2, .delays = 1, .troubles = 0});
}

TEST_CASE("event count: a deadline loses nothing") {
  expect_right(giving_up, {.preemptions = 1, .delays = 0});
}

TEST_CASE("event count: using it wrongly is found") {
  expect_caught(no_second_look, "deadlock", {.memory = Memory::sequential});
  expect_caught(notified_too_early, "deadlock", {.memory = Memory::sequential});
}

TEST_CASE("event count: a notifier that only looks is right on paper and wrong on x86") {
  CHECK_FALSE(explore({.memory = Memory::sequential}, looking_notifier).failed);
  expect_caught(looking_notifier, "deadlock", {.memory = Memory::store_buffer});
  expect_caught(looking_notifier, "deadlock", {.memory = Memory::views});
}

TEST_CASE("event count: the orders that carry the proof are needed") {
  // Each step both publishes and sees; with one half gone, somebody sleeps through a notification
  // or wakes without what it was woken for.
  const std::vector<Mutant> mutants =
      mutate_orders({.executions = 2000, .preemptions = 1, .delays = 1},
                    {plain_store, publishing, everybody}, "event_count.hpp");
  const auto caught = std::count_if(mutants.begin(), mutants.end(),
                                    [](const Mutant& mutant) { return mutant.caught; });
  CHECK(caught >= 5);
}

TEST_CASE("flag: set once, seen by all, with what came before") {
  expect_right(flag, {.delays = 1});
  expect_right(flag_looked_at);
  expect_every_order_needed({flag, flag_looked_at}, "flag.hpp", 3);
}
