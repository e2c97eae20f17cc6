// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/atomic_number.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Number = AtomicNumber<std::int64_t, Atom>;
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

/// Two adders at the edge and one that looks: one sum fits, and nobody sees a wrapped value.
void at_the_edge(Execution& run) {
  struct Shared {
    Number number{kGreatest - 1};
    Number added{0};
  };
  auto shared = std::make_shared<Shared>();
  for (const char* name : {"a", "b"}) {
    run.thread(name, [=] {
      if (shared->number.fetch_add(1)) (void)shared->added.wrapping_fetch_add(1);
    });
  }
  run.thread("looker", [=] { check(shared->number.load() > 0, "a wrapped value was seen"); });
  run.finally([=] {
    check(shared->added.load() == 1, "not exactly one sum fits");
    check(shared->number.load() == kGreatest, "the sum is wrong");
  });
}

/// Every operation takes part in one order: the maximum and the sum commute with nothing else.
void mixed(Execution& run) {
  auto number = std::make_shared<Number>(1);
  run.thread("adder", [=] { (void)number->fetch_add(4); });
  run.thread("max", [=] { (void)number->fetch_max(3); });
  run.thread("exchanger", [=] {
    const std::int64_t seen = number->compare_exchange(1, 2);
    check(seen == 1 || seen == 3 || seen == 5 || seen == 7, "a value that never was");
  });
  run.finally([=] {
    const std::int64_t end = number->load();
    check(end == 5 || end == 6 || end == 7, "a step was lost");
  });
}

/// The overflow check of a fetch-and-add that is undone afterwards: right in the end, but others
/// have seen the wrapped value.
void undone_add(Execution& run) {
  auto number = std::make_shared<Number>(kGreatest);
  run.thread("adder", [=] {
    if (number->wrapping_fetch_add(1) == kGreatest) (void)number->wrapping_fetch_sub(1);
  });
  run.thread("looker", [=] { check(number->load() > 0, "a wrapped value was seen"); });
}

/// A sum that is read and written, as `a = a + 1` is.
void torn_add(Execution& run) {
  auto number = std::make_shared<Number>(0);
  for (const char* name : {"a", "b"}) run.thread(name, [=] { number->store(number->load() + 1); });
  run.finally([=] { check(number->load() == 2, "a step was lost"); });
}

}  // namespace

TEST_CASE("atomic number: nothing wraps and nothing is lost") {
  expect_right(at_the_edge);
  expect_right(mixed);
}

TEST_CASE("atomic number: shortcuts are found") {
  expect_caught(undone_add, "wrapped");
  expect_caught(torn_add, "lost");
}
