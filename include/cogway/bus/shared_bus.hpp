// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bus of several processes: each leases buffers, freezes them, and hands handles to the others,
// which attach the same memory. Any of them may be killed at any time: what it held comes back, and
// the others go on. For the buffers of one process alone Bus is cheaper and has reservations.
//
//   process A                    control file                  process B
//   lease → write → share ─┐   ┌ participants, holders ┐   ┌─ attach → read
//                          └──▶│ one word for a block  │◀──┘
//   data file: mapped for writing where leased ─────────── mapped for reading where attached

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cogway/base/cacheline.hpp"
#include "cogway/base/clock.hpp"
#include "cogway/base/status.hpp"
#include "cogway/bus/buffer.hpp"
#include "cogway/bus/layout.hpp"
#include "cogway/bus/shared_bus_statistics.hpp"

namespace cogway {

class SharedChannel;
class SharedWord;

namespace detail {
class SharedCarriage;
class SharedDirectory;
class SharedMembers;
class SharedPool;
class SharedRecords;
class SharedSegments;
class SharedWords;
}  // namespace detail

/// Tells buses apart, even of one name one after the other.
struct SharedBusId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr bool operator==(const SharedBusId&, const SharedBusId&) = default;
};

/// **Threads**: any, for all calls, of any process.
/// **Ownership**: held by shared_ptr; takes part until its last owner and its last buffer are gone.
/// The last process to leave removes the files; if all are killed, the next create() does. After
/// fork() the child's copy is inert: it can read what is mapped, and do nothing.
/// **Progress**: leases of memory that has pages, attach() and the end of a reference are
/// lock-free among processes (inside one, a striped mutex); fresh pages are given out under a lock
/// that survives its owner's death, waited for a tenth of a second at most. lease_within() waits.
/// **Order**: freeze() publishes content and layout to whoever attaches.
class SharedBus {
 public:
  static constexpr std::uint64_t kMinCapacity = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kMaxCapacity = std::uint64_t{64} << 30;
  using Out = std::shared_ptr<SharedBus>*;

  /// A new bus that other processes find by name, for this user alone (mode 0600, in /dev/shm or
  /// COGWAY_BUS_DIR). Replaces one whose participants are all dead. already_exists;
  /// invalid_argument; resource_exhausted: the file system is full.
  static Status create(const std::string& name, std::uint64_t capacity, Out out);
  /// Takes part in it. not_found; failed_precondition: another user's, open to others, or of
  /// another PID namespace; unimplemented: made by another build; invalid_argument: no bus;
  /// data_loss: damaged; resource_exhausted: 40 processes take part.
  static Status open(const std::string& name, Out out);
  /// A new bus without a name, in sealed memfds.
  static Status create_anonymous(std::uint64_t capacity, Out out);
  /// Hands the bus (not its buffers) to the peer of a Unix socket, which calls receive().
  Status send(int socket) const;
  static Status receive(int socket, Out out);
  /// Names of the buses of this folder, whoever's they are.
  [[nodiscard]] static std::vector<std::string> names();
  /// What statistics() of a participant would tell, without taking part: the dead are still there.
  /// Errors as open().
  static Status inspect(const std::string& name, SharedBusStatistics* out);
  /// Removes the files of a bus without a living participant. already_exists: one lives.
  static Status remove_dead(const std::string& name);

  SharedBus(const SharedBus&) = delete;
  SharedBus& operator=(const SharedBus&) = delete;

  /// A writable buffer with this layout (C-contiguous); its content is whatever was there. Looks
  /// for dead participants before it says that the bus is full. resource_exhausted;
  /// failed_precondition: closed, or a forked child; unavailable: a stopped process keeps others
  /// from giving out pages.
  Status lease(const Layout& layout, BufferRef* out);
  /// The same, waiting for room until the deadline: deadline_exceeded. `interrupted` (may be null)
  /// is asked twenty times a second: cancelled.
  Status lease_within(const Layout& layout, TimePoint deadline, BufferRef* out,
                      bool (*interrupted)(void*) = nullptr, void* argument = nullptr);

