// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes of the bus set aside before work is dispatched, so that the leases made from them cannot
// fail and nothing waits for memory inside a kernel.

#include <cstdint>
#include <utility>

namespace cogway {

class Bus;

/// **Threads**: distinct reservations any; one reservation by one thread at a time.
/// **Ownership**: holds bytes of capacity and keeps the bus mapped; gives back the rest when
/// destroyed. After fork(), the child's copy is inert.
/// **Progress**: wait-free; giving back also calls the freed-bytes hook.
/// **Order**: none beyond the bytes themselves.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept
      : bus_(std::exchange(other.bus_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this != &other) {
      reset();
      bus_ = std::exchange(other.bus_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() { reset(); }

  /// False: empty, as try_reserve() returns it when the bus is full.
  [[nodiscard]] explicit operator bool() const noexcept { return bus_ != nullptr; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] Bus* bus() const noexcept { return bus_; }

  /// Moves part of it into a reservation of its own; empty if there are not so many bytes.
  [[nodiscard]] Reservation split(std::uint64_t bytes) noexcept;
  /// Takes over all bytes of another one of the same bus (or, if this is empty, any).
  void merge(Reservation&& other) noexcept;
  /// Gives back at most that many bytes.
  void give_back(std::uint64_t bytes) noexcept;
  void reset() noexcept;

 private:
  friend class Bus;
  Reservation(Bus* bus, std::uint64_t bytes) noexcept : bus_(bus), bytes_(bytes) {}
  Bus* bus_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace cogway
