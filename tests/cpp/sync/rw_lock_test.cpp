// SPDX-License-Identifier: Apache-2.0
#include "cogway/sync/rw_lock.hpp"

#include <doctest/doctest.h>

using namespace cogway;

namespace {
const char *const a = "a", *const b = "b", *const c = "c", *const d = "d";
}

TEST_CASE("misuse is told and changes nothing") {
  RwLock<> lock;
  CHECK(lock.unlock_read(a) == RwResult::not_held);
  CHECK(lock.unlock_write(a) == RwResult::not_held);
  CHECK(lock.start_upgrade(nullptr, a) == RwResult::not_held);
  CHECK(lock.start_read(nullptr, a) == RwResult::done);
  CHECK(lock.start_write(nullptr, a) == RwResult::holds_read);
  CHECK(lock.unlock_read(b) == RwResult::not_held);
  CHECK(lock.start_read(nullptr, a) == RwResult::done);
  CHECK(lock.start_upgrade(nullptr, a) == RwResult::held_repeatedly);
  CHECK(lock.snapshot().readers == 2);
  CHECK(lock.unlock_read(a) == RwResult::done);
  CHECK(lock.start_upgrade(nullptr, a) == RwResult::done);
  CHECK(lock.start_read(nullptr, a) == RwResult::holds_write);
  CHECK(lock.start_write(nullptr, a) == RwResult::holds_write);
  CHECK(lock.unlock_write(b) == RwResult::not_held);
  CHECK(lock.start_read(nullptr, b) == RwResult::waits);
  CHECK(lock.unlock_write(a) == RwResult::done);
  CHECK(lock.snapshot().readers == 0);
}

TEST_CASE("phases: a writer waits for the readers before it, then all readers that wait go in") {
  RwLock<> lock;
  WaitNode<> write_b;
  WaitNode<> write_c;
  WaitNode<> read_d;
  CHECK(lock.start_read(nullptr, a) == RwResult::done);
  CHECK(lock.start_write(&write_b, b) == RwResult::waits);
  CHECK(lock.start_write(&write_c, c) == RwResult::waits);
  CHECK(lock.start_read(&read_d, d) == RwResult::waits);
  CHECK(lock.snapshot().writers_waiting == 2);
  CHECK(lock.start_read(nullptr, a) == RwResult::done);  // who reads may read again
  CHECK(lock.unlock_read(a) == RwResult::done);
  CHECK(lock.unlock_read(a) == RwResult::done);
  CHECK(write_b.outcome() == WaitOutcome::granted);
  CHECK(read_d.outcome() == WaitOutcome::waiting);
  CHECK(lock.unlock_write(b) == RwResult::done);
  CHECK(read_d.outcome() == WaitOutcome::granted);
  CHECK(write_c.outcome() == WaitOutcome::waiting);
  CHECK(lock.unlock_read(d) == RwResult::done);
  CHECK(write_c.outcome() == WaitOutcome::granted);
  CHECK(lock.downgrade(c) == RwResult::done);
  CHECK(lock.snapshot().readers == 1);
  CHECK(lock.unlock_read(c) == RwResult::done);
}

TEST_CASE("an upgrade comes before all others and only once at a time") {
  RwLock<> lock;
  WaitNode<> up;
  WaitNode<> write_c;
  WaitNode<> read_d;
  CHECK(lock.start_read(nullptr, a) == RwResult::done);
  CHECK(lock.start_read(nullptr, b) == RwResult::done);
  CHECK(lock.start_write(&write_c, c) == RwResult::waits);
  CHECK(lock.start_upgrade(&up, a) == RwResult::waits);
  CHECK(lock.start_upgrade(nullptr, b) == RwResult::upgrade_pending);
  CHECK(lock.unlock_read(a) == RwResult::upgrade_pending);
  CHECK(lock.start_read(&read_d, d) == RwResult::waits);
  CHECK(lock.unlock_read(b) == RwResult::done);
  CHECK(up.outcome() == WaitOutcome::granted);
  CHECK(lock.unlock_write(a) == RwResult::done);
  CHECK(read_d.outcome() == WaitOutcome::granted);
  CHECK(lock.unlock_read(d) == RwResult::done);
  CHECK(write_c.outcome() == WaitOutcome::granted);
  CHECK(lock.unlock_write(c) == RwResult::done);
}

TEST_CASE("who gives up keeps nobody out") {
  RwLock<> lock;
  WaitNode<> write_b;
  WaitNode<> read_c;
  WaitNode<> up;
  CHECK(lock.start_read(nullptr, a) == RwResult::done);
  CHECK(lock.start_write(&write_b, b) == RwResult::waits);
  CHECK(lock.start_read(&read_c, c) == RwResult::waits);
  CHECK(lock.withdraw(write_b));
  CHECK(read_c.outcome() == WaitOutcome::granted);
  CHECK_FALSE(lock.withdraw(read_c));
  CHECK(lock.start_upgrade(&up, a) == RwResult::waits);
  CHECK(lock.withdraw(up));
  CHECK(lock.snapshot().readers == 2);
  CHECK(lock.start_read(nullptr, d) == RwResult::done);
}
