// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where what kernels post under one name waits for whoever takes it: native code never attaches to
// an interpreter in order to call into it. Bounded; made by Engine::open_port(). For results of
// tasks there are tickets, for lines of text there is the log.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cogway/base/os/event_fd.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/kernel_abi.h"
#include "cogway/queue/mpmc_queue.hpp"
#include "cogway/sync/doorbell.hpp"

namespace cogway {

class Bus;

/// What a post does when as many wait as the port holds.
enum class FullPortPolicy : std::uint8_t {
  fail,         ///< is refused: the kernel is told (resource_exhausted)
  drop_newest,  ///< is dropped, and counted; the kernel is told nothing
  drop_oldest,  ///< takes the place of the one that has waited longest, which is dropped and
                ///< counted
};

struct PortOptions {
  std::size_t capacity = 256;  ///< rounded up to a power of two
  FullPortPolicy when_full = FullPortPolicy::fail;
};

/// What one post carries.
struct Post {
  std::uint32_t n_buffers = 0;
  std::array<BufferRef, COGWAY_MAX_BUFFERS> buffers;  ///< frozen copies on the bus
};

struct PortStatistics {
  std::string name;
  std::uint64_t posted = 0;  ///< accepted
  std::uint64_t taken = 0;   ///< of them handed to the consumer
  std::uint64_t dropped =
      0;  ///< lost by policy: newest ones refused silently, oldest ones replaced
  std::uint64_t refused = 0;  ///< the kernel was told: full, no room on the bus, closed
  std::uint64_t queued = 0;   ///< waiting now
  std::uint64_t signals = 0;  ///< system calls made to wake the consumer
};

/// The consumer waits for fd() to become readable, calls clear_signal(), takes all there is, calls
/// listen(), and takes once more; posts that come while it is at it make no system call.
///
/// **Threads**: post() any; take(), listen() and clear_signal() the one consumer; the rest any.
/// **Ownership**: shared by the engine and the consumer; outlives the engine if need be.
/// **Progress**: post() lock-free but for the copy; it makes a system call when the consumer
/// listens.
/// **Order**: take() sees what the poster did before post(); posts of one thread come in order.
class PostPort {
 public:
  /// std::system_error: no descriptor is to be had.
  PostPort(std::string name, const PortOptions& options);
  PostPort(const PostPort&) = delete;
  PostPort& operator=(const PostPort&) = delete;

  /// Copies the views to `bus`. ok also where the policy dropped it.
  StatusCode post(Bus& bus, std::span<const cogway_view> views) noexcept;
  /// The oldest; false when none waits.
  [[nodiscard]] bool take(Post* post) noexcept;

  /// Readable when something was posted while the consumer listened, and after signal().
  [[nodiscard]] int fd() const noexcept { return event_.fd(); }
  void signal() noexcept { event_.signal(); }
  void clear_signal() noexcept { (void)event_.drain(); }
  /// From now on the next post makes fd() readable. Take once more after it.
  void listen() noexcept { bell_.listen(); }

  /// Refuses posts from now on; every post that was accepted can still be taken.
  void close() noexcept { filled_.close(); }
  [[nodiscard]] bool closed() const noexcept { return filled_.closed(); }
  /// Nothing waits, or is being posted.
  [[nodiscard]] bool empty() const noexcept { return filled_.empty(); }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] PortStatistics statistics() const;

 private:
  StatusCode refuse(StatusCode code) noexcept;

  const std::string name_;
  const FullPortPolicy when_full_;
  MpmcQueue<std::uint32_t> free_;    ///< indices of posts_
  MpmcQueue<std::uint32_t> filled_;  ///< likewise
  std::unique_ptr<Post[]> posts_;    ///< whoever holds the index has the post
  Doorbell<> bell_;
  os::EventFd event_;
  std::atomic<std::uint64_t> posted_{0}, taken_{0}, dropped_{0}, refused_{0}, signals_{0};
};

}  // namespace cogway
