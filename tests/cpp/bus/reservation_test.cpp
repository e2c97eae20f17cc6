// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/reservation.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "cogway/bus/bus.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kCapacity = 1 << 20;

TEST_CASE("a reservation holds bytes until it goes") {
  const auto bus = Bus::create({.capacity = kCapacity});
  {
    const Reservation all = bus->try_reserve(kCapacity);
    REQUIRE(all);
    CHECK(all.bytes() == kCapacity);
    CHECK(all.bus() == bus.get());
    CHECK_FALSE(bus->try_reserve(1));
    CHECK_FALSE(bus->try_lease(Layout::bytes(1)));
    const BusStatistics now = bus->statistics();
    CHECK(now.reserved_bytes == kCapacity);
    CHECK(now.free_bytes == 0);
    CHECK(now.refused == 2);
  }
  CHECK(bus->used() == 0);
  CHECK(bus->statistics().reserved_bytes == 0);
}

TEST_CASE("leases out of a reservation take exactly their charge") {
  const auto bus = Bus::create({.capacity = kCapacity});
  Reservation credit = bus->try_reserve(Bus::charge(1000) + Bus::charge(1));
  const BufferRef first = bus->lease(credit, Layout::bytes(1000));
  REQUIRE(first);
  CHECK(credit.bytes() == 64);
  CHECK_FALSE(bus->lease(credit, Layout::bytes(65)));
  CHECK(credit.bytes() == 64);
  const BufferRef second = bus->lease(credit, Layout::bytes(1));
  REQUIRE(second);
  CHECK(credit.bytes() == 0);
  CHECK_FALSE(bus->lease(credit, Layout::bytes(0)));
  CHECK(bus->used() == 1024 + 64);
}

TEST_CASE("a full bus still serves every reservation made before") {
  const auto bus = Bus::create({.capacity = kCapacity});
  // Mixed sizes, so that blocks of one class are wanted while other classes hold idle ones.
  std::vector<BufferRef> held;
  for (const std::uint64_t size : {std::uint64_t{64}, std::uint64_t{4096}, std::uint64_t{70000}}) {
    const std::uint64_t count = kCapacity / Bus::charge(size);
    std::vector<Reservation> credits;
    for (std::uint64_t i = 0; i < count; ++i) {
      credits.push_back(bus->try_reserve(Bus::charge(size)));
      REQUIRE(credits.back());
    }
    for (Reservation& credit : credits) {
      held.push_back(bus->lease(credit, Layout::bytes(size)));
      REQUIRE(held.back());
    }
    CHECK(bus->used() == count * Bus::charge(size));
    CHECK(bus->statistics().reserved_bytes == 0);
    held.clear();
  }
  CHECK(bus->used() == 0);
}

TEST_CASE("split, merge and give back move bytes without losing any") {
  const auto bus = Bus::create({.capacity = kCapacity});
  Reservation whole = bus->try_reserve(1000);
  Reservation part = whole.split(300);
  REQUIRE(part);
  CHECK(whole.bytes() == 700);
  CHECK_FALSE(whole.split(701));
  CHECK(whole.bytes() == 700);
  part.give_back(100);
  CHECK(bus->used() == 900);
  part.give_back(10000);
  CHECK(part.bytes() == 0);
  CHECK(bus->used() == 700);
  Reservation third = whole.split(200);
  part.merge(std::move(third));
  CHECK(part.bytes() == 200);
  Reservation empty;
  empty.merge(std::move(whole));
  CHECK(empty.bytes() == 500);
  CHECK_FALSE(empty.split(501));
  empty = std::move(part);
  CHECK(bus->used() == 200);
  empty.reset();
  empty.reset();
  CHECK(bus->used() == 0);
}

TEST_CASE("nothing reserved is a valid reservation") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const Reservation all = bus->try_reserve(kCapacity);
  const Reservation nothing = bus->try_reserve(0);
  CHECK(nothing);
  CHECK(nothing.bytes() == 0);
}

TEST_CASE("another bus's reservation is no use") {
  const auto bus = Bus::create({.capacity = kCapacity});
  const auto other = Bus::create({.capacity = kCapacity});
  Reservation credit = other->try_reserve(1000);
  CHECK_FALSE(bus->lease(credit, Layout::bytes(1)));
  CHECK(credit.bytes() == 1000);
}

TEST_CASE("a reservation keeps the bus mapped") {
  auto bus = Bus::create({.capacity = kCapacity});
  Reservation credit = bus->try_reserve(1000);
  bus.reset();
  CHECK(credit.bus()->closed());
  const BufferRef buffer = credit.bus()->lease(credit, Layout::bytes(100));
  REQUIRE(buffer);
  credit.reset();
  buffer.mutable_data()[99] = std::byte{1};
}

}  // namespace
}  // namespace cogway
