// SPDX-License-Identifier: Apache-2.0
// A process is killed at every labelled step of every operation of a channel, one after the other,
// alone and beside others that go on. What it had sent comes out once, nothing else does, and every
// byte of the bus is there again.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/bus/shared_channel.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kStride = 13;  // forking is dear there
#else
constexpr int kStride = 1;
#endif

TimePoint late() { return deadline_after(monotonic_now(), std::chrono::seconds(60)); }

// ---- messages that prove themselves -------------------------------------------------------------

std::byte filler(std::uint64_t number) { return static_cast<std::byte>(number * 37 + 11); }

Status send_bytes(SharedChannel& channel, std::uint64_t number, TimePoint deadline) {
  std::byte bytes[40];
  std::memset(bytes, std::to_integer<int>(filler(number)), sizeof(bytes));
  std::memcpy(bytes, &number, 8);
  return channel.send(std::span<const std::byte>(bytes), deadline);
}

Status send_buffer(SharedBus& bus, SharedChannel& channel, std::uint64_t number,
                   TimePoint deadline) {
  BufferRef buffer;
  if (Status status = bus.lease(Layout::bytes(3000), &buffer); !status.ok()) return status;
  std::memset(buffer.mutable_data(), std::to_integer<int>(filler(number)), 3000);
  std::memcpy(buffer.mutable_data(), &number, 8);
  return channel.send(buffer, deadline);
}

/// Its number; 0: torn.
std::uint64_t number_of(const ChannelMessage& message) {
  const std::byte* bytes = message.buffer() ? message.buffer().data() : message.bytes().data();
  const std::uint64_t size = message.buffer() ? message.buffer().nbytes() : message.bytes().size();
  if (size != 40 && size != 3000) return 0;
  std::uint64_t number = 0;
  std::memcpy(&number, bytes, 8);
  const std::byte fill = filler(number);
  const bool whole = std::all_of(bytes + 8, bytes + size, [=](std::byte b) { return b == fill; });
  return whole ? number : 0;
}

// ---- the one that is killed ---------------------------------------------------------------------

int steps_left = 0;

void count_down(const char*) noexcept {
  if (--steps_left == 0) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
}

struct Report {
  char what = 0;  ///< 's' sent, 'r' received, 'd' sent where the oldest is dropped
  std::uint64_t number = 0;
};

constexpr std::uint64_t kTheirs = 1000;  ///< the victim's numbers begin there

/// Every operation; tells each one that has returned.
int live(const std::string& name, const Line& line) {
  std::shared_ptr<SharedBus> bus;
  if (!SharedBus::open(name, &bus).ok()) return 1;
  std::uint64_t number = kTheirs;
  ChannelMessage message;
  for (const char* which : {"mpmc", "spsc", "bound"}) {
    std::shared_ptr<SharedChannel> channel;
    if (!SharedChannel::open(bus, which, {}, &channel).ok()) return 2;
    for (int i = 0; i < 2; ++i) {
      if (!channel->receive(&message, late()).ok()) return 3;
      const std::uint64_t got = number_of(message);
      if (got == 0 || got >= kTheirs) return 4;
      line.send(Report{'r', got});
      message.take_buffer().reset();
    }
    if (!send_bytes(*channel, number, late()).ok()) return 5;
    line.send(Report{'s', number++});
    if (!send_buffer(*bus, *channel, number, late()).ok()) return 6;
    line.send(Report{'s', number++});
  }
  std::shared_ptr<SharedChannel> channel;
  if (!SharedChannel::open(bus, "drop", {}, &channel).ok()) return 7;
  for (int i = 0; i < 4; ++i) {
    if (!(i % 2 == 0 ? send_buffer(*bus, *channel, number, late())
                     : send_bytes(*channel, number, late()))
             .ok()) {
      return 8;
    }
    line.send(Report{'d', number++});
  }
  // One that it makes itself, and leaves behind with a message in it, and one without.
  std::shared_ptr<SharedChannel> own;
  if (!SharedChannel::open(bus, "own", {.capacity = 2}, &own).ok()) return 9;
  if (!send_buffer(*bus, *own, number, late()).ok()) return 10;
  line.send(Report{'s', number++});
  own->close();
  own.reset();
  if (!SharedChannel::open(bus, "brief", {.capacity = 2}, &own).ok()) return 11;
  own.reset();
  return 0;
}

