// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/buffer.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/writable_export.hpp"

namespace cogway {
namespace {

using Dims = std::vector<std::int64_t>;

Layout floats(const Dims& shape) {
  Layout layout;
  REQUIRE(Layout::contiguous(kFloat32, shape, &layout).ok());
  return layout;
}

TEST_CASE("a lease is writable, aligned and described") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({3, 5}));
  REQUIRE(buffer);
  CHECK(buffer.state() == BufferState::leased);
  CHECK(buffer.writable());
  CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
  CHECK(buffer.nbytes() == 60);
  CHECK(buffer.layout() == floats({3, 5}));
  CHECK(buffer.device() == Device{1, 0});
  CHECK(buffer.bus() == bus.get());
  CHECK(buffer.use_count() == 1);
  CHECK(buffer.belongs_here());
  std::memset(buffer.mutable_data(), 1, buffer.nbytes());
}

TEST_CASE("copies share, moves do not count, the last one frees") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  BufferRef first = bus->try_lease(floats({4}));
  BufferRef second = first;
  CHECK(first == second);
  CHECK(first.use_count() == 2);
  BufferRef third = std::move(second);
  CHECK_FALSE(second);  // NOLINT: a moved-from reference is empty
  CHECK(third.use_count() == 2);
  first.reset();
  CHECK(bus->used() == 64);
  third = BufferRef();
  CHECK(bus->used() == 0);
  third.reset();
}

TEST_CASE("leak and adopt keep the reference") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  BufferRef buffer = bus->try_lease(floats({4}));
  detail::BufferRecord* record = buffer.leak();
  CHECK_FALSE(buffer);
  CHECK(bus->used() == 64);
  buffer = BufferRef::adopt(record);
  CHECK(buffer.record() == record);
  CHECK(buffer.use_count() == 1);
}

TEST_CASE("a recycled block has a new generation") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  BufferRef buffer = bus->try_lease(floats({4}));
  const BufferId before = buffer.id();
  const std::byte* where = buffer.data();
  buffer.reset();
  buffer = bus->try_lease(floats({2}));
  CHECK(buffer.data() == where);
  CHECK(buffer.id().block == before.block);
  CHECK(buffer.id().generation == before.generation + 1);
  CHECK_FALSE(buffer.id() == before);
}

TEST_CASE("freeze makes immutable, once and for all") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({4}));
  CHECK(buffer.freeze().ok());
  CHECK(buffer.state() == BufferState::frozen);
  CHECK_FALSE(buffer.writable());
  CHECK(buffer.freeze().ok());
  CHECK_FALSE(WritableExport::try_take(buffer));
  CHECK(buffer.shrink(Dims{2}).code() == StatusCode::failed_precondition);
}

TEST_CASE("freeze and transfer are refused while someone can write") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({4}));
  WritableExport one = WritableExport::try_take(buffer);
  WritableExport two = WritableExport::try_take(buffer);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(buffer.writable_exports() == 2);
  const Status refused = buffer.freeze();
  CHECK(refused.code() == StatusCode::failed_precondition);
  CHECK(refused.message().find("2 writable views") != std::string::npos);
  CHECK(buffer.transfer().code() == StatusCode::failed_precondition);
  one.reset();
  CHECK(buffer.freeze().message().find("1 writable view ") != std::string::npos);
  two = WritableExport();
  CHECK(buffer.freeze().ok());
}

TEST_CASE("a transferred buffer has one exclusive writer at a time") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({4}));
  REQUIRE(buffer.transfer().ok());
  CHECK(buffer.state() == BufferState::transferred);
  CHECK(buffer.transfer().code() == StatusCode::failed_precondition);
  CHECK(buffer.freeze().code() == StatusCode::failed_precondition);
  {
    const WritableExport writer = WritableExport::try_take(buffer);
    CHECK(writer);
    CHECK_FALSE(WritableExport::try_take(buffer));
  }
  CHECK(WritableExport::try_take(buffer));
}

TEST_CASE("a frozen buffer is transferred by its only holder alone") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({4}));
  REQUIRE(buffer.freeze().ok());
  BufferRef other = buffer;
  CHECK(buffer.transfer().code() == StatusCode::failed_precondition);
  other.reset();
  CHECK(buffer.transfer().ok());
}

TEST_CASE("shrink keeps dtype and dimensions") {
  const auto bus = Bus::create({.capacity = 1 << 20});
  const BufferRef buffer = bus->try_lease(floats({8, 8}));
  CHECK(buffer.shrink(Dims{9, 1}).code() == StatusCode::invalid_argument);
  CHECK(buffer.shrink(Dims{8}).code() == StatusCode::invalid_argument);
  CHECK(buffer.shrink(Dims{-1, 8}).code() == StatusCode::invalid_argument);
  REQUIRE(buffer.shrink(Dims{3, 2}).ok());
  CHECK(buffer.layout() == floats({3, 2}));
  CHECK(bus->used() == 256);  // what was leased stays held
}

TEST_CASE("lent memory is given back by the last reference") {
  std::vector<float> memory(6, 1.0f);
  int given_back = 0;
  const auto release = [](void* owner) noexcept { ++*static_cast<int*>(owner); };
  BufferRef read_only = lend_buffer(floats({2, 3}), memory.data(), true, &given_back, release);
  CHECK(read_only.state() == BufferState::frozen);
  CHECK(read_only.data() == reinterpret_cast<std::byte*>(memory.data()));
  CHECK(read_only.bus() == nullptr);
  CHECK(read_only.belongs_here());
  BufferRef writable = lend_buffer(floats({6}), memory.data(), false, &given_back, release);
  CHECK(WritableExport::try_take(writable));
  BufferRef copy = writable;
  writable.reset();
  CHECK(given_back == 0);
  copy.reset();
  CHECK(given_back == 1);
  read_only.reset();
  CHECK(given_back == 2);
  lend_buffer(floats({6}), memory.data(), false, nullptr, nullptr).reset();
}

TEST_CASE("state names") {
  CHECK(std::string(buffer_state_name(BufferState::free)) == "free");
  CHECK(std::string(buffer_state_name(BufferState::leased)) == "leased");
  CHECK(std::string(buffer_state_name(BufferState::frozen)) == "frozen");
  CHECK(std::string(buffer_state_name(BufferState::transferred)) == "transferred");
}

}  // namespace
}  // namespace cogway
