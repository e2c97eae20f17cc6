// SPDX-License-Identifier: Apache-2.0
// A forked child inherits handles to its parent's bus. Nothing that it does with them, its exit
// included, may change what the parent sees.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <optional>
#include <vector>

#include "cogway/bus/bus.hpp"
#include "cogway/bus/writable_export.hpp"

namespace cogway {
namespace {

// Runs `body` in a child and returns whether it returned true there.
bool in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Fixture {
  BufferRef leased(std::uint64_t bytes) {
    BufferRef buffer = bus->try_lease(Layout::bytes(bytes));
    REQUIRE(buffer);
    std::memset(buffer.mutable_data(), 5, bytes);
    return buffer;
  }
  std::shared_ptr<Bus> bus = Bus::create({.capacity = 1 << 20});
};

TEST_CASE_FIXTURE(Fixture, "releasing everything in the child leaves the parent's counts alone") {
  BufferRef buffer = leased(1000);
  BufferRef frozen = leased(2000);
  REQUIRE(frozen.freeze().ok());
  Reservation credit = bus->try_reserve(500);
  std::optional<WritableExport> writer = WritableExport::try_take(buffer);
  REQUIRE(bus->slots().push("key", leased(100)).ok());
  const BusStatistics before = bus->statistics();
  CHECK(in_child([&] {
    writer.reset();
    buffer.reset();
    frozen.reset();
    credit.reset();
    bus.reset();
    return true;
  }));
  const BusStatistics after = bus->statistics();
  CHECK(after.used_bytes == before.used_bytes);
  CHECK(after.reserved_bytes == before.reserved_bytes);
  CHECK(after.live_buffers == before.live_buffers);
  CHECK(buffer.writable_exports() == 1);
  CHECK(buffer.freeze().code() == StatusCode::failed_precondition);  // the writer still counts
  writer.reset();
  CHECK(buffer.freeze().ok());
  // The block is still the parent's: a new lease of the same size gets another one.
  CHECK(leased(1000).data() != buffer.data());
  CHECK(buffer.data()[999] == std::byte{5});
}

TEST_CASE_FIXTURE(Fixture, "the child can read, and change nothing") {
  const BufferRef buffer = leased(1000);
  Reservation credit = bus->try_reserve(500);
  REQUIRE(bus->slots().push("key", leased(100)).ok());
  const std::uint64_t used = bus->used();
  CHECK(in_child([&] {
    BufferRef out;
    const std::vector<std::int64_t> smaller{10};
    return !bus->belongs_here() && !buffer.belongs_here() && buffer.data()[0] == std::byte{5} &&
           buffer.freeze().code() == StatusCode::failed_precondition &&
           buffer.transfer().code() == StatusCode::failed_precondition &&
           buffer.shrink(smaller).code() == StatusCode::failed_precondition &&
           !WritableExport::try_take(buffer) && !bus->try_lease(Layout::bytes(1)) &&
           !bus->try_reserve(1) && !bus->lease(credit, Layout::bytes(1)) &&
           bus->lease_within(Layout::bytes(1), kNever, &out).code() ==
               StatusCode::failed_precondition &&
           bus->trim() == 0 && !bus->slots().get("key") && !bus->slots().pop("key") &&
           !bus->slots().contains("key") && bus->slots().size() == 0 &&
           bus->slots().keys().empty() &&
           bus->slots().push("new", buffer).code() == StatusCode::failed_precondition;
  }));
  CHECK(bus->used() == used);
  CHECK(bus->slots().contains("key"));
  CHECK(buffer.state() == BufferState::leased);
}

TEST_CASE_FIXTURE(Fixture, "a child may have a bus of its own") {
  const BufferRef inherited = leased(1000);
  CHECK(in_child([&] {
    const auto own = Bus::create({.capacity = 1 << 20});
    const BufferRef buffer = own->try_lease(Layout::bytes(1000));
    return buffer && buffer.belongs_here() && buffer.freeze().ok() && !inherited.belongs_here();
  }));
}

TEST_CASE_FIXTURE(Fixture, "lent memory is the child's own copy and is given back there") {
  static int given_back = 0;
  given_back = 0;
  std::vector<float> memory(4);
  Layout layout;
  REQUIRE(Layout::contiguous(kFloat32, std::vector<std::int64_t>{4}, &layout).ok());
  BufferRef lent =
      lend_buffer(layout, memory.data(), false, nullptr, [](void*) noexcept { ++given_back; });
  CHECK(in_child([&] {
    {
      const WritableExport writer = WritableExport::try_take(lent);
      if (!writer) return false;
    }
    lent.reset();
    return given_back == 1;
  }));
  CHECK(given_back == 0);
  lent.reset();
  CHECK(given_back == 1);
}

}  // namespace
}  // namespace cogway
