// SPDX-License-Identifier: Apache-2.0
#include "bus/debug_arena.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cogway/base/os/crash_report.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/bus/size_class.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kCapacity = 1 << 20;

std::shared_ptr<Bus> debug_bus(std::uint64_t capacity = kCapacity) {
  return Bus::create({.capacity = capacity, .debug = true});
}

BufferRef lease_bytes(Bus& bus, std::uint64_t n) { return bus.try_lease(Layout::bytes(n)); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("debug mode is off by default") {
  const auto bus = Bus::create({.capacity = kCapacity});
  CHECK(bus->debug_report() == nullptr);
  CHECK(bus->debug_arena() == nullptr);
  CHECK(bus->report_held() == 0);
}

TEST_CASE("zones are no part of the capacity") {
  const auto bus = debug_bus();
  for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{1000},
                                   std::uint64_t{65536}, kCapacity / 2, kCapacity}) {
    std::vector<BufferRef> held;
    for (int round = 0; round < 3; ++round) {
      held.clear();
      while (BufferRef buffer = lease_bytes(*bus, size)) {
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % kPayloadAlignment == 0);
        std::memset(buffer.mutable_data(), 7, size);
        held.push_back(std::move(buffer));
      }
      CHECK(held.size() == kCapacity / Bus::charge(size));
    }
  }
  CHECK(bus->debug_report()->count() == 0);
}

TEST_CASE("a fresh buffer holds a pattern") {
  const auto bus = debug_bus();
  const BufferRef buffer = lease_bytes(*bus, 3);
  CHECK(buffer.data()[0] == detail::kFreshPattern);
  CHECK(buffer.data()[2] == detail::kFreshPattern);
}

TEST_CASE("freeze refuses what was overrun, once") {
  const auto bus = debug_bus();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100},
                                   std::uint64_t{4096}, std::uint64_t{200'000}}) {
    CAPTURE(size);
    const BufferRef buffer = lease_bytes(*bus, size);
    bus->debug_arena()->name(buffer, nullptr, {}, "shop.py:12");
    buffer.mutable_data()[size] = std::byte{1};
    buffer.mutable_data()[size + 2] = std::byte{1};
    const Status status = buffer.freeze();
    CHECK(status.code() == StatusCode::internal);
    CHECK(contains(status.message(), "2 bytes were written past the end of buffer"));
    CHECK(contains(status.message(), "the first at offset " + std::to_string(size)));
    CHECK(contains(status.message(), "leased at shop.py:12"));
    CHECK(contains(status.message(), "seen when it was frozen"));
    CHECK(buffer.state() == BufferState::leased);
    CHECK(buffer.freeze().ok());
  }
}

TEST_CASE("damage up to the edge of the zone may be more") {
  const auto bus = debug_bus();
  const BufferRef buffer = lease_bytes(*bus, 64);
  std::memset(buffer.mutable_data() + 64, 0, detail::kRedzoneBytes);
  CHECK(contains(buffer.freeze().message(), "at least 64 bytes were written past the end"));
  std::memset(buffer.mutable_data() + 64, 0, detail::kRedzoneBytes - 1);
  CHECK(contains(buffer.freeze().message(), "63 bytes were written past the end"));
  CHECK_FALSE(bus->debug_report()->findings()[1].at_least);
}

TEST_CASE("transfer refuses what was written to before its start") {
  const auto bus = debug_bus();
  const BufferRef buffer = lease_bytes(*bus, 100'000);
  *(buffer.mutable_data() - 8) = std::byte{1};
  const Status status = buffer.transfer();
  CHECK(contains(status.message(), "1 byte was written before the start of buffer"));
  CHECK(contains(status.message(), "the first at offset -8"));
  const auto findings = bus->debug_report()->findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == FindingKind::underrun);
  CHECK(findings[0].offset == -8);
  CHECK(findings[0].nbytes == 1);
  CHECK(buffer.transfer().ok());
}

TEST_CASE("what is freed is looked at, on both sides") {
  const auto bus = debug_bus();
  BufferRef buffer = lease_bytes(*bus, 10);
  bus->debug_arena()->name(buffer, "shop.sum", "output 0", nullptr);
  buffer.mutable_data()[10] = std::byte{1};
  *(buffer.mutable_data() - 1) = std::byte{1};
  buffer.reset();
  const auto findings = bus->debug_report()->findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].kind == FindingKind::overrun);
  CHECK(findings[1].kind == FindingKind::underrun);
  CHECK(findings[0].kernel == "shop.sum");
  CHECK(findings[0].argument == "output 0");
  CHECK(contains(findings[0].message, "uint8[10], 10 bytes, output 0 of 'shop.sum'"));
  CHECK(bus->used() == 0);
}

TEST_CASE("a shrunk buffer keeps the bounds of its lease") {
  const auto bus = debug_bus();
  const BufferRef buffer = lease_bytes(*bus, 100);
  CHECK(buffer.shrink(std::array<std::int64_t, 1>{10}).ok());
  buffer.mutable_data()[99] = std::byte{1};
  CHECK(buffer.freeze().ok());
}

