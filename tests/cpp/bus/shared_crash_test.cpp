// SPDX-License-Identifier: Apache-2.0
// A process is killed at every labelled step of every operation, one after the other, while others
// go on leasing, sharing and attaching. They must never see a wrong byte, and afterwards every byte
// of the bus must be there again.
#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/bus/shared_bus.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kCapacity = 2 * kMiB;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kStride = 29;  // forking is dear there
#else
constexpr int kStride = 1;
#endif

// ---- the one that is killed ---------------------------------------------------------------------

int steps_left = 0;

void count_down(const char*) noexcept {
  if (--steps_left == 0) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
}

bool lease_some(SharedBus& bus, std::uint64_t bytes, std::vector<BufferRef>* held) {
  BufferRef buffer;
  if (!bus.lease(Layout::bytes(bytes), &buffer).ok()) return false;
  std::memset(buffer.mutable_data(), 0xee, bytes);
  held->push_back(std::move(buffer));
  return true;
}

// Every operation, in an order and in sizes that `seed` chooses.
int live(const std::string& name, BufferId given, unsigned seed) {
  std::mt19937 random(seed);
  std::shared_ptr<SharedBus> bus;
  if (!SharedBus::open(name, &bus).ok()) return 1;
  bus->reclaim();
  std::vector<BufferRef> held;
  for (int i = 0; i < 3; ++i) lease_some(*bus, 200 + random() % 3000, &held);
  BufferRef seen;
  const Status attached = bus->attach(given, &seen);
  if (!attached.ok() && attached.code() != StatusCode::not_found) return 2;
  BufferId id;
  if (!held.empty() && !bus->hand_over(held.front(), &id).ok()) return 3;
  held.clear();
  // As much as there is in one size, so that another one has to take it over.
  const std::uint64_t large = 16'000 << random() % 5;
  while (lease_some(*bus, large, &held)) {
  }
  held.clear();
  lease_some(*bus, large, &held);
  for (int i = 0; i < 2; ++i) lease_some(*bus, 20'000 << random() % 5, &held);
  bus->trim();
  BufferRef own;
  if (!held.empty() && bus->share(held.back(), &id).ok() && !bus->attach(id, &own).ok()) return 4;
  held.clear();
  own.reset();
  seen.reset();
  bus.reset();
  return 0;
}

// ---- those that survive -------------------------------------------------------------------------

// Leases, shares, attaches and checks until told to stop.
int traffic(const std::string& name, const Line& line, unsigned seed) {
  std::mt19937 random(seed);
  std::shared_ptr<SharedBus> bus;
  std::shared_ptr<SharedBus> other;
  if (!SharedBus::open(name, &bus).ok() || !SharedBus::open(name, &other).ok()) return 1;
  line.send('r');
  std::uint32_t rounds = 0;
  char stop = 0;
  while (::recv(line.fd(), &stop, 1, MSG_DONTWAIT) != 1) {
    const std::uint64_t bytes = 1 + random() % 30'000;
    const int value = static_cast<int>(random() % 256);
    BufferRef buffer;
    const Status leased = bus->lease(Layout::bytes(bytes), &buffer);
    if (leased.code() == StatusCode::resource_exhausted ||
        leased.code() == StatusCode::unavailable) {
      continue;  // the other one has filled the bus for a moment
    }
    if (!leased.ok()) return 2;
    std::memset(buffer.mutable_data(), value, bytes);
    BufferId id;
    if (!bus->share(buffer, &id).ok()) return 3;
    BufferRef seen;
    if (!other->attach(id, &seen).ok()) return 4;
    buffer.reset();
    for (std::uint64_t i = 0; i < bytes; ++i) {
      if (seen.data()[i] != static_cast<std::byte>(value)) return 5;
    }
    ++rounds;
  }
  line.send(rounds);
  return 0;
}

struct Fixture {
  Fixture() {
    REQUIRE(SharedBus::create(name, kCapacity, &bus).ok());
    REQUIRE(bus->lease(Layout::bytes(5000), &given).ok());
    std::memset(given.mutable_data(), 0x5a, 5000);
    REQUIRE(bus->share(given, &id).ok());
  }

  /// Two others that die with three buffers each: the next to join becomes the first of them, and
  /// finds the second.
  void leave_corpses() {
    const auto hold = [&](const Line& line) {
      std::shared_ptr<SharedBus> mine;
      std::vector<BufferRef> held;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      for (int i = 0; i < 3; ++i) lease_some(*mine, 1000, &held);
      line.send('d');
      char end = 0;
      (void)line.receive(&end);
      return 0;
    };
    Peer first(hold);
    char done = 0;
    REQUIRE(first.line().receive(&done));
    Peer second(hold);
    REQUIRE(second.line().receive(&done));
    first.kill();
    second.kill();
  }

  /// Runs live() and kills it at its n-th step; false: it got to its end before.
  bool killed_at(int n, unsigned seed) {
    Peer victim([&](const Line&) {
      steps_left = n;
      detail::shared_step_hook.store(count_down);
      return live(name, id, seed);
    });
    const int status = victim.wait();
    CAPTURE(n);
    CAPTURE(seed);
    REQUIRE((status == 0 || status == 128 + SIGKILL));
    return status != 0;
  }

  void check_whole() {
    bus->reclaim();
    bus->disinherit();  // what live() handed over, and nobody attaches
    const SharedBusStatistics now = bus->statistics();
    CHECK(now.live_buffers == 1);  // the one that all attach
    CHECK(now.owners.size() == 1);
    CHECK(now.resident_bytes <= kCapacity);
    for (int i = 0; i < 5000; ++i) {
      if (given.data()[i] != std::byte{0x5a}) FAIL("a survivor's buffer was overwritten");
    }
    // All the rest can be leased, which needs all hints, all pages and a right count of them.
    bus->trim();
    const std::uint64_t left = bus->statistics().resident_bytes;
    CHECK(left == now.used_bytes / 5120 * 20480);  // the one group of the buffer that is held
    std::vector<BufferRef> held;
    std::uint64_t bytes = 0;
    while (lease_some(*bus, 32'768, &held)) bytes += 32'768;
    CHECK(bytes == (kCapacity - left) / 32'768 * 32'768);
    held.clear();
    while (lease_some(*bus, 300, &held)) {
    }
    CHECK(held.size() * 320 >= (kCapacity - left) / 20480 * 20480);
  }

  std::string name = unique_name("crash");
  std::shared_ptr<SharedBus> bus;
  BufferRef given;
  BufferId id;
};

TEST_CASE_FIXTURE(Fixture, "crash: killed at every step, nothing is lost") {
  int rounds = 0;
  for (unsigned seed = 0; seed < 2; ++seed) {
    // Far apart where one operation is repeated hundreds of times, every one at first.
    for (int n = 1;; n += n < 150 ? kStride : 7 * kStride + n / 16) {
      if (n % 3 == 0) leave_corpses();
      ++rounds;
      if (!killed_at(n, seed)) break;
      const TimePoint before = monotonic_now();
      check_whole();
      // Not a speed test: a survivor that waits for a dead one's lock would wait for ever.
      CHECK(monotonic_now() - before < std::chrono::seconds(30));
    }
  }
  CHECK(rounds > 300 / kStride);
}

TEST_CASE_FIXTURE(Fixture, "crash: killed at every step beside others that go on") {
  Peer busy([&](const Line& line) { return traffic(name, line, 7); });
  char ready = 0;
  REQUIRE(busy.line().receive(&ready));
  for (unsigned seed = 10; seed < 12; ++seed) {
    for (int n = 1;; n += n < 150 ? kStride : 7 * kStride + n / 16) {
      if (n % 3 == 0) leave_corpses();
      if (!killed_at(n, seed)) break;
    }
  }
  busy.line().send('s');
  std::uint32_t rounds = 0;
  REQUIRE(busy.line().receive(&rounds));
  CHECK(rounds > 0);
  CHECK(busy.wait() == 0);
  check_whole();
}

TEST_CASE_FIXTURE(Fixture, "crash: every label is a step of what is killed") {
  std::set<std::string> missing{
      "join.locked",   "join.member",  "claim.hinted",  "claim.claimed", "claim.begun",
      "free.left",     "free.offered", "page.locked",   "page.noted",    "page.allocated",
      "page.carved",   "page.marked",  "evict.claimed", "evict.marked",  "evict.released",
      "attach.joined", "attach.done",  "reclaim.left",  "sweep.locked",  "sweep.buried",
      "leave.left"};
  static std::set<std::string>* seen = nullptr;
  std::set<std::string> found;
  seen = &found;
  leave_corpses();
  detail::shared_step_hook.store([](const char* label) noexcept { seen->insert(label); });
  CHECK(live(name, id, 0) == 0);
  detail::shared_step_hook.store(nullptr);
  for (const std::string& label : found) missing.erase(label);
  for (const std::string& label : missing) FAIL_CHECK(label << " is not reached");
}

TEST_CASE("crash: a creator is killed at every step, and the name can be used") {
  const std::string name = unique_name("creator");
  for (int n = 1;; ++n) {
    Peer victim([&](const Line&) {
      steps_left = n;
      detail::shared_step_hook.store(count_down);
      std::shared_ptr<SharedBus> mine;
      return SharedBus::create(name, kMiB, &mine).ok() ? 0 : 1;
    });
    const int status = victim.wait();
    REQUIRE((status == 0 || status == 128 + SIGKILL));
    std::shared_ptr<SharedBus> mine;
    REQUIRE(SharedBus::create(name, kMiB, &mine).ok());
    std::shared_ptr<SharedBus> again;
    CHECK(SharedBus::open(name, &again).ok());
    if (status == 0) break;
  }
}

}  // namespace
}  // namespace cogway
