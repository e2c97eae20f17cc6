// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/reservation.hpp"

#include <algorithm>

#include "bus/control_header.hpp"
#include "cogway/base/assert.hpp"
#include "cogway/bus/bus.hpp"

namespace cogway {

Reservation Reservation::split(std::uint64_t bytes) noexcept {
  if (bus_ == nullptr || bytes > bytes_) return {};
  bytes_ -= bytes;
  bus_->retain();
  return {bus_, bytes};
}

void Reservation::merge(Reservation&& other) noexcept {
  if (bus_ == nullptr) {
    *this = std::move(other);
    return;
  }
  if (other.bus_ == nullptr) return;
  COGWAY_ASSERT(bus_ == other.bus_, "merged reservations are of one bus");
  bytes_ += std::exchange(other.bytes_, 0);
  other.reset();
}

void Reservation::give_back(std::uint64_t bytes) noexcept {
  const std::uint64_t given = std::min(bytes, bytes_);
  if (given == 0) return;
  bytes_ -= given;
  if (!bus_->belongs_here()) return;
  // order: relaxed, a statistic
  bus_->control_->participants[bus_->participant_].reserved.fetch_sub(given,
                                                                      std::memory_order_relaxed);
  bus_->give_bytes(given);
}

void Reservation::reset() noexcept {
  if (bus_ == nullptr) return;
  give_back(bytes_);
  Bus* bus = std::exchange(bus_, nullptr);
  if (bus->belongs_here()) bus->release();
}

}  // namespace cogway
