// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "probe_policy.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

constexpr ProbeWord kOne = 1;
constexpr ProbeWord kTwo = 3;

void belongs(int content, int key) {
  check(content == 0 || content / 10 == key, "another's value");
}

/// A value is replaced, and its memory becomes the value of another key.
void replaced(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  world->put(kOne, world->objects.make(0, 10));
  run.thread("writer", [=] {
    world->put(kOne, world->objects.make(1, 11));
    if (const ProbeWord again = world->objects.make(0, 30)) world->put(kTwo, again);
  });
  run.thread("reader", [=] {
    const int content = world->read(kOne);
    check(content == 10 || content == 11, "there all the time");
  });
  run.finally([=] { world->end(); });
}

/// A key goes, its memory and its slot's table come again for another one.
void removed(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  world->put(kOne, world->objects.make(0, 10));
  run.thread("writer", [=] {
    world->remove(kOne);
    if (const ProbeWord again = world->objects.make(0, 30)) world->put(kTwo, again);
    world->remove(kTwo);
    if (const ProbeWord again = world->objects.make(0, 31)) world->put(kTwo, again);
  });
  run.thread("reader", [=] { belongs(world->read(kOne), 1); });
  run.finally([=] { world->end(); });
}

/// A key stays while others make the map grow, are removed, and make it move again.
void moved(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  world->put(kOne, world->objects.make(0, 10));
  run.thread("writer", [=] {
    world->put(kTwo, world->objects.make(1, 30));
    world->remove(kTwo);
    world->put(kTwo, world->objects.make(2, 31));
  });
  run.thread("reader", [=] {
    check(world->read(kOne) == 10, "there all the time");
    belongs(world->read(kTwo), 3);
  });
  run.finally([=] { world->end(); });
}

/// A key stays while its table is left for another, emptied and used again, with the other key in
/// its slot.
void reused(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  world->put(kTwo, 31);
  world->put(kOne, 11);
  run.thread("writer", [=] {
    for (int turn = 0; turn < 2; ++turn) {  // each uses up the slots and moves to the other table
      world->remove(kTwo);
      world->put(kTwo, 31);
    }
  });
  run.thread("reader", [=] { check(world->read(kOne) == 11, "there all the time"); });
  run.finally([=] { world->end(); });
}

/// Immortal keys and values: nothing but the map publishes them.
void published(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  for (const ProbeWord key : {5, 3, 1}) world->put(key, 11);  // of eight slots, two more to be used
  run.thread("writer", [=] {
    ProbeChange change{.key = world->objects.make_immortal(0, 70),
                       .value = world->objects.make_immortal(1, 71)};
    world->map.put<ProbeWhen::always>({0, 99, 70}, change);
    world->put(kOne, world->objects.make_immortal(2, 12));
  });
  run.thread("reader", [=] {
    ProbeWord value = 0;
    if (world->map.get({0, 99, 70}, value) == ProbeResult::found) {
      check(world->objects.at(value).content.id() == 71, "another's value");
    }
    belongs(world->read(kOne), 1);
  });
  run.finally([=] { world->end(); });
}

/// Of two that insert one key, one does; of two that remove it, one does.
void contended(Execution& run) {
  struct Shared : ProbeWorld {
    int inserted = 0;
    int removed = 0;
  };
  auto world = std::make_shared<Shared>();
  for (std::size_t i = 0; i < 2; ++i) {
    run.thread(i == 0 ? "a" : "b", [=] {
      const ProbeWord value = world->objects.make(i, 10);
      if (world->put<ProbeWhen::absent>(kOne, value) == ProbeResult::absent) ++world->inserted;
      if (world->remove(kOne) == ProbeResult::found) ++world->removed;
    });
  }
  run.finally([=] {
    check(world->inserted == world->removed, "one of the two was not alone");
    world->end();
  });
}

/// Two count by compare-and-set; neither count is lost.
void counted(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  world->put(kOne, world->objects.make(0, 10));
  for (std::size_t i = 1; i < 3; ++i) {
    run.thread(i == 1 ? "a" : "b", [=] {
      for (;;) {
        ProbeWord seen = 0;
        check(world->map.get(ProbeWorld::key(kOne), seen) == ProbeResult::found, "there");
        const int content = world->objects.at(seen).content.id();
        const ProbeWord next = world->objects.make(i, content + 1);
        const ProbeResult result = world->put<ProbeWhen::expected>(kOne, next, seen);
        ProbePolicy{&world->objects}.drop(seen);
        if (result == ProbeResult::found) return;
      }
    });
  }
  run.finally([=] {
    check(world->read(kOne) == 12, "a count was lost");
    world->end();
  });
}

/// Keys that are objects: compared while they are removed, freed and used again.
void compared(Execution& run) {
  auto world = std::make_shared<ProbeWorld>();
  constexpr ProbePolicy::Probe kEqual{0, 99, 70};
  ProbeChange first{.key = world->objects.make(0, 70), .value = world->objects.make(1, 71)};
  world->map.put<ProbeWhen::always>(kEqual, first);
  run.thread("writer", [=] {
    ProbeChange change;
    world->map.put<ProbeWhen::always>(kEqual, change);
    world->drop(change);
    const ProbeWord key = world->objects.make(0, 80);
    const ProbeWord value = world->objects.make(2, 81);
    if (key == 0) return ProbePolicy{&world->objects}.drop(value);
    ProbeChange other{.key = key, .value = value};
    world->map.put<ProbeWhen::always>({0, 99, 80}, other);
  });
  run.thread("reader", [=] {
    ProbeWord value = 0;
    if (world->map.get(kEqual, value) != ProbeResult::found) return;
    check(world->objects.at(value).content.id() == 71, "another's value");
    ProbePolicy{&world->objects}.drop(value);
  });
  run.finally([=] { world->end(); });
}

}  // namespace

TEST_CASE("probe map: a reader gets its key's value or none") {
  expect_right(replaced, {}, false);
  expect_right(removed, {}, false);
  expect_right(moved, {}, false);
  expect_right(reused, {}, false);
  expect_right(published, {}, false);
  expect_right(compared, {}, false);
}

TEST_CASE("probe map: writers exclude one another") {
  expect_right(contended, {}, false);
  expect_right(counted, {}, false);
}

TEST_CASE("probe map: every memory order is needed") {
  for (const char* file :
       {"probe_reader.hpp", "probe_map.hpp", "probe_table.hpp", "probe_succession.hpp"}) {
    expect_every_order_needed(
        {replaced, removed, moved, reused, published, contended, counted, compared}, file, 1,
        {.executions = 4'000, .delays = 8});
  }
}