  /// Freezes a buffer of this bus and names it for other processes. Keep a reference until they
  /// have attached.
  Status share(const BufferRef& buffer, BufferId* out);
  /// The same, and keeps the buffer itself until somebody attaches, once for each call: this
  /// process while it takes part, then the bus, until the last process leaves or disinherit().
  Status hand_over(const BufferRef& buffer, BufferId* out);
  /// The buffer that another participant (or this one) shared. not_found: nobody holds it any
  /// more; invalid_argument: no handle of this bus.
  Status attach(BufferId id, BufferRef* out);

  /// A descriptor for the event loops of this process, the bus's own, made by the first call:
  /// readable when a channel that one of them watches may have something, or close() was called.
  /// Then clear_loop_calls() comes first. resource_exhausted: no descriptor is left.
  Status loop_descriptor(int* out);
  void clear_loop_calls() noexcept;

  /// Names of the channels on it: SharedChannel::open() opens one.
  [[nodiscard]] std::vector<std::string> channels() const;

  /// Removes a named word (SharedWord, SharedMutex) and forgets its value. not_found;
  /// already_exists: a living process has it open; unavailable.
  Status remove_word(const std::string& name);

  /// Takes back what dead participants held, now instead of when room is short; returns how many
  /// there were.
  std::uint32_t reclaim();
  /// Gives up on handles that processes had handed over before they left, and that nobody has
  /// attached; returns how many buffers there were.
  std::uint64_t disinherit() noexcept;
  /// Gives the memory of idle blocks back to the system; returns the bytes.
  std::uint64_t trim() noexcept;
  /// Refuses further leases and attaches. Buffers live on, and can be handed over.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;
  /// False in a child that inherited it through fork().
  [[nodiscard]] bool belongs_here() const noexcept;

  /// Empty without one.
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] SharedBusId id() const noexcept;
  [[nodiscard]] std::uint64_t capacity() const noexcept;
  [[nodiscard]] std::uint32_t participant() const noexcept { return participant_; }
  /// Whether another process can still find it by its name.
  [[nodiscard]] bool linked() const noexcept;
  /// Does not reclaim: the dead are shown.
  [[nodiscard]] SharedBusStatistics statistics() const;

 private:
  friend class SharedChannel;
  friend class SharedWord;
  friend void detail::release_record(detail::BufferRecord* record) noexcept;
  struct Transit {
    BufferRef buffer;
    std::uint32_t awaited;  ///< attaches of the block when this one has come
    [[nodiscard]] bool arrived() const noexcept;
  };
  explicit SharedBus(std::unique_ptr<detail::SharedSegments> segments);
  ~SharedBus();
  static Status enter(std::unique_ptr<detail::SharedSegments> segments, bool fresh, Out out);

  Status usable() const;
  Status try_lease(const Layout& layout, BufferRef* out);
  Status attach_held(BufferId id, BufferRef* out);
  std::uint32_t sweep() noexcept;
  [[nodiscard]] BufferRef start_lease(const Layout& layout, std::uint32_t size_class,
                                      std::uint32_t block) noexcept;
  void release_record(detail::BufferRecord* record) noexcept;
  void drop_arrived() noexcept;
  void bequeath_transit() noexcept;
  void retain() noexcept;
  void release() noexcept;
  void drop_owner() noexcept;
  void announce(int change) noexcept;

  std::unique_ptr<detail::SharedSegments> segments_;
  std::unique_ptr<detail::SharedMembers> members_;
  std::unique_ptr<detail::SharedPool> pool_;
  std::unique_ptr<detail::SharedRecords> records_;
  std::unique_ptr<detail::SharedCarriage> carriage_;
  std::unique_ptr<detail::SharedDirectory> directory_;
  std::unique_ptr<detail::SharedWords> words_;
  std::uint32_t participant_ = 0;
  const std::uint64_t fork_epoch_;
  mutable std::mutex transit_mutex_;
  std::deque<Transit> transit_;  ///< under its mutex
  std::mutex waiting_mutex_;
  int waiting_ = 0;  ///< threads that wait for room; under its mutex
  std::atomic<bool> closed_{false};
  alignas(kCacheLine) std::atomic<std::uint64_t> life_{1};  ///< owner (1) + buffers
};

}  // namespace cogway
