// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/slot_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/writable_export.hpp"

namespace cogway {
namespace {

struct Fixture {
  BufferRef value(int fill, std::uint64_t bytes = 256) {
    BufferRef buffer = bus->try_lease(Layout::bytes(bytes));
    REQUIRE(buffer);
    std::memset(buffer.mutable_data(), fill, bytes);
    return buffer;
  }
  std::shared_ptr<Bus> bus = Bus::create({.capacity = 1 << 20});
  SlotStore& slots = bus->slots();
};

TEST_CASE_FIXTURE(Fixture, "push replaces, get reads, pop removes") {
  CHECK_FALSE(slots.get("weights").has_value());
  std::uint64_t version = 0;
  REQUIRE(slots.push("weights", value(1), &version).ok());
  const std::optional<SlotValue> first = slots.get("weights");
  REQUIRE(first.has_value());
  CHECK(first->version == version);
  CHECK(first->buffer.state() == BufferState::frozen);
  REQUIRE(slots.push("weights", value(2)).ok());
  CHECK(first->buffer.data()[0] == std::byte{1});  // a reader's own value stays
  const std::optional<SlotValue> second = slots.pop("weights");
  REQUIRE(second.has_value());
  CHECK(second->buffer.data()[0] == std::byte{2});
  CHECK(second->version > version);
  CHECK_FALSE(slots.pop("weights").has_value());
  CHECK_FALSE(slots.contains("weights"));
  REQUIRE(slots.push("weights", value(3), &version).ok());
  CHECK(version > second->version);
}

TEST_CASE_FIXTURE(Fixture, "push_if_absent leaves what is there, and what it was given") {
  REQUIRE(slots.push_if_absent("key", value(1)).ok());
  const BufferRef refused = value(2);
  CHECK(slots.push_if_absent("key", refused).code() == StatusCode::already_exists);
  CHECK(refused.state() == BufferState::leased);
  CHECK(slots.get("key")->buffer.data()[0] == std::byte{1});
}

TEST_CASE_FIXTURE(Fixture, "what is not immutable cannot be pushed") {
  const BufferRef buffer = value(1);
  WritableExport writer = WritableExport::try_take(buffer);
  CHECK(slots.push("key", buffer).code() == StatusCode::failed_precondition);
  CHECK(slots.size() == 0);
  writer.reset();
  REQUIRE(buffer.transfer().ok());
  CHECK(slots.push("key", buffer).code() == StatusCode::failed_precondition);
  CHECK(slots.push("key", BufferRef()).code() == StatusCode::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "keys") {
  CHECK(slots.push("", value(1)).code() == StatusCode::invalid_argument);
  CHECK(slots.push(std::string(256, 'k'), value(1)).code() == StatusCode::invalid_argument);
  REQUIRE(slots.push(std::string(255, 'k'), value(1)).ok());
  for (int i = 0; i < 40; ++i) REQUIRE(slots.push("key" + std::to_string(i), value(i)).ok());
  CHECK(slots.size() == 41);
  CHECK(bus->statistics().keys == 41);
  auto names = slots.keys();
  CHECK(names.size() == 41);
  CHECK(std::find(names.begin(), names.end(), "key7") != names.end());
  slots.clear();
  CHECK(slots.size() == 0);
  CHECK(bus->used() == 0);
}

TEST_CASE_FIXTURE(Fixture, "readers beside a writer never see half a value") {
  REQUIRE(slots.push("frame", value(0)).ok());
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!stop) {
      const std::optional<SlotValue> seen = slots.get("frame");
      if (!seen || seen->version < last) {
        ++torn;
        continue;
      }
      last = seen->version;
      const std::byte first = seen->buffer.data()[0];
      for (std::uint64_t i = 0; i < seen->buffer.nbytes(); ++i) {
        if (seen->buffer.data()[i] != first) ++torn;
      }
    }
  });
  for (int i = 1; i < 3000; ++i) CHECK(slots.push("frame", value(i % 256)).ok());
  stop = true;
  reader.join();
  CHECK(torn == 0);
}

}  // namespace
}  // namespace cogway
