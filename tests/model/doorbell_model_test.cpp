// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/doorbell.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

/// Two producers with a place each, one consumer who sleeps until somebody who was told to wakes
/// it.
void burst(Execution& run) {
  struct Shared {
    Doorbell<Atom> bell;
    Atom<int> full[2];
    Value payload[2];
    Atom<std::uint32_t> wakes{0};
    int taken = 0;

    void take() {
      for (int i : {0, 1}) {
        // order: acquire, pairs with the producer's release; publishes the payload
        if (full[i].load(std::memory_order_acquire) == 0) continue;
        check(payload[i].id() == i + 1, "a push without what came before it");
        // order: relaxed, the consumer's own note
        full[i].store(0, std::memory_order_relaxed);
        ++taken;
      }
    }
  };
  auto shared = std::make_shared<Shared>();
  for (int i : {0, 1}) {
    run.thread(i == 0 ? "p1" : "p2", [=] {
      shared->payload[i] = Value(i + 1);
      // order: release, pairs with take() acquire; publishes the payload
      shared->full[i].store(1, std::memory_order_release);
      if (!shared->bell.ring()) return;
      shared->wakes.fetch_add(1);
      Parking<Atom>::unpark(shared->wakes, 1);
    });
  }
  run.thread("consumer", [=] {
    std::uint32_t handled = 0;
    while (shared->taken < 2) {
      while (shared->wakes.load() == handled) Parking<Atom>::park(shared->wakes, handled, kNever);
      ++handled;
      shared->take();
      shared->bell.listen();
      shared->take();
    }
  });
}

}  // namespace

TEST_CASE("doorbell: no push is left lying") {
  expect_right(burst, {.preemptions = 2, .delays = 1, .troubles = 0});
}

TEST_CASE("doorbell: every memory order is needed") {
  expect_every_order_needed({burst}, "doorbell.hpp", 2);
}
