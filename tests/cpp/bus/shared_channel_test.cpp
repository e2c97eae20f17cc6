// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/shared_channel.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "shared_peer.hpp"

namespace cogway {
namespace {

using test::Line;
using test::Peer;
using test::unique_name;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TimePoint soon() { return deadline_after(monotonic_now(), std::chrono::milliseconds(20)); }
TimePoint late() { return deadline_after(monotonic_now(), std::chrono::seconds(60)); }

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
std::string text_of(const ChannelMessage& message) {
  return {reinterpret_cast<const char*>(message.bytes().data()), message.bytes().size()};
}

struct Fixture {
  Fixture() { REQUIRE(SharedBus::create(name, 8 * kMiB, &bus).ok()); }
  std::shared_ptr<SharedChannel> open(const ChannelOptions& options = {}) {
    std::shared_ptr<SharedChannel> channel;
    const Status status = SharedChannel::open(bus, "c", options, &channel);
    CAPTURE(status.message());
    REQUIRE(status.ok());
    return channel;
  }
  BufferRef filled(std::uint64_t bytes, int value) {
    BufferRef buffer;
    REQUIRE(bus->lease(Layout::bytes(bytes), &buffer).ok());
    std::memset(buffer.mutable_data(), value, bytes);
    return buffer;
  }
  std::string name = unique_name("channel");
  std::shared_ptr<SharedBus> bus;
};

TEST_CASE_FIXTURE(Fixture, "channel: bytes and buffers come out in the order they went in") {
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto channel = open({.capacity = 4, .kind = kind});
    ChannelMessage message;
    CHECK(channel->try_receive(&message).code() == StatusCode::not_found);
    for (int lap = 0; lap < 5; ++lap) {
      REQUIRE(channel->try_send(bytes_of("one")).ok());
      REQUIRE(channel->try_send(bytes_of("")).ok());
      BufferRef buffer = filled(5000, lap);
      REQUIRE(channel->try_send(buffer).ok());
      buffer.reset();
      const std::string longest(channel->message_bytes(), 'x');
      REQUIRE(channel->try_send(bytes_of(longest)).ok());
      CHECK(channel->size() == 4);
      CHECK(channel->try_send(bytes_of("no")).code() == StatusCode::resource_exhausted);

      REQUIRE(channel->try_receive(&message).ok());
      CHECK(text_of(message) == "one");
      REQUIRE(channel->try_receive(&message).ok());
      CHECK(text_of(message).empty());
      CHECK_FALSE(message.buffer());
      REQUIRE(channel->try_receive(&message).ok());
      REQUIRE(message.buffer());
      CHECK(message.bytes().empty());
      CHECK(message.buffer().nbytes() == 5000);
      CHECK(message.buffer().state() == BufferState::frozen);
      CHECK(std::to_integer<int>(message.buffer().data()[4999]) == lap);
      REQUIRE(channel->try_receive(&message).ok());
      CHECK(text_of(message) == longest);
    }
    const ChannelStatistics now = channel->statistics();
    CHECK(now.sent == 20);
    CHECK(now.received == 20);
    CHECK(now.refused == 5);
    CHECK(now.messages == 0);
    CHECK(now.openers == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel: what is sent is held, and let go of when it has come out") {
  const auto channel = open();
  const std::uint64_t before = bus->statistics().used_bytes;
  BufferRef buffer = filled(300'000, 7);
  for (int i = 0; i < 10; ++i) REQUIRE(channel->send(buffer).ok());
  buffer.reset();
  CHECK(bus->statistics().used_bytes > before + 300'000);
  ChannelMessage message;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(channel->receive(&message, late()).ok());
    CHECK(std::to_integer<int>(message.buffer().data()[i]) == 7);
  }
  CHECK(bus->statistics().used_bytes > before + 300'000);
  message.take_buffer().reset();
  CHECK(bus->statistics().used_bytes == before);
}

TEST_CASE_FIXTURE(Fixture, "channel: what is too large is refused with a way out") {
  const auto channel = open({.bytes = 4096, .message_bytes = 8});
  const Status status = channel->send(bytes_of("123456789"));
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message().find("buffer") != std::string::npos);
  CHECK(channel->send(filled(100'000, 1)).code() == StatusCode::invalid_argument);
  BufferRef lent;
  CHECK(channel->send(lent).code() == StatusCode::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "channel: the capacity is exact, in messages and in bytes") {
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto channel = open({.capacity = 5, .kind = kind});
    for (int lap = 0; lap < 9; ++lap) {
      int sent = 0;
      while (channel->try_send(bytes_of("x")).ok()) ++sent;
      CHECK(sent == 5);
      ChannelMessage message;
      for (int i = 0; i < 5; ++i) REQUIRE(channel->try_receive(&message).ok());
    }
  }
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto channel = open({.capacity = 100, .bytes = 10'240, .kind = kind});
    ChannelMessage message;
    for (int lap = 0; lap < 300; ++lap) {
      int sent = 0;
      BufferRef buffer = filled(3000, 1);  // a block of 3072
      while (channel->try_send(buffer).ok()) ++sent;
      CHECK(sent == 3);
      CHECK(channel->statistics().bytes == 3 * 3072);
      sent = 0;
      while (channel->try_send(bytes_of(std::string(100, 'x'))).ok()) ++sent;  // counts 112
      CHECK(sent == (10'240 - 3 * 3072) / 112);
      while (channel->try_receive(&message).ok()) {
      }
      CHECK(channel->statistics().bytes == 0);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "channel: every policy does what it says when the channel is full") {
  ChannelMessage message;
  {
    const auto channel = open({.capacity = 2, .policy = ChannelPolicy::fail});
    for (int i = 0; i < 2; ++i) REQUIRE(channel->send(bytes_of("a")).ok());
    CHECK(channel->send(bytes_of("b")).code() == StatusCode::resource_exhausted);
    CHECK(channel->statistics().refused == 1);
    while (channel->try_receive(&message).ok()) {
    }
  }
  {
    const auto channel = open({.capacity = 2, .policy = ChannelPolicy::drop_newest});
    for (const char* text : {"a", "b", "c", "d"}) REQUIRE(channel->send(bytes_of(text)).ok());
    CHECK(channel->statistics().dropped_newest == 2);
    REQUIRE(channel->receive(&message).ok());
    CHECK(text_of(message) == "a");
    while (channel->try_receive(&message).ok()) {
    }
  }
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto channel = open({.capacity = 2, .policy = ChannelPolicy::drop_oldest, .kind = kind});
    const std::uint64_t before = bus->statistics().used_bytes;
    for (int i = 0; i < 7; ++i) REQUIRE(channel->send(filled(5000, i)).ok());
    CHECK(channel->statistics().dropped_oldest == 5);
    REQUIRE(channel->receive(&message).ok());
    CHECK(std::to_integer<int>(message.buffer().data()[0]) == 5);
    REQUIRE(channel->receive(&message).ok());
    CHECK(std::to_integer<int>(message.buffer().data()[0]) == 6);
    message.take_buffer().reset();
    CHECK(bus->statistics().used_bytes == before);
  }
  {
    const auto channel = open({.capacity = 2});
    for (int i = 0; i < 2; ++i) REQUIRE(channel->send(bytes_of("a")).ok());
    CHECK(channel->send(bytes_of("b"), soon()).code() == StatusCode::deadline_exceeded);
    CHECK(channel->statistics().send_timeouts == 1);
    while (channel->try_receive(&message).ok()) {
    }
    CHECK(channel->receive(&message, soon()).code() == StatusCode::deadline_exceeded);
    CHECK(channel->statistics().receive_timeouts == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel: closing lets out what is inside, and no more in") {
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto channel = open({.capacity = 2, .kind = kind});
    REQUIRE(channel->send(bytes_of("last")).ok());
    channel->close();
    CHECK(channel->closed());
    CHECK(channel->send(bytes_of("more")).code() == StatusCode::failed_precondition);
    ChannelMessage message;
    REQUIRE(channel->receive(&message).ok());
    CHECK(text_of(message) == "last");
    const Status status = channel->receive(&message);
    CHECK(status.code() == StatusCode::failed_precondition);
    CHECK(status.message().find("closed") != std::string::npos);
    CHECK(channel->try_receive(&message).code() == StatusCode::failed_precondition);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel: a close wakes who waits at either side") {
  const auto channel = open({.capacity = 1});
  StatusCode received = StatusCode::ok;
  std::thread reader([&] {
    ChannelMessage message;
    received = channel->receive(&message, late()).code();
  });
  while (channel->statistics().receive_waits == 0 && !channel->closed()) {
    // It sleeps, or is about to; either way the close must reach it.
    channel->close();
  }
  reader.join();
  CHECK(received == StatusCode::failed_precondition);
}

TEST_CASE_FIXTURE(Fixture, "channel: one that nobody has open and nothing is in is gone") {
  auto channel = open({.capacity = 3});
  REQUIRE(channel->send(bytes_of("kept")).ok());
  channel.reset();
  channel = open();  // as it was
  CHECK(channel->capacity() == 3);
  ChannelMessage message;
  REQUIRE(channel->try_receive(&message).ok());
  CHECK(text_of(message) == "kept");
  std::shared_ptr<SharedChannel> other;
  const Status status = SharedChannel::open(bus, "c", {.capacity = 4}, &other);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message().find("another capacity") != std::string::npos);
  channel.reset();
  CHECK(open({.capacity = 4})->capacity() == 4);  // another one
  CHECK(bus->statistics().used_bytes == 0);
}

TEST_CASE_FIXTURE(Fixture, "channel: names and sizes that cannot be are refused") {
  std::shared_ptr<SharedChannel> channel;
  for (const std::string& wrong : {std::string(), std::string("a/b"), std::string(64, 'x')}) {
    CHECK(SharedChannel::open(bus, wrong, {}, &channel).code() == StatusCode::invalid_argument);
  }
  for (const ChannelOptions& wrong :
       {ChannelOptions{.capacity = 0}, ChannelOptions{.capacity = 100'000},
        ChannelOptions{.message_bytes = 3000}, ChannelOptions{.message_bytes = 0}}) {
    CHECK(SharedChannel::open(bus, "c", wrong, &channel).code() == StatusCode::invalid_argument);
  }
  CHECK(
      SharedChannel::open(bus, "c", {.capacity = 65536, .message_bytes = 2040}, &channel).code() ==
      StatusCode::resource_exhausted);
  std::vector<std::shared_ptr<SharedChannel>> many(64);
  for (std::size_t i = 0; i < many.size(); ++i) {
    REQUIRE(SharedChannel::open(bus, "c" + std::to_string(i), {.capacity = 2}, &many[i]).ok());
  }
  CHECK(SharedChannel::open(bus, "c64", {}, &channel).code() == StatusCode::resource_exhausted);
  many.clear();
  CHECK(SharedChannel::open(bus, "c64", {}, &channel).ok());
  bus->close();
  CHECK(SharedChannel::open(bus, "c65", {}, &channel).code() == StatusCode::failed_precondition);
  CHECK(channel->send(bytes_of("x")).code() == StatusCode::failed_precondition);
}

TEST_CASE_FIXTURE(Fixture, "channel: threads of two processes, and nothing is lost or doubled") {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{4096}}) {
    constexpr std::uint64_t kEach = 4000;
    const auto channel = open({.capacity = 7, .bytes = bytes});
    const auto work = [&](SharedChannel& mine, std::uint64_t who) {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const std::uint64_t parts[3] = {who, i, ~(who + i)};
        if (!mine.send(std::as_bytes(std::span(parts)), late()).ok()) return false;
      }
      return true;
    };
    Peer peer([&](const Line&) {
      std::shared_ptr<SharedBus> mine;
      std::shared_ptr<SharedChannel> same;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      if (!SharedChannel::open(mine, "c", {}, &same).ok()) return 2;
      bool done[2] = {};
      std::thread other([&] { done[1] = work(*same, 1); });
      done[0] = work(*same, 0);
      other.join();
      return done[0] && done[1] ? 0 : 3;
    });
    bool done = false;
    std::thread sender([&] { done = work(*channel, 2); });
    std::uint64_t next[3] = {};
    ChannelMessage message;
    for (std::uint64_t i = 0; i < 3 * kEach; ++i) {
      REQUIRE(channel->receive(&message, late()).ok());
      std::uint64_t parts[3];
      REQUIRE(message.bytes().size() == sizeof(parts));
      std::memcpy(parts, message.bytes().data(), sizeof(parts));
      REQUIRE(parts[0] < 3);
      CHECK(parts[2] == ~(parts[0] + parts[1]));
      CHECK(parts[1] == next[parts[0]]++);  // each sender's in its order
    }
    sender.join();
    CHECK(done);
    CHECK(peer.wait() == 0);
    CHECK(channel->try_receive(&message).code() == StatusCode::not_found);
  }
}

TEST_CASE_FIXTURE(Fixture, "channel: buffers go to and fro between two processes") {
  for (const ChannelKind kind : {ChannelKind::mpmc, ChannelKind::spsc}) {
    const auto there = open({.capacity = 2, .kind = kind});
    std::shared_ptr<SharedChannel> back;
    REQUIRE(SharedChannel::open(bus, "back", {.capacity = 2, .kind = kind}, &back).ok());
    Peer peer([&](const Line&) {
      std::shared_ptr<SharedBus> mine;
      std::shared_ptr<SharedChannel> in;
      std::shared_ptr<SharedChannel> out;
      if (!SharedBus::open(name, &mine).ok()) return 1;
      if (!SharedChannel::open(mine, "c", {}, &in).ok()) return 2;
      if (!SharedChannel::open(mine, "back", {}, &out).ok()) return 3;
      ChannelMessage message;
      for (;;) {
        const Status status = in->receive(&message, late());
        if (status.code() == StatusCode::failed_precondition) return 0;
        if (!status.ok() || !out->send(message.buffer(), late()).ok()) return 4;
      }
    });
    ChannelMessage message;
    for (int i = 0; i < 500; ++i) {
      REQUIRE(there->send(filled(1000 + static_cast<std::uint64_t>(i), i), late()).ok());
      REQUIRE(back->receive(&message, late()).ok());
      CHECK(message.buffer().nbytes() == 1000 + static_cast<std::uint64_t>(i));
      CHECK(message.buffer().data()[i] == static_cast<std::byte>(i));
      message.take_buffer().reset();
    }
    there->close();
    CHECK(peer.wait() == 0);
  }
  CHECK(bus->statistics().live_buffers == 0);
}

TEST_CASE_FIXTURE(Fixture, "channel: of kind spsc each side has one process at a time") {
  const auto channel = open({.kind = ChannelKind::spsc});
  REQUIRE(channel->send(bytes_of("mine")).ok());
  std::shared_ptr<SharedBus> second;
  REQUIRE(SharedBus::open(name, &second).ok());
  std::shared_ptr<SharedChannel> other;
  REQUIRE(SharedChannel::open(second, "c", {}, &other).ok());
  const Status status = other->send(bytes_of("theirs"));
  CHECK(status.code() == StatusCode::already_exists);
  CHECK(status.message().find("mpmc") != std::string::npos);
  ChannelMessage message;
  REQUIRE(other->receive(&message).ok());
  CHECK(channel->try_receive(&message).code() == StatusCode::already_exists);
  Peer peer([&](const Line& line) {
    std::shared_ptr<SharedBus> third;
    std::shared_ptr<SharedChannel> mine;
    if (!SharedBus::open(name, &third).ok()) return 1;
    if (!SharedChannel::open(third, "d", {.kind = ChannelKind::spsc}, &mine).ok()) return 2;
    if (!mine->send(bytes_of("x")).ok()) return 3;
    line.send('d');
    char end = 0;
    (void)line.receive(&end);
    return 0;
  });
  char done = 0;
  REQUIRE(peer.line().receive(&done));
  std::shared_ptr<SharedChannel> next;
  REQUIRE(SharedChannel::open(bus, "d", {}, &next).ok());
  CHECK(next->send(bytes_of("y")).code() == StatusCode::already_exists);
  peer.kill();
  bus->reclaim();
  REQUIRE(next->send(bytes_of("y")).ok());
  REQUIRE(next->receive(&message).ok());
  CHECK(text_of(message) == "x");
  REQUIRE(next->receive(&message).ok());
  CHECK(text_of(message) == "y");
}

}  // namespace
}  // namespace cogway
