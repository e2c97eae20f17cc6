// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/shared_word.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/bus/shared_mutex.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Fixture {
  Fixture() { REQUIRE(SharedBus::create(name, kMiB, &bus).ok()); }
  std::string name = unique_name("word");
  std::shared_ptr<SharedBus> bus;
};

std::shared_ptr<SharedWord> word_of(const std::shared_ptr<SharedBus>& bus,
                                    const std::string& name = "count", std::uint64_t value = 0) {
  std::shared_ptr<SharedWord> word;
  (void)SharedWord::open(bus, name, SharedWordKind::int64, value, &word);
  return word;
}
std::shared_ptr<SharedMutex> mutex_of(const std::shared_ptr<SharedBus>& bus) {
  std::shared_ptr<SharedMutex> mutex;
  (void)SharedMutex::open(bus, "lock", &mutex);
  return mutex;
}
std::shared_ptr<SharedBus> open_bus(const std::string& name) {
  std::shared_ptr<SharedBus> bus;
  if (!SharedBus::open(name, &bus).ok()) ::_exit(98);
  return bus;
}

TEST_CASE_FIXTURE(Fixture, "shared word: processes count together") {
  constexpr int kEach = 1000;
  const auto mine = word_of(bus, "count", 5);
  const auto count = [this](const Line&) {
    const auto word = word_of(open_bus(name));
    for (int i = 0; i < kEach; ++i) (void)word->value<std::int64_t>().fetch_add(1);
    return 0;
  };
  Peer first(count);
  Peer second(count);
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(mine->value<std::int64_t>().load() == 5 + 2 * kEach);
}

TEST_CASE_FIXTURE(Fixture, "shared word: the value outlives whoever had it open") {
  Peer peer([this](const Line& line) -> int {
    const auto word = word_of(open_bus(name), "generation", 7);
    (void)word->value<std::int64_t>().fetch_add(1);
    line.send(1);
    for (;;) ::pause();
  });
  int said = 0;
  REQUIRE(peer.line().receive(&said));
  peer.kill();
  CHECK(word_of(bus, "generation")->value<std::int64_t>().load() == 8);
}

TEST_CASE_FIXTURE(Fixture, "shared word: wait and notify between processes") {
  const auto word = word_of(bus);
  Peer peer([this](const Line& line) {
    const auto theirs = word_of(open_bus(name));
    auto& value = theirs->value<std::int64_t>();
    const Status status = theirs->wait_while([&] { return value.load() == 0; });
    line.send(value.load());
    return status.ok() ? 0 : 1;
  });
  while (bus->statistics().words[0].waiters == 0) std::this_thread::yield();
  word->value<std::int64_t>().store(3);
  (void)word->notify(1);
  std::int64_t seen = 0;
  REQUIRE(peer.line().receive(&seen));
  CHECK(seen == 3);
  CHECK(peer.wait() == 0);
  const SharedWordStatistics told = bus->statistics().words[0];
  CHECK(told.waits == 1);
  CHECK(told.waiters == 0);
  CHECK(told.notifications == 1);
}

TEST_CASE_FIXTURE(Fixture, "shared word: a wait ends with the deadline, an interrupt, the bus") {
  const auto word = word_of(bus);
  const auto same = [&] { return word->value<std::int64_t>().load() == 0; };
  CHECK(word->wait_while(same, monotonic_now()).code() == StatusCode::deadline_exceeded);
  const WordInterrupt at_once{[](void*) { return true; }, nullptr};
  CHECK(word->wait_while(same, kNever, at_once).code() == StatusCode::cancelled);
  CHECK(word->wait_while([] { return false; }).ok());
  bus->close();
  CHECK(word->wait_while(same).code() == StatusCode::failed_precondition);
  CHECK(bus->statistics().words[0].timeouts == 1);
}

TEST_CASE_FIXTURE(Fixture, "shared word: a waiter that is killed is forgotten") {
  const auto word = word_of(bus);
  Peer peer([this](const Line&) {
    const auto theirs = word_of(open_bus(name));
    (void)theirs->wait_while([] { return true; });
    return 0;
  });
  while (bus->statistics().words[0].waiters == 0) std::this_thread::yield();
  peer.kill();
  CHECK(bus->statistics().words[0].openers == 2);
  CHECK(bus->reclaim() == 1);
  CHECK(bus->statistics().words[0].waiters == 0);
  CHECK(bus->statistics().words[0].openers == 1);
  CHECK(word->notify() == 0);
}

