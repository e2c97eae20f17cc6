// SPDX-License-Identifier: Apache-2.0
// The references to a task's record, which is recycled: nobody has it twice, and who asks for a
// life that has ended gets nothing.
#include <memory>

#include "checker/expect.hpp"
#include "engine/task_references.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

template <typename References>
struct Record {
  Atom<std::uint64_t> word{0};
  Value content{0};
  Atom<int> recycled{0};

  References references() { return References(word); }
  /// Task::release(); `timed`: somebody may ask for it who holds none, so that one is not alone.
  void release(bool timed = false) {
    if ((timed || !references().alone()) && !references().drop()) return;
    content = Value(0);
    recycled.fetch_add(1);
    references().retire();
  }
};

/// Two holders use it and go; the last one recycles it.
template <typename References>
void last_one(Execution& run) {
  struct Shared : Record<References> {
    Value uses[2]{Value(0), Value(0)};
  };
  auto shared = std::make_shared<Shared>();
  shared->references().begin();
  check(shared->references().try_share(0), "refused to a holder");
  for (int me = 0; me < 2; ++me) {
    run.thread(me == 0 ? "a" : "b", [=] {
      check(shared->content.id() == 0, "recycled under a holder");
      shared->release();
    });
  }
  run.finally([=] {
    check(shared->recycled.load() == 1, "not recycled once");
    check(!shared->references().try_share(0), "a life that has ended");
  });
}

/// The timer asks for a task whose last reference goes meanwhile.
template <typename References>
void asked_late(Execution& run) {
  auto shared = std::make_shared<Record<References>>();
  shared->references().begin();
  shared->content = Value(1);
  const std::uint32_t life = shared->references().generation();
  for (const char* name : {"h1", "h2"}) {
    if (name[1] == '2') check(shared->references().try_share(life), "refused to a holder");
    run.thread(name, [=] { shared->release(true); });
  }
  run.thread("timer", [=] {
    if (!shared->references().try_share(life)) return;
    check(shared->content.id() == 1, "the content of another life");
    shared->release(true);
  });
  run.finally([=] {
    check(shared->recycled.load() == 1, "not recycled once");
    check(!shared->references().try_share(life), "a life that has ended");
  });
}

/// A record in its second life, asked for by who knew the first.
template <typename References>
void second_life(Execution& run) {
  auto shared = std::make_shared<Record<References>>();
  shared->references().begin();
  shared->content = Value(1);
  const std::uint32_t life = shared->references().generation();
  run.thread("holder", [=] {
    shared->release(true);
    if (shared->recycled.load() == 0) return;
    shared->references().begin();
    shared->content = Value(2);
  });
  run.thread("timer", [=] {
    if (!shared->references().try_share(life)) return;
    check(shared->content.id() == 1, "a reference to another life");
    if (shared->references().drop()) shared->recycled.store(7);
  });
}

/// Who comes to share sees what those did who have gone.
template <typename References>
void seen_by_sharer(Execution& run) {
  struct Shared : Record<References> {
    Value note{0};
  };
  auto shared = std::make_shared<Shared>();
  shared->references().begin();  // of the test, to the end
  check(shared->references().try_share(0), "refused to a holder");
  run.thread("holder", [=] {
    shared->note = Value(5);
    shared->release(true);
  });
  run.thread("timer", [=] {
    const bool gone = shared->word.load(std::memory_order_relaxed) == 1;
    if (!shared->references().try_share(0)) return;
    if (gone) check(shared->note.id() == 5, "who has gone is not seen");
    shared->release(true);
  });
}

using Right = TaskReferences<Atom>;

/// Asks whether anybody holds it, not whose life it is.
struct Lifeless : Right {
  using Right::Right;
  explicit Lifeless(Atom<std::uint64_t>& word) : Right(word), all(word) {}
  bool try_share(std::uint32_t) {
    std::uint64_t old = all.load();
    do {
      if (static_cast<std::uint32_t>(old) == 0) return false;
    } while (!all.compare_exchange_weak(old, old + 1));
    return true;
  }
  Atom<std::uint64_t>& all;
};

/// Looks, then counts: a record without references may get one.
struct Lazarus : Lifeless {
  explicit Lazarus(Atom<std::uint64_t>& word) : Lifeless(word) {}
  bool try_share(std::uint32_t generation) {
    const std::uint64_t old = all.load();
    if (old >> 32 != generation || static_cast<std::uint32_t>(old) == 0) return false;
    all.fetch_add(1);
    return true;
  }
};

/// Gives back by a look and a store.
struct Lossy : Lifeless {
  explicit Lossy(Atom<std::uint64_t>& word) : Lifeless(word) {}
  bool drop() {
    const std::uint64_t old = all.load();
    all.store(old - 1);
    return static_cast<std::uint32_t>(old) == 1;
  }
};

}  // namespace

TEST_CASE("task references: recycled once, by the last holder") {
  expect_right(last_one<Right>);
  expect_right(asked_late<Right>, {.delays = 1});
  expect_right(second_life<Right>);
  expect_right(seen_by_sharer<Right>);
}

TEST_CASE("task references: seeded bugs are found") {
  const Options bounds{.memory = Memory::sequential};
  expect_caught(second_life<Lifeless>, "", bounds);
  expect_caught(asked_late<Lazarus>, "", bounds);
  expect_caught(last_one<Lossy>, "", bounds);
}

TEST_CASE("task references: every memory order is needed") {
  expect_every_order_needed(
      {last_one<Right>, asked_late<Right>, second_life<Right>, seen_by_sharer<Right>},
      "task_references.hpp", 4);
}
