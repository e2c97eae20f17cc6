// SPDX-License-Identifier: Apache-2.0
#pragma once
// Taking part in a shared bus, and finding those that died.

#include <cstdint>
#include <memory>
#include <mutex>

#include "bus/shared_segments.hpp"
#include "cogway/base/status.hpp"

namespace cogway::detail {

class SharedPool;

/// **Threads**: any, after join(). **Ownership**: borrows the segments; its index until leave().
/// **Progress**: system calls; sweep() of one process by one thread at a time.
/// **Order**: who reclaims a dead participant sees all that it did.
class SharedMembers {
 public:
  explicit SharedMembers(SharedSegments& segments) noexcept : segments_(segments) {}

  /// unavailable: the last one has just left; resource_exhausted: 40 take part.
  Status join(std::uint32_t* participant) noexcept;
  /// Gives the index back; true: it was the last one, and nobody can join any more.
  bool leave() noexcept;
  /// Reclaims what dead participants held; returns how many were found.
  std::uint32_t sweep(SharedPool& pool) noexcept;

 private:
  [[nodiscard]] bool bury(std::uint32_t dead, SharedPool& pool) noexcept;

  SharedSegments& segments_;
  std::uint32_t me_ = kSharedParticipants;
  std::mutex mutex_;  ///< one sweep at a time: the threads of a process share its locks
};

}  // namespace cogway::detail
