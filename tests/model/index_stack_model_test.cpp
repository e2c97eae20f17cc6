// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "../stress/queue_specs.hpp"
#include "checker/expect.hpp"
#include "cogway/queue/free_list.hpp"
#include "cogway/queue/index_stack.hpp"
#include "cogway/queue/mpmc_stack.hpp"
#include "history.hpp"
#include "queue_mutants.hpp"

using namespace cogway;
using namespace cogway::model;
using cogway::testing::Act;
using cogway::testing::LifoSpec;
using cogway::testing::QueueCall;

namespace {

/// Three entries; one thread takes two and gives the first back, another takes one: the classic
/// ABA. Every entry must have one owner at any time.
template <typename Stack>
void aba(Execution& run) {
  struct Shared {
    Stack stack;
    Atom<std::uint32_t> links[3];
    Value entries[3];  // touched by the owner only
    void own(std::uint32_t index) {
      if (index != kNoIndex) entries[index] = Value(static_cast<int>(index));
    }
  };
  auto shared = std::make_shared<Shared>();
  for (std::uint32_t i = 0; i < 3; ++i) shared->stack.push(shared->links, i);
  run.thread("juggler", [=] {
    const std::uint32_t a = shared->stack.pop(shared->links);
    const std::uint32_t b = shared->stack.pop(shared->links);
    shared->own(a);
    shared->own(b);
    if (a != kNoIndex) shared->stack.push(shared->links, a);
    shared->own(b);
  });
  run.thread("taker", [=] {
    const std::uint32_t a = shared->stack.pop(shared->links);
    shared->own(a);
    const std::uint32_t b = shared->stack.pop(shared->links);
    shared->own(b);
    check(a == kNoIndex || a != b, "given out twice");
  });
}

/// Everything pushed comes out once, with what its owner wrote.
void hand_over(Execution& run) {
  struct Shared {
    IndexStack<Atom> stack;
    Atom<std::uint32_t> links[2];
    Value entries[2];
  };
  auto shared = std::make_shared<Shared>();
  for (std::uint32_t i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "pusher-0" : "pusher-1", [=] {
      shared->entries[i] = Value(static_cast<int>(i));
      shared->stack.push(shared->links, i);
    });
  }
  run.thread("popper", [=] {
    for (int turn = 0; turn < 2; ++turn) {
      const std::uint32_t index = shared->stack.pop(shared->links);
      if (index == kNoIndex) continue;
      check(shared->entries[index].id() == static_cast<int>(index), "wrong entry");
      shared->entries[index] = Value(9);
    }
  });
}

void chains(Execution& run) {
  struct Shared {
    IndexStack<Atom> stack;
    Atom<std::uint32_t> links[3];
  };
  auto shared = std::make_shared<Shared>();
  run.thread("pusher", [=] {
    shared->links[0].store(1, std::memory_order_relaxed);
    shared->stack.push_chain(shared->links, 0, 1);
  });
  run.thread("other", [=] { shared->stack.push(shared->links, 2); });
  run.finally([=] {
    int seen = 0;
    for (std::uint32_t i = 0; (i = shared->stack.pop(shared->links)) != kNoIndex;) seen |= 1 << i;
    check(seen == 7, "lost");
  });
}

/// empty() is used by one who then relies on what the pusher did before.
void looking(Execution& run) {
  struct Shared {
    IndexStack<Atom> stack;
    Atom<std::uint32_t> links[1];
    Value note;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("pusher", [=] {
    shared->note = Value(1);
    shared->stack.push(shared->links, 0);
  });
  run.thread("looker", [=] {
    if (!shared->stack.empty()) check(shared->note.id() == 1, "note lost");
  });
}

void bounded_stack(Execution& run) {
  struct Shared {
    MpmcStack<Value, Atom> stack{2};
    int pushed = 0;
    int popped = 0;
  };
  auto shared = std::make_shared<Shared>();
  run.thread("a", [=] {
    for (int i = 1; i <= 2; ++i) shared->pushed += shared->stack.try_push(Value(i)) ? i : 0;
  });
  run.thread("b", [=] {
    for (int i = 1; i <= 2; ++i) {
      if (const std::optional<Value> value = shared->stack.try_pop()) shared->popped += value->id();
    }
  });
  run.finally([=] {
    while (const std::optional<Value> value = shared->stack.try_pop())
      shared->popped += value->id();
    check(shared->pushed == shared->popped, "lost or doubled");
  });
}

void free_list(Execution& run) {
  struct Shared {
    FreeList<Atom> list{2};
    Value entries[2];
  };
  auto shared = std::make_shared<Shared>();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      for (int turn = 0; turn < 2; ++turn) {
        const std::uint32_t index = shared->list.acquire();
        check(index != kNoIndex, "exhausted with one entry each");
        shared->entries[index] = Value(1);
        shared->list.release(index);
      }
    });
  }
}