TEST_CASE_FIXTURE(Fixture, "shared word: names, kinds and the end of one") {
  std::shared_ptr<SharedWord> other;
  const auto open = [&](const std::string& called, SharedWordKind kind) {
    return SharedWord::open(bus, called, kind, 0, &other).code();
  };
  auto word = word_of(bus, "a.b-C_9", 1);
  CHECK(open("a.b-C_9", SharedWordKind::float64) == StatusCode::invalid_argument);
  for (const std::string& wrong : {std::string(), std::string("a b"), std::string(64, 'x')}) {
    CHECK(open(wrong, SharedWordKind::int64) == StatusCode::invalid_argument);
  }
  CHECK(open(std::string(63, 'x'), SharedWordKind::boolean) == StatusCode::ok);
  CHECK(bus->remove_word("a.b-C_9").code() == StatusCode::already_exists);
  CHECK(bus->remove_word("nobody").code() == StatusCode::not_found);
  word.reset();
  CHECK(bus->remove_word("a.b-C_9").ok());
  CHECK(word_of(bus, "a.b-C_9", 9)->value<std::int64_t>().load() == 9);
}

TEST_CASE_FIXTURE(Fixture, "shared word: there are 128") {
  std::shared_ptr<SharedWord> word;
  Status status;
  int made = 0;
  while ((status = SharedWord::open(bus, std::to_string(made), SharedWordKind::uint64, 0, &word))
             .ok()) {
    ++made;
  }
  CHECK(made == 128);
  CHECK(status.code() == StatusCode::resource_exhausted);
  CHECK(bus->remove_word("0").ok());
  CHECK(word_of(bus, "fresh") != nullptr);
}

// Kills a process at every step of opening, waiting, notifying and removing.
std::string kill_label;
TEST_CASE_FIXTURE(Fixture, "shared word: killed at any step, the others go on") {
  const std::vector<std::string> labels = {"word.locked", "word.written", "word.ready",
                                           "word.opened", "word.turned",  "word.removed"};
  const auto word = word_of(bus, "steady", 1);
  for (const std::string& label : labels) {
    CAPTURE(label);
    Peer peer([&](const Line& line) {
      const auto theirs = open_bus(name);
      kill_label = label;
      detail::shared_step_hook.store([](const char* at) noexcept {
        if (kill_label == at) ::raise(SIGKILL);
      });
      auto made = word_of(theirs, "new", 4);
      const auto steady = word_of(theirs, "steady");
      line.send(1);
      while (steady->notify() == 0) std::this_thread::yield();
      made.reset();
      (void)theirs->remove_word("new");
      return 0;
    });
    std::atomic<bool> over{false};
    std::jthread waiter([&] { (void)word->wait_while([&] { return !over.load(); }); });
    CHECK(peer.wait() == 128 + SIGKILL);
    over.store(true);
    (void)word->notify();
    waiter.join();
    CHECK(bus->reclaim() == 1);
    const std::int64_t value = word_of(bus, "new", 4)->value<std::int64_t>().load();
    CHECK(value == 4);
    CHECK(bus->remove_word("new").ok());
  }
}

// ---- mutex --------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(Fixture, "shared mutex: excludes processes, and their threads") {
  constexpr int kEach = 500;
  const auto word = word_of(bus);
  const auto work = [this](const Line&) {
    const auto theirs = open_bus(name);
    const auto mutex = mutex_of(theirs);
    auto& value = word_of(theirs)->value<std::int64_t>();
    const auto add = [&] {
      for (int i = 0; i < kEach; ++i) {
        if (!mutex->lock().ok()) ::_exit(1);
        value.store(value.load() + 1);
        if (!mutex->unlock().ok()) ::_exit(2);
      }
    };
    std::jthread other(add);
    add();
    return 0;
  };
  Peer first(work);
  Peer second(work);
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(word->value<std::int64_t>().load() == 4 * kEach);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: misuse is told") {
  const auto mutex = mutex_of(bus);
  CHECK(mutex->unlock().code() == StatusCode::not_found);
  REQUIRE(mutex->lock().ok());
  CHECK(mutex->locked());
  CHECK(mutex->lock().code() == StatusCode::invalid_argument);
  std::jthread([&] {
    CHECK(mutex->unlock().code() == StatusCode::not_found);
    CHECK(mutex->lock(monotonic_now()).code() == StatusCode::deadline_exceeded);
    const WordInterrupt at_once{[](void*) { return true; }, nullptr};
    CHECK(mutex->lock(kNever, at_once).code() == StatusCode::cancelled);
  }).join();
  CHECK(mutex->unlock().ok());
  CHECK_FALSE(mutex->locked());
  bus->close();
  CHECK(mutex->lock().code() == StatusCode::failed_precondition);
}

