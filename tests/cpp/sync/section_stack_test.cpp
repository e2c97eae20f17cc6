// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/section_stack.hpp"

#include <doctest/doctest.h>

using namespace cogway;

namespace {
constexpr TimePoint kAtOnce{};
}

TEST_CASE("an outer section lends its lock to those inside of it") {
  SectionLock<> x;
  SectionLock<> y;
  SectionStack<> mine;
  SectionStack<> theirs;
  CHECK(mine.try_enter(1, {&x, nullptr}));
  CHECK(mine.try_enter(2, {&x, &y}));
  CHECK(mine.try_enter(1, {&y, nullptr}));
  CHECK(mine.depth() == 3);
  CHECK_FALSE(theirs.try_enter(3, {&y, nullptr}));
  CHECK(mine.leave(1) == SectionExit::done);
  CHECK_FALSE(theirs.try_enter(3, {&y, nullptr}));
  CHECK(mine.leave(2) == SectionExit::done);
  CHECK(theirs.try_enter(3, {&y, nullptr}));
  CHECK_FALSE(theirs.try_enter(4, {&x, nullptr}));
  CHECK(mine.leave(1) == SectionExit::done);
  CHECK(mine.leave(1) == SectionExit::not_entered);
  CHECK(theirs.try_enter(4, {&x, nullptr}));
}

TEST_CASE("of two locks both are taken or none") {
  SectionLock<> x;
  SectionLock<> y;
  SectionStack<> mine;
  SectionStack<> theirs;
  CHECK(theirs.try_enter(1, {&y, nullptr}));
  CHECK_FALSE(mine.try_enter(2, {&x, &y}));
  CHECK_FALSE(mine.wait_enter(2, {&x, &y}, kAtOnce));
  CHECK(theirs.try_enter(3, {&x, nullptr}));
  CHECK(mine.depth() == 0);
}

TEST_CASE("whoever waits holds nothing, and resumes one section at a time") {
  SectionLock<> x;
  SectionLock<> y;
  SectionLock<> z;
  SectionStack<> mine;
  SectionStack<> theirs;
  CHECK(mine.try_enter(1, {&x, nullptr}));
  CHECK(mine.try_enter(2, {&y, nullptr}));
  CHECK(theirs.try_enter(3, {&z, nullptr}));
  CHECK_FALSE(mine.wait_enter(4, {&z, nullptr}, kAtOnce));
  CHECK(mine.suspended());
  CHECK(theirs.try_enter(5, {&x, &y}));
  CHECK_FALSE(mine.resume(kAtOnce));
  CHECK(theirs.leave(5) == SectionExit::done);
  CHECK(theirs.leave(3) == SectionExit::done);
  CHECK(mine.wait_enter(4, {&z, nullptr}, kAtOnce));
  CHECK_FALSE(mine.suspended());
  CHECK(theirs.try_enter(6, {&x, &y}));
  CHECK(theirs.leave(6) == SectionExit::done);
  CHECK(mine.leave(4) == SectionExit::done);
  CHECK(mine.suspended());
  CHECK(mine.resume(kAtOnce));
  CHECK_FALSE(theirs.try_enter(7, {&y, nullptr}));
  CHECK(theirs.try_enter(7, {&x, nullptr}));  // of the outermost, which is suspended still
  CHECK(mine.leave(2) == SectionExit::done);
  CHECK_FALSE(mine.resume(kAtOnce));
  CHECK(theirs.leave(7) == SectionExit::done);
  CHECK(mine.resume(kAtOnce));
  CHECK_FALSE(theirs.try_enter(7, {&x, nullptr}));
}

TEST_CASE("a section that is left out of order leaves its lock to those that need it") {
  SectionLock<> x;
  SectionLock<> y;
  SectionStack<> mine;
  SectionStack<> theirs;
  CHECK(mine.try_enter(1, {&x, &y}));
  CHECK(mine.try_enter(2, {&x, nullptr}));
  CHECK(mine.try_enter(3, {&x, nullptr}));
  CHECK(mine.leave(1) == SectionExit::out_of_order);
  CHECK(theirs.try_enter(4, {&y, nullptr}));
  CHECK(mine.leave(3) == SectionExit::done);
  CHECK_FALSE(theirs.try_enter(5, {&x, nullptr}));
  CHECK(mine.leave(2) == SectionExit::done);
  CHECK(theirs.try_enter(5, {&x, nullptr}));
}

TEST_CASE("a thread that ends is in no section") {
  SectionLock<> x;
  SectionStack<> theirs;
  {
    SectionStack<> mine;
    CHECK(mine.try_enter(1, {&x, nullptr}));
  }
  CHECK(theirs.try_enter(2, {&x, nullptr}));
}

TEST_CASE("a child holds what its thread held") {
  SectionTable<> table;
  const auto mine_of = table.target(&table);
  const auto theirs_of = table.target(reinterpret_cast<const char*>(&table) + 16);
  REQUIRE(mine_of.first != theirs_of.first);
  SectionStack<> mine;
  SectionStack<> theirs;
  CHECK(mine.try_enter(1, mine_of));
  CHECK(theirs.try_enter(2, theirs_of));
  table.reset();
  mine.readopt();
  SectionStack<> later;
  CHECK_FALSE(later.try_enter(3, mine_of));
  CHECK(later.try_enter(3, theirs_of));
}

TEST_CASE("two objects have their locks in one order, and one where they share it") {
  SectionTable<std::atomic, 2> table;
  int objects[64] = {};
  for (const int& one : objects) {
    for (const int& other : objects) {
      const auto target = table.target(&one, &other);
      CHECK(target.first == table.target(&other, &one).first);
      CHECK(target.second == table.target(&other, &one).second);
      CHECK((target.second == nullptr) == (table.target(&one).first == table.target(&other).first));
    }
  }
}