// ---- those that survive -------------------------------------------------------------------------

struct Fixture {
  Fixture() {
    REQUIRE(SharedBus::create(name, 8 * kMiB, &bus).ok());
    open("mpmc", {.capacity = 4});
    open("spsc", {.capacity = 4, .kind = ChannelKind::spsc});
    open("bound", {.capacity = 6, .bytes = 20'000});
    open("drop", {.capacity = 2, .policy = ChannelPolicy::drop_oldest});
    base = bus->statistics().used_bytes;
  }
  void open(const std::string& which, const ChannelOptions& options) {
    REQUIRE(SharedChannel::open(bus, which, options, &channels[which]).ok());
  }

  /// The numbers that are in it, and their order.
  std::vector<std::uint64_t> drain(SharedChannel& channel) {
    std::vector<std::uint64_t> found;
    ChannelMessage message;
    Status status;
    while ((status = channel.try_receive(&message)).ok()) {
      found.push_back(number_of(message));
      CHECK(found.back() != 0);
    }
    const bool over =
        status.code() == StatusCode::not_found || status.code() == StatusCode::failed_precondition;
    CAPTURE(status.message());
    CHECK(over);
    return found;
  }

  /// One that dies with a slot and a buffer in its hands: the next to come, or to find no room,
  /// buries it, and is killed over that in its turn.
  void leave_corpse() {
    Peer corpse([&](const Line&) {
      std::shared_ptr<SharedBus> mine;
      std::shared_ptr<SharedChannel> channel;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      if (!SharedChannel::open(mine, "mpmc", {}, &channel).ok()) return 2;
      detail::shared_step_hook.store([](const char* at) noexcept {
        if (std::strcmp(at, "carry.added") == 0) ::raise(SIGKILL);
      });
      (void)send_buffer(*mine, *channel, 1, late());
      return 3;
    });
    REQUIRE(corpse.wait() == 128 + SIGKILL);
  }

  /// Fills the channels, lets live() run to its n-th step, and holds what comes out against what it
  /// had told. False: it came to its end.
  bool round(int n, bool corpses) {
    CAPTURE(n);
    std::uint64_t number = 1;
    std::multiset<std::uint64_t> before;
    for (const char* which : {"mpmc", "spsc", "bound"}) {
      // The sender's side of the spsc channel goes to the victim next: this process lets go of it.
      std::shared_ptr<SharedBus> other;
      std::shared_ptr<SharedChannel> channel;
      REQUIRE(SharedBus::open(name, &other).ok());
      REQUIRE(SharedChannel::open(other, which, {}, &channel).ok());
      before.insert(number);
      REQUIRE(send_bytes(*channel, number++, late()).ok());
      before.insert(number);
      REQUIRE(send_buffer(*other, *channel, number++, late()).ok());
    }
    if (corpses) leave_corpse();
    Peer victim([&](const Line& line) {
      steps_left = n;
      detail::shared_step_hook.store(count_down);
      return live(name, line);
    });
    const Line line = victim.line();
    const int status = victim.wait();
    REQUIRE((status == 0 || status == 128 + SIGKILL));
    std::multiset<std::uint64_t> sent = before;
    std::multiset<std::uint64_t> received;
    std::multiset<std::uint64_t> maybe_dropped;
    Report report;
    while (line.receive(&report)) {
      if (report.what == 'r') received.insert(report.number);
      if (report.what == 's') sent.insert(report.number);
      if (report.what == 'd') maybe_dropped.insert(report.number);
    }

    const TimePoint began = monotonic_now();
    bus->reclaim();
    std::multiset<std::uint64_t> found;
    for (const char* which : {"mpmc", "spsc", "bound", "drop", "own"}) {
      // By a participant that goes again: the receiver's side of the spsc channel is the next
      // victim's.
      std::shared_ptr<SharedBus> other;
      std::shared_ptr<SharedChannel> channel;
      REQUIRE(SharedBus::open(name, &other).ok());
      REQUIRE(SharedChannel::open(other, which, {}, &channel).ok());
      for (const std::uint64_t one : drain(*channel)) found.insert(one);
    }
    // Not a speed test: whoever waits for a dead one's lock waits for ever.
    CHECK(monotonic_now() - began < std::chrono::seconds(20));

    // Whatever was sent, and was not received by the dead, is there once. One step of the dead may
    // be done and not told: one message more, or one less.
    std::size_t untold = 0;
    for (const std::uint64_t one : sent) {
      CHECK(found.count(one) + received.count(one) <= 1);
      if (found.count(one) + received.count(one) == 0) ++untold;
    }
    for (const std::uint64_t one : found) {
      CHECK(found.count(one) == 1);
      if (sent.count(one) == 0 && maybe_dropped.count(one) == 0) ++untold;
    }
    CHECK(untold <= 1);
    // Of the last three that were told to be sent there, two are in it, or the fourth was cut
    // short.
    if (maybe_dropped.size() == 4) CHECK(found.count(*maybe_dropped.rbegin()) == 1);

    bus->reclaim();
    const SharedBusStatistics now = bus->statistics();
    CHECK(now.used_bytes == base);
    CHECK(now.owners.size() == 1);
    return status != 0;
  }

  std::string name = unique_name("channel-crash");
  std::shared_ptr<SharedBus> bus;
  std::map<std::string, std::shared_ptr<SharedChannel>> channels;
  std::uint64_t base = 0;
};

TEST_CASE_FIXTURE(Fixture, "channel crash: killed at every step, nothing is lost or doubled") {
  for (const bool corpses : {false, true}) {
    int n = 1;
    while (round(n, corpses)) n += kStride;
    CHECK(n > 100);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel crash: every label is a step of what is killed") {
  std::set<std::string> missing{
      "ring.claimed",      "ring.published",    "ring.taken",       "send.claimed",
      "send.written",      "send.published",    "carry.added",      "carry.removed",
      "receive.touched",   "receive.attached",  "receive.taken",    "discard.touched",
      "drop.done",         "close.marked",      "directory.locked", "directory.opened",
      "directory.taken",   "directory.written", "directory.ready",  "directory.left",
      "directory.removed", "bury.channel",      "audit.settled"};
  static std::set<std::string>* seen = nullptr;
  std::set<std::string> found;
  seen = &found;
  for (const char* which : {"mpmc", "spsc", "bound"}) {
    std::shared_ptr<SharedBus> other;
    std::shared_ptr<SharedChannel> channel;
    REQUIRE(SharedBus::open(name, &other).ok());
    REQUIRE(SharedChannel::open(other, which, {}, &channel).ok());
    REQUIRE(send_bytes(*channel, 1, late()).ok());
    REQUIRE(send_buffer(*other, *channel, 2, late()).ok());
  }
  leave_corpse();
  detail::shared_step_hook.store([](const char* label) noexcept { seen->insert(label); });
  Peer listener([](const Line& line) {
    Report report;
    while (line.receive(&report)) {
    }
    return 0;
  });
  CHECK(live(name, listener.line()) == 0);
  detail::shared_step_hook.store(nullptr);
  for (const std::string& label : found) missing.erase(label);
  for (const std::string& label : missing) FAIL_CHECK(label << " is not reached");
}

/// Sends and receives on one channel that all share, bytes and buffers, and checks what it gets,
/// until told to stop.
int traffic(const std::string& name, const Line& line, std::uint64_t number) {
  std::shared_ptr<SharedBus> bus;
  std::shared_ptr<SharedChannel> channel;
  if (!SharedBus::open(name, &bus).ok()) return 1;
  if (!SharedChannel::open(bus, "busy", {}, &channel).ok()) return 2;
  ChannelMessage message;
  line.send('r');
  std::uint32_t rounds = 0;
  char stop = 0;
  while (::recv(line.fd(), &stop, 1, MSG_DONTWAIT) != 1) {
    const Status sent = number % 2 == 0 ? send_buffer(*bus, *channel, number, monotonic_now())
                                        : send_bytes(*channel, number, monotonic_now());
    ++number;
    const bool may = sent.ok() || sent.code() == StatusCode::deadline_exceeded ||
                     sent.code() == StatusCode::resource_exhausted ||
                     sent.code() == StatusCode::unavailable;
    if (!may) return 3;
    const Status got = channel->try_receive(&message);
    if (got.ok() && number_of(message) == 0) return 4;
    if (!got.ok() && got.code() != StatusCode::not_found) return 5;
    if (got.ok()) ++rounds;
    message.take_buffer().reset();
  }
  line.send(rounds);
  return 0;
}

TEST_CASE_FIXTURE(Fixture, "channel crash: killed at every step beside others that go on") {
  open("busy", {.capacity = 8});
  base = bus->statistics().used_bytes;
  Peer one([&](const Line& line) { return traffic(name, line, 2); });
  Peer two([&](const Line& line) { return traffic(name, line, 1'000'001); });
  char ready = 0;
  REQUIRE(one.line().receive(&ready));
  REQUIRE(two.line().receive(&ready));
  // A step of a victim on the same channel, or of one that reclaims the last one.
  for (int n = 1; n < 400; n += n < 120 ? kStride : 7 * kStride) {
    Peer victim([&](const Line& line) {
      steps_left = n;
      detail::shared_step_hook.store(count_down);
      return traffic(name, line, 2'000'000 + static_cast<std::uint64_t>(n));
    });
    CAPTURE(n);
    CHECK(victim.wait() == 128 + SIGKILL);
  }
  for (Peer* peer : {&one, &two}) {
    peer->line().send('s');
    std::uint32_t rounds = 0;
    REQUIRE(peer->line().receive(&rounds));
    CHECK(rounds > 0);
    CHECK(peer->wait() == 0);
  }
  bus->reclaim();
  drain(*channels["busy"]);
  bus->reclaim();
  CHECK(bus->statistics().used_bytes == base);
  CHECK(channels["busy"]->statistics().damaged == 0);
}

TEST_CASE_FIXTURE(Fixture, "channel crash: who waits goes on when the one it waits for dies") {
  open("busy", {.capacity = 8});
  SharedChannel& channel = *channels["busy"];
  for (const char* where : {"send.claimed", "send.written", "ring.claimed"}) {
    static const char* label = nullptr;
    label = where;
    Peer victim([&](const Line&) {
      std::shared_ptr<SharedBus> mine;
      std::shared_ptr<SharedChannel> same;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      if (!SharedChannel::open(mine, "busy", {}, &same).ok()) return 2;
      detail::shared_step_hook.store([](const char* at) noexcept {
        if (std::strcmp(at, label) != 0) return;
        ::raise(SIGKILL);
      });
      (void)send_buffer(*mine, *same, 1, late());
      return 3;
    });
    CHECK(victim.wait() == 128 + SIGKILL);
    // The slot of the dead one comes first; nobody calls reclaim().
    REQUIRE(send_bytes(channel, 5, late()).ok());
    ChannelMessage message;
    REQUIRE(channel.receive(&message, late()).ok());
    CHECK(number_of(message) == 5);
  }
  CHECK(channel.statistics().abandoned == 3);
}

}  // namespace
}  // namespace cogway
