// SPDX-License-Identifier: Apache-2.0
// Random operations on a bus, each compared with a model that is a map and a sum.
#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "cogway/bus/buffer_view.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/bus/writable_export.hpp"

namespace cogway {
namespace {

constexpr std::uint64_t kCapacity = 1 << 20;

struct Held {
  BufferRef buffer;
  std::vector<BufferRef> copies;
  std::vector<WritableExport> writers;
  BufferState state = BufferState::leased;
  std::uint8_t fill = 0;
};

class RandomBus {
 public:
  explicit RandomBus(unsigned seed) : random_(seed) {}

  void step() {
    switch (pick(11)) {
      case 0:
      case 1:
      case 2:
        lease(false);
        break;
      case 3:
        lease(true);
        break;
      case 4:
        drop();
        break;
      case 5:
        copy();
        break;
      case 6:
        write();
        break;
      case 7:
        change(true);
        break;
      case 8:
        change(false);
        break;
      case 9:
        reserve();
        break;
      case 10:
        trim();
        break;
    }
    check();
  }

  void finish() {
    held_.clear();
    credits_.clear();
    CHECK(bus_->used() == 0);
    CHECK(bus_->statistics().live_buffers == 0);
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  std::uint64_t any_size() { return pick(std::uint64_t{1} << pick(19)) + pick(2); }

  void lease(bool from_credit) {
    const std::uint64_t size = any_size();
    Held held;
    if (from_credit) {
      if (credits_.empty()) return;
      Reservation& credit = credits_[pick(credits_.size())];
      const std::uint64_t before = credit.bytes();
      held.buffer = bus_->lease(credit, Layout::bytes(size));
      CHECK(static_cast<bool>(held.buffer) == (before >= Bus::charge(size)));
      CHECK(credit.bytes() == before - (held.buffer ? Bus::charge(size) : 0));
    } else {
      held.buffer = bus_->try_lease(Layout::bytes(size));
      CHECK(static_cast<bool>(held.buffer) == (expected_used() + Bus::charge(size) <= kCapacity));
    }
    if (!held.buffer) return;
    held.fill = static_cast<std::uint8_t>(random_());
    std::memset(held.buffer.mutable_data(), held.fill, size);
    held_.push_back(std::move(held));
  }
  Held* any() { return held_.empty() ? nullptr : &held_[pick(held_.size())]; }
  void drop() {
    Held* chosen = any();
    if (chosen == nullptr) return;
    if (!chosen->writers.empty()) {
      chosen->writers.pop_back();
    } else if (!chosen->copies.empty()) {
      chosen->copies.pop_back();
    } else {
      std::swap(*chosen, held_.back());
      held_.pop_back();
    }
  }
  void copy() {
    if (Held* chosen = any()) chosen->copies.push_back(chosen->buffer);
  }
  void write() {
    Held* chosen = any();
    if (chosen == nullptr) return;
    WritableExport writer = WritableExport::try_take(chosen->buffer);
    const bool allowed = chosen->state == BufferState::leased ||
                         (chosen->state == BufferState::transferred && chosen->writers.empty());
    CHECK(static_cast<bool>(writer) == allowed);
    if (writer) chosen->writers.push_back(std::move(writer));
  }
  void change(bool freeze) {
    Held* chosen = any();
    if (chosen == nullptr) return;
    const bool sole =
        chosen->copies.empty();  // writers hold references, but then it is refused anyway
    const Status status = freeze ? chosen->buffer.freeze() : chosen->buffer.transfer();
    bool allowed = chosen->writers.empty() && chosen->state == BufferState::leased;
    if (chosen->state == BufferState::frozen) allowed = freeze || sole;
    CHECK(status.ok() == allowed);
    if (allowed) chosen->state = freeze ? BufferState::frozen : BufferState::transferred;
  }
  void reserve() {
    if (!credits_.empty() && pick(2) == 0) {
      credits_.pop_back();
      return;
    }
    const std::uint64_t bytes = any_size();
    Reservation credit = bus_->try_reserve(bytes);
    CHECK(static_cast<bool>(credit) == (expected_used() + bytes <= kCapacity));
    if (credit) credits_.push_back(std::move(credit));
  }
  void trim() {
    if (pick(8) == 0) bus_->trim();
  }

  std::uint64_t expected_used() const {
    std::uint64_t used = 0;
    for (const Held& held : held_) used += Bus::charge(held.buffer.nbytes());
    for (const Reservation& credit : credits_) used += credit.bytes();
    return used;
  }
  void check() {
    const std::uint64_t expected = expected_used();
    CHECK(bus_->used() == expected);
    std::map<BufferState, std::uint64_t> bytes;
    for (const Held& held : held_) {
      bytes[held.state] += Bus::charge(held.buffer.nbytes());
      CHECK(held.buffer.state() == held.state);
      CHECK(held.buffer.use_count() == 1 + held.copies.size() + held.writers.size());
      CHECK(held.buffer.writable_exports() == held.writers.size());
      // First and last byte of every live buffer: nobody else was given its memory.
      const std::uint64_t size = held.buffer.nbytes();
      if (size != 0) {
        CHECK(held.buffer.data()[0] == std::byte{held.fill});
        CHECK(held.buffer.data()[size - 1] == std::byte{held.fill});
      }
    }
    const BusStatistics now = bus_->statistics();
    CHECK(now.leased_bytes == bytes[BufferState::leased]);
    CHECK(now.frozen_bytes == bytes[BufferState::frozen]);
    CHECK(now.transferred_bytes == bytes[BufferState::transferred]);
    CHECK(now.live_buffers == held_.size());
    // A quarter more than the capacity for what size classes round up, and half for small blocks
    // that share pages with live ones.
    CHECK(now.resident_bytes <= kCapacity + kCapacity / 4 + kCapacity / 2);
  }

  std::mt19937_64 random_;
  std::shared_ptr<Bus> bus_ = Bus::create({.capacity = kCapacity});
  std::vector<Held> held_;
  std::vector<Reservation> credits_;
};

TEST_CASE("a bus does what its model does, whatever the order") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    RandomBus bus(seed);
    for (int i = 0; i < 600; ++i) bus.step();
    bus.finish();
  }
}

}  // namespace
}  // namespace cogway
