// SPDX-License-Identifier: Apache-2.0
// The admission of tasks that wait for bytes: a release of bytes and a task that parks at the same
// time must not miss each other; and the range of a parallel_for, whose helpers come and go.
#include <memory>

#include "checker/expect.hpp"
#include "cogway/engine/parallel_range.hpp"
#include "cogway/engine/pump.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// The protocol of AdmissionQueue and FreedHooks: announce, queue, pump; free, look for waiters,
/// pump.
void admission(Execution& run) {
  struct Shared {
    Pump<Atom> pump;
    Atom<int> free_bytes{0};
    Atom<int> waiters{0};
    Atom<int> parked{0};
    Value head;  ///< touched inside the pump only
    Atom<int> admitted{0};

    void admit() {
      head = Value(1);
      while (parked.load() > 0 && free_bytes.load() > 0) {
        free_bytes.fetch_sub(1);
        parked.fetch_sub(1);
        waiters.fetch_sub(1);
        admitted.fetch_add(1);
      }
      head = Value(2);
    }
  };
  auto shared = std::make_shared<Shared>();
  for (const char* name : {"parker 1", "parker 2"}) {
    run.thread(name, [=] {
      shared->waiters.fetch_add(1);
      shared->parked.fetch_add(1);
      shared->pump.run([&] { shared->admit(); });
    });
  }
  run.thread("freer", [=] {
    shared->free_bytes.fetch_add(2);
    if (shared->waiters.load() != 0) shared->pump.run([&] { shared->admit(); });
  });
  run.finally([=] { check(shared->admitted.load() == 2, "a task waits although bytes are free"); });
}

/// The owner leaves only when no helper is inside, and sees what they did.
void range(Execution& run) {
  struct Shared {
    ParallelRange<Atom> range;
    Value cells[3];
    Atom<int> worked{0};
    void work() {
      std::int64_t begin = 0;
      std::int64_t end = 0;
      while (range.claim(begin, end)) {
        for (std::int64_t i = begin; i < end; ++i) cells[i] = Value(1);
        worked.fetch_add(static_cast<int>(end - begin));
      }
    }
  };
  auto shared = std::make_shared<Shared>();
  shared->range.open(3, 1, 2);
  for (const char* name : {"helper 1", "helper 2"}) {
    run.thread(name, [=] {
      if (!shared->range.enter()) return;
      shared->work();
      shared->range.leave();
    });
  }
  run.thread("owner", [=] {
    shared->work();
    check(shared->range.close() == 0, "nobody failed");
    check(shared->worked.load() == 3, "closed before all was done");
    for (const Value& cell : shared->cells) check(cell.id() == 1, "a piece is not seen");
  });
}

}  // namespace

TEST_CASE("pump: bytes and tasks do not miss each other") {
  expect_right(admission, {.preemptions = 2, .delays = 1, .troubles = 0});
}
TEST_CASE("parallel range: the owner is last") {
  expect_right(range, {.preemptions = 2, .delays = 0, .troubles = 0});
}
