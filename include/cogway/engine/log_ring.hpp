// SPDX-License-Identifier: Apache-2.0
#pragma once
// What kernels and workers log, until an attached thread hands it to Python's logging. Bounded: a
// full ring drops the newest and counts it, so logging never waits.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace cogway {

struct LogRecord {
  std::int64_t time_ns = 0;  ///< CLOCK_MONOTONIC
  std::int32_t level = 0;    ///< as Python's logging
  std::int32_t worker = -1;
  char name[64] = {};      ///< kernel, or "cogway.engine"
  char message[512] = {};  ///< NUL-terminated, cut at a character's end
};

/// **Threads**: any push, any pop. **Ownership**: own storage, allocated once.
/// **Progress**: lock-free. **Order**: pop() sees the record pushed. **Linearizable?** As
/// MpmcQueue.
class LogRing {
 public:
  explicit LogRing(std::size_t capacity);
  ~LogRing();
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;

  /// False: full, counted.
  bool push(std::int32_t level, std::int32_t worker, std::string_view name,
            std::string_view message) noexcept;
  /// False: empty.
  bool pop(LogRecord* record) noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    // order: relaxed, a statistic
    return dropped_.load(std::memory_order_relaxed);
  }

  /// Called (from any thread, must not block) when a record lands in an empty ring. Set before use.
  void set_hook(void (*hook)(void*) noexcept, void* argument) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace cogway