// A process that ends with the mutex, at that step.
void abandon(const std::string& name, const std::string& label) {
  Peer peer([&](const Line&) {
    const auto mutex = mutex_of(open_bus(name));
    kill_label = label;
    detail::shared_step_hook.store([](const char* at) noexcept {
      if (kill_label == at) ::raise(SIGKILL);
    });
    bool broken = false;
    (void)mutex->lock_to_repair(&broken);
    (void)mutex->unlock_repaired();
    return 0;
  });
  CHECK(peer.wait() == 128 + SIGKILL);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: nobody enters unaware after an owner's death") {
  const auto mutex = mutex_of(bus);
  abandon(name, "mutex.locked");
  CHECK(mutex->lock().code() == StatusCode::data_loss);
  CHECK(mutex->inconsistent());
  CHECK(mutex->lock().code() == StatusCode::data_loss);  // until somebody repairs
  abandon(name, "mutex.locked");                         // who dies over it hands it on
  bool broken = false;
  REQUIRE(mutex->lock_to_repair(&broken).ok());
  CHECK(broken);
  CHECK(mutex->unlock().ok());  // not repaired after all
  CHECK(mutex->lock().code() == StatusCode::data_loss);
  REQUIRE(mutex->lock_to_repair(&broken).ok());
  CHECK(broken);
  CHECK(mutex->unlock_repaired().ok());
  REQUIRE(mutex->lock_to_repair(&broken).ok());
  CHECK_FALSE(broken);
  CHECK(mutex->unlock().ok());
  REQUIRE(mutex->lock().ok());
  CHECK(mutex->unlock().ok());
  CHECK(bus->statistics().words[0].abandoned == 2);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: a death between being told and telling is told again") {
  const auto mutex = mutex_of(bus);
  abandon(name, "mutex.locked");
  abandon(name, "mutex.abandoned");
  CHECK(mutex->lock().code() == StatusCode::data_loss);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: a thread that ends with it is an owner that died") {
  const auto mutex = mutex_of(bus);
  std::jthread([&] { CHECK(mutex->lock().ok()); }).join();
  CHECK(mutex->lock().code() == StatusCode::data_loss);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: who waits gets it when its owner is killed") {
  const auto mutex = mutex_of(bus);
  Peer peer([this](const Line& line) -> int {
    const auto theirs = mutex_of(open_bus(name));
    (void)theirs->lock();
    line.send(1);
    for (;;) ::pause();
  });
  int said = 0;
  REQUIRE(peer.line().receive(&said));
  Status status;
  std::jthread waiter([&] { status = mutex->lock(); });
  while (bus->statistics().words[0].waiters == 0) std::this_thread::yield();
  peer.kill();
  waiter.join();
  CHECK(status.code() == StatusCode::data_loss);
}

TEST_CASE_FIXTURE(Fixture, "shared mutex: a forked child's copy does nothing") {
  const auto word = word_of(bus);
  const auto mutex = mutex_of(bus);
  REQUIRE(mutex->lock().ok());
  Peer peer([&](const Line&) {
    const bool right =
        mutex->lock().code() == StatusCode::failed_precondition &&
        mutex->unlock().code() == StatusCode::not_found && word->notify() == 0 &&
        word->wait_while([] { return true; }).code() == StatusCode::failed_precondition;
    return right ? 0 : 1;
  });
  CHECK(peer.wait() == 0);
  CHECK(mutex->unlock().ok());
}

}  // namespace
}  // namespace cogway
