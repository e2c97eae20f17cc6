// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ports of one engine by name. Looked up by every post, changed seldom.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cogway/base/cacheline.hpp"
#include "cogway/engine/post_port.hpp"
#include "cogway/sync/pi_mutex.hpp"

namespace cogway {

/// A poster counts itself in, in one of several cells, before it looks for its port. A port that
/// lost its place is let go when every cell has been seen at zero since: whoever found it has left.
///
/// **Threads**: any. **Ownership**: shares each port until another takes its place.
/// **Progress**: post() as PostPort; the rest locks. **Order**: post() finds what a finished open()
/// returned.
class PostTable {
 public:
  static constexpr std::size_t kMostPorts = 256;

  /// std::invalid_argument: no name, a bad capacity, or more than kMostPorts are open;
  /// std::logic_error: an open port has the name, or the table is closed.
  std::shared_ptr<PostPort> open(std::string name, const PortOptions& options);
  /// not_found: there is no port of that name; unavailable: it is closed; else as PostPort.
  StatusCode post(std::string_view name, Bus& bus, std::span<const cogway_view> views) noexcept;
  /// Closes all ports, and opens no more.
  void close() noexcept;
  /// Of open ports, and of closed ones whose place nobody has taken.
  [[nodiscard]] std::vector<PortStatistics> statistics() const;

 private:
  static constexpr std::size_t kCells = 16;
  struct alignas(kCacheLine) Cell {
    std::atomic<std::uint32_t> inside{0};
  };

  [[nodiscard]] PostPort* find(std::string_view name) const noexcept;
  void let_go() noexcept;

  mutable PiMutex mutex_;  ///< over changes
  bool closed_ = false;
  std::vector<std::shared_ptr<PostPort>> owned_;    ///< at the index of their place
  std::vector<std::shared_ptr<PostPort>> retired_;  ///< replaced; posters may still be inside
  std::array<std::atomic<PostPort*>, kMostPorts> ports_{};
  std::atomic<std::size_t> count_{0};  ///< places used so far
  std::array<Cell, kCells> cells_;
};

}  // namespace cogway
