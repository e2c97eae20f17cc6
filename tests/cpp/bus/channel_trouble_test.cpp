// SPDX-License-Identifier: Apache-2.0
// Channels whose memory says anything, whose processes are stopped, and whose parents forked.
#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bus/channel_memory.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_step.hpp"
#include "cogway/bus/shared_channel.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TimePoint soon() { return deadline_after(monotonic_now(), std::chrono::milliseconds(30)); }
TimePoint late() { return deadline_after(monotonic_now(), std::chrono::seconds(60)); }

struct Fixture {
  Fixture() { REQUIRE(SharedBus::create(name, 8 * kMiB, &bus).ok()); }
  std::shared_ptr<SharedChannel> open(const ChannelOptions& options, const std::string& which) {
    std::shared_ptr<SharedChannel> channel;
    REQUIRE(SharedChannel::open(bus, which, options, &channel).ok());
    return channel;
  }
  std::string name = unique_name("channel-trouble");
  std::shared_ptr<SharedBus> bus;
};

/// The entry and the memory of a channel, as a process that writes where it may not has them.
struct Intruder {
  explicit Intruder(const std::string& bus) {
    REQUIRE(detail::SharedSegments::open(bus, &segments).ok());
  }
  [[nodiscard]] detail::SharedEntry& entry(std::uint32_t i) const {
    return segments->control().channels[i];
  }
  [[nodiscard]] std::span<std::uint64_t> words(std::uint32_t i) const {
    const detail::ClassPlan& at = segments->plan().classes[entry(i).size_class.load()];
    std::byte* memory = segments->writable(at.offset_of(entry(i).block.load()));
    return {reinterpret_cast<std::uint64_t*>(memory), at.block_bytes / 8};
  }
  std::unique_ptr<detail::SharedSegments> segments;
};

void allowed(const Status& status) {
  CAPTURE(status.message());
  CHECK(status.code() != StatusCode::internal);
}

