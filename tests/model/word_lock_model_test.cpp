// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <mutex>

#include "checker/expect.hpp"
#include "cogway/sync/word_lock.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

void exclusion(Execution& run) {
  struct Shared {
    WordLock<Atom> lock;
    Value guarded{0};
  };
  auto shared = std::make_shared<Shared>();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      const std::lock_guard guard(shared->lock);
      shared->guarded = Value(shared->guarded.id() + 1);
    });
  }
  run.finally([=] { check(shared->guarded.id() == 2, "a change was lost"); });
}

void trying(Execution& run) {
  struct Shared {
    WordLock<Atom> lock;
    Value guarded{0};
  };
  auto shared = std::make_shared<Shared>();
  run.thread("locker", [=] {
    const std::lock_guard guard(shared->lock);
    shared->guarded = Value(1);
  });
  run.thread("tryer", [=] {
    if (!shared->lock.try_lock()) return;
    check(shared->guarded.id() <= 1, "torn");
    shared->guarded = Value(2);
    shared->lock.unlock();
  });
}

/// A lock whose sleepers do not say so when they come back: the third sleeps for ever.
struct Forgetful {
  Atom<std::uint32_t> word{0};
  void lock() {
    std::uint32_t seen = 0;
    while (!word.compare_exchange_strong(seen, 1)) {
      if (seen == 2 || word.compare_exchange_strong(seen, 2)) {
        Parking<Atom>::park(word, 2, kNever);
      }
      seen = 0;
    }
  }
  void unlock() {
    if (word.exchange(0) == 2) Parking<Atom>::unpark(word, 1);
  }
};

void forgetful(Execution& run) {
  auto lock = std::make_shared<Forgetful>();
  for (const char* name : {"a", "b", "c"}) {
    run.thread(name, [=] {
      lock->lock();
      lock->unlock();
    });
  }
}

}  // namespace

TEST_CASE("word lock: one at a time, nobody forgotten") {
  expect_right(exclusion, {.preemptions = 2, .delays = 1});
  expect_right(trying);
  expect_every_order_needed({exclusion, trying}, "word_lock.hpp", 2, {.preemptions = 2});
}

TEST_CASE("word lock: a sleeper that forgets the others is found") {
  expect_caught(forgetful, "deadlock", {.memory = Memory::sequential});
}