/// Two threads take entries and give them back: as a stack of indices would give them out.
template <typename List>
void free_list_history(Execution& run) {
  struct Shared {
    List list{3};
    ModelHistory<LifoSpec> calls{2};
    std::uint32_t acquire(std::size_t thread) {
      std::uint32_t index = kNoIndex;
      calls.record(thread, [&] {
        index = list.acquire();
        QueueCall call{Act::pop};
        if (index != kNoIndex) call.value = static_cast<int>(index);
        return call;
      });
      return index;
    }
    void release(std::size_t thread, std::uint32_t index) {
      if (index == kNoIndex) return;
      calls.record(thread, [&] {
        list.release(index);
        return QueueCall{Act::push, static_cast<int>(index)};
      });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("juggler", [=] {
    const std::uint32_t a = shared->acquire(0);
    (void)shared->acquire(0);
    shared->release(0, a);
  });
  run.thread("taker", [=] {
    (void)shared->acquire(1);
    (void)shared->acquire(1);
  });
  run.finally([=] {
    shared->calls.expect_linearizable({3, {2, 1, 0}});  // 0 on top
  });
}

template <typename Stack>
void bounded_stack_history(Execution& run) {
  struct Shared {
    Stack stack{2};
    ModelHistory<LifoSpec> calls{3};
    void push(std::size_t thread, int value) {
      calls.record(thread, [&] { return QueueCall{Act::push, value, stack.try_push(value)}; });
    }
    void pop(std::size_t thread) {
      calls.record(thread, [&] { return QueueCall{Act::pop, stack.try_pop()}; });
    }
  };
  auto shared = std::make_shared<Shared>();
  run.thread("a", [=] {
    shared->push(0, 1);
    shared->push(0, 2);
  });
  run.thread("b", [=] {
    shared->push(1, 3);
    shared->pop(1);
  });
  run.thread("c", [=] {
    shared->pop(2);
    shared->pop(2);
  });
  run.finally([=] { shared->calls.expect_linearizable({2}, testing::allow_misses_beside_others); });
}

}  // namespace

TEST_CASE("free list: linearizable, as a stack of indices") {
  expect_right(free_list_history<FreeList<Atom>>, {.delays = 0, .troubles = 0});
  expect_caught(free_list_history<mutants::UntaggedFreeList<Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}

TEST_CASE("bounded stack: linearizable, but for misses beside unfinished calls") {
  expect_right(bounded_stack_history<MpmcStack<int, Atom>>,
               {.executions = 20'000, .delays = 0, .troubles = 0}, false);
  expect_caught(bounded_stack_history<mutants::UnclaimedRing<int, Atom>>, "no order of these calls",
                {.memory = Memory::sequential});
}

TEST_CASE("index stack: one owner at any time") {
  expect_right(aba<IndexStack<Atom>>);
  expect_right(hand_over, {.delays = 1});
  expect_right(chains);
  expect_right(looking);
}

TEST_CASE("index stack: without a tag, ABA is found") {
  expect_caught(aba<mutants::UntaggedIndexStack<Atom>>, "", {.memory = Memory::sequential});
}

TEST_CASE("free list and bounded stack: nothing lost, nothing given out twice") {
  expect_right(free_list);
  expect_right(bounded_stack);
}

TEST_CASE("index stack: every memory order is needed") {
  expect_every_order_needed({aba<IndexStack<Atom>>, hand_over, chains, looking, bounded_stack},
                            "index_stack.hpp", 4);
}
