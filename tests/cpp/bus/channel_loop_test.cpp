// SPDX-License-Identifier: Apache-2.0
// Channels that call event loops through a descriptor.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "bus/shared_segments.hpp"
#include "cogway/bus/shared_channel.hpp"
#include "shared_peer.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr int kLong = 60'000;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
bool readable(int fd, int timeout = 0) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, timeout) == 1;
}

/// The same bus twice: two participants.
struct Fixture {
  Fixture() {
    REQUIRE(SharedBus::create(name, 8 * kMiB, &mine).ok());
    REQUIRE(SharedBus::open(name, &peers).ok());
    const ChannelOptions options{.capacity = 2};
    REQUIRE(SharedChannel::open(mine, "c", options, &channel).ok());
    REQUIRE(SharedChannel::open(peers, "c", options, &far_end).ok());
    REQUIRE(mine->loop_descriptor(&fd).ok());
  }
  std::string name = test::unique_name("channel-loop");
  std::shared_ptr<SharedBus> mine;
  std::shared_ptr<SharedBus> peers;
  std::shared_ptr<SharedChannel> channel;
  std::shared_ptr<SharedChannel> far_end;
  int fd = -1;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "channel loop: who watches is called once") {
  int again = -1;
  REQUIRE(mine->loop_descriptor(&again).ok());
  CHECK(again == fd);
  REQUIRE(far_end->try_send(bytes_of("1")).ok());
  CHECK_FALSE(readable(fd));  // nobody watched
  CHECK(channel->ready(ChannelEvent::message) == 1);

  channel->watch(ChannelEvent::message);
  REQUIRE(far_end->try_send(bytes_of("2")).ok());
  CHECK(readable(fd, kLong));
  mine->clear_loop_calls();
  CHECK_FALSE(readable(fd));
  CHECK(channel->ready(ChannelEvent::message) == 2);
  CHECK(channel->ready(ChannelEvent::room) == 0);

  channel->watch(ChannelEvent::room);
  ChannelMessage message;
  REQUIRE(far_end->try_receive(&message).ok());
  CHECK(readable(fd, kLong));
  CHECK(channel->ready(ChannelEvent::room) == 1);
}

TEST_CASE_FIXTURE(Fixture, "channel loop: a call that was not needed goes to the next") {
  int far_fd = -1;
  REQUIRE(peers->loop_descriptor(&far_fd).ok());
  channel->watch(ChannelEvent::message);
  REQUIRE(channel->try_send(bytes_of("1")).ok());
  CHECK(readable(fd, kLong));
  far_end->watch(ChannelEvent::message);
  channel->end_watch(ChannelEvent::message, true);
  CHECK(readable(far_fd, kLong));
  CHECK(channel->statistics().receive_waits == 1);
  CHECK(channel->statistics().receive_timeouts == 1);
}

TEST_CASE_FIXTURE(Fixture, "channel loop: closing calls all") {
  SUBCASE("the channel") {
    channel->watch(ChannelEvent::message);
    far_end->close();
    CHECK(channel->ready(ChannelEvent::message) > 1000);
  }
  SUBCASE("the bus of this process") { mine->close(); }
  CHECK(readable(fd, kLong));
}

TEST_CASE_FIXTURE(Fixture, "channel loop: nothing is opened but the pipe that a process made") {
  std::unique_ptr<detail::SharedSegments> segments;
  REQUIRE(detail::SharedSegments::open(name, &segments).ok());
  detail::SharedParticipant& entry = segments->control().participants[mine->participant()];
  int other[2] = {-1, -1};
  REQUIRE(::pipe2(other, O_NONBLOCK | O_CLOEXEC) == 0);
  SUBCASE("another pipe") { entry.line.store(static_cast<std::uint32_t>(other[0]) + 1); }
  SUBCASE("no pipe") {
    struct stat facts{};
    REQUIRE(::fstat(0, &facts) == 0);
    entry.line.store(1);
    entry.line_inode.store(facts.st_ino);
  }
  SUBCASE("no descriptor") { entry.line.store(0xffff'fff0); }
  SUBCASE("no process") { entry.pid.store(0xffff'fff0); }
  channel->watch(ChannelEvent::message);
  CHECK(far_end->try_send(bytes_of("1")).ok());
  CHECK_FALSE(readable(fd));
  CHECK_FALSE(readable(other[0]));
  CHECK(channel->ready(ChannelEvent::message) == 1);
  ::close(other[0]);
  ::close(other[1]);
}

}  // namespace cogway
