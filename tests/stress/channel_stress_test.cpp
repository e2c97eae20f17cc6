// SPDX-License-Identifier: Apache-2.0
// Two participants of one bus, with threads that send, receive, and are called by a descriptor, at
// once on a small channel. Each message comes out once, and in the order of its sender.
#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cogway/bus/shared_channel.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint32_t kSenders = 3;
constexpr std::uint32_t kMessages = 4000;  ///< of each sender

struct Number {
  std::uint32_t sender;
  std::uint32_t index;
};

/// What one receiver got.
class Taken {
 public:
  void add(const ChannelMessage& message) {
    Number number{};
    if (message.buffer()) {
      std::memcpy(&number, message.buffer().data(), sizeof number);
    } else {
      std::memcpy(&number, message.bytes().data(), sizeof number);
    }
    REQUIRE(number.sender < kSenders);
    if (number.index < next_[number.sender]) ordered_ = false;
    next_[number.sender] = number.index + 1;
    numbers_.push_back(number);
  }
  [[nodiscard]] bool ordered() const { return ordered_; }
  [[nodiscard]] const std::vector<Number>& numbers() const { return numbers_; }

 private:
  std::array<std::uint32_t, kSenders> next_{};
  std::vector<Number> numbers_;
  bool ordered_ = true;
};

struct End {
  std::shared_ptr<SharedBus> bus;
  std::shared_ptr<SharedChannel> channel;
};

void send_all(const End& end, std::uint32_t sender) {
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    const Number number{sender, i};
    if (i % 64 != 0) {
      CHECK(end.channel->send(std::as_bytes(std::span(&number, 1))).ok());
      continue;
    }
    BufferRef buffer;
    REQUIRE(end.bus->lease_within(Layout::bytes(sizeof number), kNever, &buffer).ok());
    std::memcpy(buffer.mutable_data(), &number, sizeof number);
    CHECK(end.channel->send(buffer).ok());
  }
}

void receive_all(const End& end, Taken& taken) {
  ChannelMessage message;
  while (end.channel->receive(&message).ok()) taken.add(message);
}

/// As an event loop does, but that it only believes the descriptor.
void be_called(const End& end, Taken& taken) {
  int fd = -1;
  REQUIRE(end.bus->loop_descriptor(&fd).ok());
  ChannelMessage message;
  for (;;) {
    end.channel->watch(ChannelEvent::message);
    const Status status = end.channel->try_receive(&message);
    if (status.ok()) {
      taken.add(message);
    } else if (status.code() != StatusCode::not_found) {
      return;
    } else {
      pollfd one{fd, POLLIN, 0};
      REQUIRE(::poll(&one, 1, 60'000) == 1);
      end.bus->clear_loop_calls();
    }
  }
}

}  // namespace

TEST_CASE("channel: each message comes out once, in its sender's order") {
  const std::string name = "stress-channel-" + std::to_string(::getpid());
  std::array<End, 2> ends;
  REQUIRE(SharedBus::create(name, 8 * kMiB, &ends[0].bus).ok());
  REQUIRE(SharedBus::open(name, &ends[1].bus).ok());
  for (End& end : ends) {
    REQUIRE(SharedChannel::open(end.bus, "c", {.capacity = 5}, &end.channel).ok());
  }
  std::array<Taken, 3> taken;
  std::vector<std::thread> receivers;
  receivers.emplace_back([&] { receive_all(ends[0], taken[0]); });
  receivers.emplace_back([&] { receive_all(ends[1], taken[1]); });
  receivers.emplace_back([&] { be_called(ends[1], taken[2]); });
  std::vector<std::thread> senders;
  for (std::uint32_t i = 0; i < kSenders; ++i) {
    senders.emplace_back([&ends, i] { send_all(ends[i % 2], i); });
  }
  for (std::thread& thread : senders) thread.join();
  ends[0].channel->close();
  for (std::thread& thread : receivers) thread.join();

  std::array<std::vector<int>, kSenders> times;
  for (std::vector<int>& of_sender : times) of_sender.resize(kMessages);
  for (const Taken& one : taken) {
    CHECK(one.ordered());
    for (const Number& number : one.numbers()) ++times[number.sender][number.index];
  }
  for (const std::vector<int>& of_sender : times) {
    for (const int count : of_sender) REQUIRE(count == 1);
  }
  CHECK(ends[0].channel->statistics().received == std::uint64_t{kSenders} * kMessages);
}

}  // namespace cogway
