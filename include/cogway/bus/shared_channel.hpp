// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bounded queue of messages between the processes of a shared bus: bytes, copied into a slot, and
// buffers, of which the reference moves and not a byte. For threads of one process the queues of
// the queue layer are cheaper; for values that are replaced, SlotStore.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/channel_options.hpp"
#include "cogway/bus/shared_bus.hpp"
#include "cogway/sync/spin_budget.hpp"
#include "cogway/sync/word_lock.hpp"

namespace cogway {

namespace detail {
struct ChannelHeader;
struct OpenChannel;
}  // namespace detail

/// What comes out of a channel. Reusable: 2 KiB, so not for the thousands.
///
/// **Threads**: as a value. **Ownership**: its bytes, or a reference to its buffer.
/// **Progress**, **Order**: n/a.
class ChannelMessage {
 public:
  /// Empty where it is a buffer.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {bytes_.data(), size_}; }
  /// Frozen, and empty where the message is bytes.
  [[nodiscard]] const BufferRef& buffer() const noexcept { return buffer_; }
  [[nodiscard]] BufferRef take_buffer() noexcept { return std::move(buffer_); }

 private:
  friend class SharedChannel;
  BufferRef buffer_;
  std::uint32_t size_ = 0;
  std::array<std::byte, ChannelOptions::kMostMessageBytes> bytes_;
};

/// Asked twenty times a second while a call waits; true ends the wait: cancelled.
struct ChannelInterrupt {
  bool (*asked)(void*) = nullptr;
  void* argument = nullptr;
};

/// Processes that are killed cost nothing but what they were about to send: a message that was sent
/// comes out, whoever sent it; a place in the ring, and a buffer on its way, come back when the
/// death is noticed, which whoever waits does within a twentieth of a second.
///
/// The channel lives while a process has it open or a message is in it.
///
/// **Threads**: any, for all calls, of any process.
/// **Ownership**: held by shared_ptr; keeps the bus. After fork() the child's copy is inert.
/// **Progress**: try_send() and try_receive() lock-free among processes, but that a sender stopped
/// between two steps hides what comes after its own message until it goes on or is killed; of kind
/// spsc, the threads of one side take turns. send() and receive() wait: they look for a while, then
/// sleep.
/// **Order**: what came before send() is seen by whoever received the message.
/// **Linearizable?** As a FIFO queue; "empty" may mean that the oldest send is not finished.
/// **Capacity**: messages, exactly; and bytes, where they are bounded.
class SharedChannel {
 public:
  using Out = std::shared_ptr<SharedChannel>*;
  /// Finds the channel of that name (1 to 63 letters, digits, '_', '-' or '.') on the bus, or makes
  /// it. invalid_argument: it is there, and different; resource_exhausted: the bus is full, or has
  /// its 64 channels; failed_precondition: the bus is closed; unavailable: a stopped process keeps
  /// others from opening channels; data_loss: damaged.
  static Status open(std::shared_ptr<SharedBus> bus, const std::string& name,
                     const ChannelOptions& options, Out out);
  SharedChannel(const SharedChannel&) = delete;
  SharedChannel& operator=(const SharedChannel&) = delete;
  ~SharedChannel();

  /// Sends a copy of the bytes, of which there may be message_bytes(). A full channel: by policy.
  /// resource_exhausted: full, by policy fail; deadline_exceeded; cancelled; failed_precondition:
  /// closed; already_exists: another process sends on this spsc channel; invalid_argument;
  /// data_loss.
  Status send(std::span<const std::byte> bytes, TimePoint deadline = kNever,
              ChannelInterrupt interrupt = {});
  /// Freezes a buffer of this bus and sends it; the caller's reference stays the caller's.
  Status send(const BufferRef& buffer, TimePoint deadline = kNever,
              ChannelInterrupt interrupt = {});
  /// The same without waiting: resource_exhausted, by policy block as well.
  /// `again`: the caller will watch() for room and try again, so that it is `unavailable`, and not
  /// counted as refused.
  Status try_send(std::span<const std::byte> bytes, bool again = false);
  Status try_send(const BufferRef& buffer, bool again = false);

  /// The oldest message. deadline_exceeded; cancelled; failed_precondition: closed and empty;
  /// already_exists: another process receives from this spsc channel; data_loss: the message, or
  /// the channel, is damaged.
  Status receive(ChannelMessage* out, TimePoint deadline = kNever, ChannelInterrupt interrupt = {});
  /// The same without waiting: not_found.
  Status try_receive(ChannelMessage* out);

  /// For event loops, which have SharedBus::loop_descriptor() called once when there may be
  /// something: watch, try once more, and wait for the descriptor. After each call every loop of
  /// the process looks at all it waits for, and watches again what it still waits for. A killed
  /// process calls nobody, so they look 20 times a second beside.
  void watch(ChannelEvent event) noexcept;
  /// Messages to take, or room for so many; any number of either where it is closed. A guess.
  [[nodiscard]] std::uint32_t ready(ChannelEvent event) const noexcept;
  /// One wait is over: counts it, and lets another process have the call if it was not needed.
  void end_watch(ChannelEvent event, bool timed_out) noexcept;

  /// For all processes: refuses further sends. What is inside comes out.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::shared_ptr<SharedBus>& bus() const noexcept { return bus_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept;
  [[nodiscard]] std::uint32_t message_bytes() const noexcept;
  [[nodiscard]] ChannelPolicy policy() const noexcept;
  [[nodiscard]] ChannelKind kind() const noexcept;
  [[nodiscard]] std::uint32_t size() const noexcept;
  [[nodiscard]] ChannelStatistics statistics() const;

 private:
  struct Outgoing;
  SharedChannel(std::shared_ptr<SharedBus> bus, std::string name,
                std::unique_ptr<detail::OpenChannel> open);
  [[nodiscard]] Status refusal(StatusCode code) const;
  [[nodiscard]] Status prepare(const BufferRef& buffer, Outgoing* out) const;
  [[nodiscard]] Status prepare(std::span<const std::byte> bytes, Outgoing* out) const;
  [[nodiscard]] StatusCode usable(std::atomic<std::uint32_t>& alone) noexcept;
  Status send_until(const Outgoing& message, TimePoint deadline, ChannelInterrupt interrupt);
  Status send_now(const Outgoing& message, bool again);
  [[nodiscard]] StatusCode push(const Outgoing& message);
  [[nodiscard]] StatusCode push_alone(const Outgoing& message);
  [[nodiscard]] StatusCode push_by_policy(const Outgoing& message, bool* by_policy);
  void look_for_dead() noexcept;
  [[nodiscard]] bool look_around(ChannelInterrupt interrupt) noexcept;
  [[nodiscard]] StatusCode pop(ChannelMessage* out);
  [[nodiscard]] StatusCode pop_any(ChannelMessage* out);

  std::shared_ptr<SharedBus> bus_;
  const std::string name_;
  std::unique_ptr<detail::OpenChannel> open_;
  WordLock<> sending_;    ///< spsc: by the thread that sends
  WordLock<> receiving_;  ///< spsc: by the thread that receives
  SpinPlace read_place_;
  SpinPlace write_place_;
  std::atomic<std::int64_t> looked_ns_{0};  ///< when look_for_dead() last did
};

}  // namespace cogway