TEST_CASE("freed memory holds poison, and writes into it are told") {
  const auto bus = debug_bus();
  for (const std::uint64_t size : {std::uint64_t{64}, std::uint64_t{100'000}}) {
    CAPTURE(size);
    BufferRef buffer = lease_bytes(*bus, size);
    bus->debug_arena()->name(buffer, "shop.sum", "output 1", "shop.py:7");
    std::byte* stale = buffer.mutable_data();
    buffer.reset();
    CHECK(stale[5] == detail::kFreedPattern);
    const std::uint64_t before = bus->debug_report()->count();
    std::memset(stale + 5, 0, 3);
    CHECK(bus->report_held() == 0);
    const auto findings = bus->debug_report()->findings();
    REQUIRE(bus->debug_report()->count() == before + 1);
    CHECK(findings.back().kind == FindingKind::use_after_free);
    CHECK(findings.back().offset == 5);
    CHECK(findings.back().nbytes == 3);
    CHECK(contains(findings.back().message, "3 bytes of buffer"));
    CHECK(contains(findings.back().message, "output 1 of 'shop.sum', leased at shop.py:7"));
    CHECK(bus->report_held() == 0);
    CHECK(bus->debug_report()->count() == before + 1);  // once
  }
}

TEST_CASE("a freed block is not leased again at once, and is looked at when it is") {
  const auto bus = debug_bus();
  BufferRef buffer = lease_bytes(*bus, 1000);
  std::byte* stale = buffer.mutable_data();
  buffer.reset();
  buffer = lease_bytes(*bus, 1000);
  CHECK(buffer.data() != stale);
  stale[0] = std::byte{0};
  for (int i = 0; i < 10'000 && bus->debug_report()->count() == 0; ++i)
    buffer = lease_bytes(*bus, 1000);
  CHECK(bus->debug_report()->count() == 1);
}

TEST_CASE("memory that was given back is no damage") {
  const auto bus = debug_bus();
  for (int round = 0; round < 6; ++round) {
    for (const std::uint64_t size : {std::uint64_t{100}, std::uint64_t{5000}, kCapacity / 4}) {
      std::vector<BufferRef> held;
      while (BufferRef buffer = lease_bytes(*bus, size)) held.push_back(std::move(buffer));
    }
    if (round % 2 == 0) bus->trim();
  }
  CHECK(bus->report_held() == 0);
  CHECK(bus->debug_report()->count() == 0);
}

TEST_CASE("warming leaves no damage") {
  const auto bus = debug_bus();
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}}) {
    CHECK(bus->warm(size, 10) == 10);
  }
  CHECK(bus->report_held() == 0);
  CHECK(bus->debug_report()->count() == 0);
}

TEST_CASE("a lease inside a kernel has its name") {
  const auto bus = debug_bus();
  BufferRef buffer;
  {
    const os::CrashScope kernel({"kernel", "shop.sum", nullptr});
    buffer = lease_bytes(*bus, 8);
  }
  CHECK(bus->report_held() == 1);
  CHECK(contains(bus->debug_report()->findings()[0].message, "8 bytes, leased by 'shop.sum')"));
}

TEST_CASE("what is held at close is named, once") {
  auto bus = debug_bus();
  const auto report = bus->debug_report();
  const BufferRef first = lease_bytes(*bus, 100);
  bus->debug_arena()->name(first, nullptr, {}, "shop.py:3");
  CHECK(bus->report_held() == 1);
  const BufferRef second = lease_bytes(*bus, 200);
  CHECK(second.freeze().ok());
  bus.reset();
  const auto findings = report->findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].kind == FindingKind::leak);
  CHECK(findings[0].place == "shop.py:3");
  CHECK(
      contains(findings[0].message, "(uint8[100], 100 bytes, leased at shop.py:3) is still held"));
  CHECK(findings[1].nbytes == 200);
  CHECK(contains(findings[1].message, "at close, frozen"));
}

TEST_CASE("a bus in debug mode is of a size that leaves room for zones") {
  CHECK_THROWS_AS(debug_bus(Bus::kMaxCapacity), std::invalid_argument);
  CHECK(debug_bus(Bus::kMinCapacity)->capacity() == Bus::kMinCapacity);
}

TEST_CASE("a report keeps a thousand findings and counts all") {
  DebugReport report;
  for (std::size_t i = 0; i < DebugReport::kMost + 5; ++i) report.add({}, false);
  CHECK(report.findings().size() == DebugReport::kMost);
  CHECK(report.count() == DebugReport::kMost + 5);
  const char* kept = report.keep("a.py:1");
  CHECK(report.keep(std::string("a.py:") + "1") == kept);
  CHECK(report.keep("") == nullptr);
}

TEST_CASE("many threads lease and free in debug mode") {
  const auto bus = debug_bus();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&bus, t] {
      for (std::uint64_t i = 0; i < 300; ++i) {
        const std::uint64_t size = (i * 977 + static_cast<std::uint64_t>(t) * 131) % 70'000;
        const BufferRef buffer = lease_bytes(*bus, size);
        if (!buffer) continue;
        std::memset(buffer.mutable_data(), t, size);
        CHECK(buffer.freeze().ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(bus->report_held() == 0);
  CHECK(bus->debug_report()->count() == 0);
  CHECK(bus->used() == 0);
}

}  // namespace
}  // namespace cogway
