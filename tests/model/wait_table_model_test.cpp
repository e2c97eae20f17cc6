// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "checker/expect.hpp"
#include "cogway/sync/wait_table.hpp"
#include "wait_mutants.hpp"

using namespace cogway;
using namespace cogway::model;

namespace {

using Table = WaitTable<Atom, 2>;

struct Shared {
  Table table;
  Atom<int> word{0};
  Atom<int> other{0};
  Value note{0};

  void wait() {
    while (word.load() == 0) {
      WaitNode<Atom> node;
      if (table.start(node, &word, [this] { return word.load() == 0; })) return;
      check(node.park(kNever), "there is no deadline");
    }
  }
};

void changed(Execution& run) {
  auto shared = std::make_shared<Shared>();
  run.thread("waiter", [=] {
    shared->wait();
    check(shared->note.id() == 5, "notified, but the note is not seen");
  });
  run.thread("changer", [=] {
    shared->note = Value(5);
    shared->word.store(1);
    shared->table.notify_one(&shared->word);
  });
}

/// Another word in the same list is not taken for this one.
void two_words(Execution& run) {
  auto shared = std::make_shared<Shared>();
  run.thread("waiter", [=] { shared->wait(); });
  run.thread("changer", [=] {
    shared->other.store(1);
    shared->table.notify_all(&shared->other);
    shared->word.store(1);
    shared->table.notify_all(&shared->word);
  });
}

/// Who gives up with a notification in hand passes it on.
void passed_on(Execution& run) {
  auto shared = std::make_shared<Shared>();
  run.thread("hasty", [=] {
    WaitNode<Atom> node;
    if (shared->table.start(node, &shared->word, [=] { return shared->word.load() == 0; })) return;
    if (!shared->table.withdraw(node)) shared->table.notify_one(&shared->word);
  });
  run.thread("patient", [=] { shared->wait(); });
  run.thread("changer", [=] {
    shared->word.store(1);
    shared->table.notify_one(&shared->word);
  });
}

void late_count(Execution& run) {
  struct Late {
    mutants::LateCountTable<Atom> table;
    Atom<int> word{0};
  };
  auto shared = std::make_shared<Late>();
  run.thread("waiter", [=] {
    WaitNode<Atom> node;
    if (!shared->table.start(node, [=] { return shared->word.load() == 0; })) node.park(kNever);
  });
  run.thread("changer", [=] {
    shared->word.store(1);
    shared->table.notify_all();
  });
}

}  // namespace

TEST_CASE("wait table: no change is slept through") {
  expect_right(changed, {.preemptions = 2, .delays = 1});
  expect_right(two_words, {.preemptions = 1, .delays = 1});
  expect_right(passed_on, {.preemptions = 1, .delays = 0}, false);
}

TEST_CASE("wait table: looking before being counted is found") {
  expect_caught(late_count, "deadlock", {.memory = Memory::sequential});
}