TEST_CASE_FIXTURE(Fixture,
                  "channel trouble: garbage in it is an error or nothing, never believed") {
  BufferRef precious;
  REQUIRE(bus->lease(Layout::bytes(100'000), &precious).ok());
  std::memset(precious.mutable_data(), 0x5a, 100'000);
  const Intruder intruder(name);
  std::mt19937_64 random(7);
  int damaged = 0;
  for (int round = 0; round < 400; ++round) {
    const auto kind = round % 2 == 0 ? ChannelKind::mpmc : ChannelKind::spsc;
    const std::uint64_t bound = round % 3 == 0 ? 50'000 : 0;
    auto channel = open({.capacity = 3, .bytes = bound, .kind = kind}, "c");
    BufferRef buffer;
    REQUIRE(bus->lease(Layout::bytes(2000), &buffer).ok());
    (void)channel->try_send(buffer);
    (void)channel->try_send(std::as_bytes(std::span("bytes")));
    const std::span<std::uint64_t> words = intruder.words(0);
    for (int i = 0; i < 1 + round % 6; ++i) {
      // Anywhere behind what open() checks: ends, bells, sides, slots.
      const std::uint64_t at = sizeof(detail::ChannelConfig) / 8 +
                               random() % (words.size() - sizeof(detail::ChannelConfig) / 8);
      const std::uint64_t value = round % 5 == 0   ? words[at] ^ (std::uint64_t{1} << random() % 64)
                                  : round % 5 == 1 ? ~std::uint64_t{0}
                                                   : random();
      std::atomic_ref<std::uint64_t>(words[at]).store(value);
    }
    ChannelMessage message;
    for (int i = 0; i < 8; ++i) {
      const Status status = channel->receive(&message, monotonic_now());
      allowed(status);
      if (status.code() == StatusCode::data_loss) ++damaged;
      CHECK(message.bytes().size() <= channel->message_bytes());
      if (message.buffer()) CHECK(message.buffer().nbytes() <= 100'000);
      allowed(channel->send(std::as_bytes(std::span("more")), monotonic_now()));
      allowed(channel->try_send(buffer));
    }
    allowed(channel->receive(&message, monotonic_now()));
    (void)channel->statistics();
    message.take_buffer().reset();
    channel.reset();
    intruder.entry(0).ready.store(0);  // it is nobody's any more
    bus->reclaim();
  }
  CHECK(damaged > 0);
  for (int i = 0; i < 100'000; ++i) {
    if (precious.data()[i] != std::byte{0x5a}) FAIL("a buffer was overwritten");
  }
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: an entry that says anything is refused") {
  const Intruder intruder(name);
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    auto channel = open({}, "c");
    detail::SharedEntry& entry = intruder.entry(0);
    const std::uint32_t was[3] = {entry.size_class.load(), entry.block.load(),
                                  entry.generation.load()};
    std::atomic<std::uint32_t>* const parts[3] = {&entry.size_class, &entry.block,
                                                  &entry.generation};
    parts[round % 3]->store(round % 2 == 0 ? static_cast<std::uint32_t>(random())
                                           : was[round % 3] ^ 1);
    std::shared_ptr<SharedBus> second;
    REQUIRE(SharedBus::open(name, &second).ok());
    std::shared_ptr<SharedChannel> other;
    const Status status = SharedChannel::open(second, "c", {}, &other);
    CHECK(status.code() == StatusCode::data_loss);
    CHECK(status.message().find("damaged") != std::string::npos);
    REQUIRE(SharedChannel::open(second, "fine", {}, &other).ok());
    for (int i = 0; i < 3; ++i) parts[i]->store(was[i]);
  }
  auto channel = open({}, "c");
  std::atomic_ref<std::uint64_t>(intruder.words(0)[0]).fetch_xor(1);
  std::shared_ptr<SharedChannel> other;
  CHECK(SharedChannel::open(bus, "c", {}, &other).code() == StatusCode::data_loss);
}

/// A peer that stops itself at a step of `call`.
template <typename Call>
auto stopped_at(const char* label, Call call) {
  return [=](const Line&) {
    static const char* where = nullptr;
    where = label;
    detail::shared_step_hook.store([](const char* at) noexcept {
      if (std::strcmp(at, where) != 0) return;
      detail::shared_step_hook.store(nullptr);
      ::raise(SIGSTOP);
    });
    return call();
  };
}

void wait_until_stopped(const Peer& peer) {
  int status = 0;
  REQUIRE(::waitpid(peer.pid(), &status, WUNTRACED) == peer.pid());
  REQUIRE(WIFSTOPPED(status));
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: a stopped sender hides its place until it goes on") {
  const auto channel = open({}, "c");
  const auto send_one = [this] {
    std::shared_ptr<SharedBus> mine;
    std::shared_ptr<SharedChannel> same;
    if (!SharedBus::open(name, &mine).ok()) return 1;
    if (!SharedChannel::open(mine, "c", {}, &same).ok()) return 2;
    BufferRef buffer;
    if (!mine->lease(Layout::bytes(100), &buffer).ok()) return 3;
    return same->send(buffer).ok() ? 0 : 4;
  };
  for (const bool goes_on : {true, false}) {
    Peer peer(stopped_at("send.claimed", send_one));
    wait_until_stopped(peer);
    REQUIRE(channel->send(std::as_bytes(std::span("after"))).ok());
    ChannelMessage message;
    CHECK(channel->receive(&message, soon()).code() == StatusCode::deadline_exceeded);
    CHECK(channel->statistics().messages == 2);
    const SharedBusStatistics seen = bus->statistics();
    REQUIRE(seen.channels.size() == 1);
    REQUIRE(seen.channels[0].filling.size() == 1);
    CHECK(seen.channels[0].filling[0] != bus->participant());
    CHECK(seen.channels[0].openers.size() == 2);
    if (goes_on) {
      ::kill(peer.pid(), SIGCONT);
      REQUIRE(channel->receive(&message, late()).ok());
      CHECK(message.buffer());
      CHECK(peer.wait() == 0);
      message.take_buffer().reset();
    } else {
      peer.kill();
    }
    REQUIRE(channel->receive(&message, late()).ok());
    CHECK(message.bytes().size() == 6);
  }
  CHECK(channel->statistics().abandoned == 1);
  CHECK(bus->statistics().channels[0].filling.empty());
  bus->reclaim();
  CHECK(bus->statistics().live_buffers == 1);
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: a receiver stopped anywhere is in nobody's way") {
  const auto channel = open({.capacity = 2}, "c");
  for (const char* where : {"receive.touched", "receive.attached", "receive.taken", "ring.taken"}) {
    BufferRef buffer;
    REQUIRE(bus->lease(Layout::bytes(100), &buffer).ok());
    REQUIRE(channel->send(buffer).ok());
    buffer.reset();
    Peer peer(stopped_at(where, [this] {
      std::shared_ptr<SharedBus> mine;
      std::shared_ptr<SharedChannel> same;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      if (!SharedChannel::open(mine, "c", {}, &same).ok()) return 2;
      ChannelMessage message;
      const StatusCode code = same->try_receive(&message).code();
      return code == StatusCode::ok || code == StatusCode::not_found ? 0 : 3;
    }));
    wait_until_stopped(peer);
    ChannelMessage message;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(channel->send(std::as_bytes(std::span("x")), late()).ok());
      REQUIRE(channel->receive(&message, late()).ok());
      message.take_buffer().reset();
    }
    while (channel->try_receive(&message).ok()) message.take_buffer().reset();
    ::kill(peer.pid(), SIGCONT);
    CHECK(peer.wait() == 0);
    bus->reclaim();
    CHECK(bus->statistics().live_buffers == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: a process stopped over the directory is named") {
  const auto channel = open({}, "c");
  Peer peer(stopped_at("directory.taken", [this] {
    std::shared_ptr<SharedBus> mine;
    std::shared_ptr<SharedChannel> same;
    if (!SharedBus::open(name, &mine).ok()) return 1;
    return SharedChannel::open(mine, "new", {}, &same).ok() ? 0 : 2;
  }));
  wait_until_stopped(peer);
  std::shared_ptr<SharedChannel> other;
  const Status status = SharedChannel::open(bus, "other", {}, &other);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.message().find("stopped process") != std::string::npos);
  ChannelMessage message;  // what is open works
  REQUIRE(channel->send(std::as_bytes(std::span("x"))).ok());
  REQUIRE(channel->receive(&message, late()).ok());
  peer.kill();
  REQUIRE(SharedChannel::open(bus, "other", {}, &other).ok());
  REQUIRE(SharedChannel::open(bus, "new", {}, &other).ok());
  other.reset();
  bus->reclaim();
  CHECK(bus->statistics().live_buffers == 1);
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: a forked child's copy does nothing") {
  auto channel = open({}, "c");
  Peer child([&](const Line&) {
    ChannelMessage message;
    if (channel->send(std::as_bytes(std::span("x"))).code() != StatusCode::failed_precondition) {
      return 1;
    }
    const Status status = channel->receive(&message, soon());
    if (status.code() != StatusCode::failed_precondition) return 2;
    if (status.message().find("parent") == std::string::npos) return 3;
    channel->close();
    channel.reset();
    return 0;
  });
  CHECK(child.wait() == 0);
  CHECK_FALSE(channel->closed());
  CHECK(channel->statistics().openers == 1);
  ChannelMessage message;
  REQUIRE(channel->send(std::as_bytes(std::span("x"))).ok());
  REQUIRE(channel->receive(&message).ok());
}

TEST_CASE_FIXTURE(Fixture, "channel trouble: who waits can be interrupted") {
  const auto channel = open({.capacity = 1}, "c");
  int asked = 0;
  const ChannelInterrupt interrupt{[](void* count) { return ++*static_cast<int*>(count) == 2; },
                                   &asked};
  ChannelMessage message;
  CHECK(channel->receive(&message, late(), interrupt).code() == StatusCode::cancelled);
  REQUIRE(channel->send(std::as_bytes(std::span("x"))).ok());
  asked = 0;
  CHECK(channel->send(std::as_bytes(std::span("y")), late(), interrupt).code() ==
        StatusCode::cancelled);
  CHECK(channel->size() == 1);
}

}  // namespace
}  // namespace cogway
