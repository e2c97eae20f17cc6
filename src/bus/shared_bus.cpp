// SPDX-License-Identifier: Apache-2.0
// Life, leases and the end of references; handles are in shared_handles.cpp, numbers in
// shared_bus_statistics.cpp.
#include "cogway/bus/shared_bus.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>
#include <utility>

#include "bus/shared_carriage.hpp"
#include "bus/shared_directory.hpp"
#include "bus/shared_members.hpp"
#include "bus/shared_pool.hpp"
#include "bus/shared_records.hpp"
#include "bus/shared_segments.hpp"
#include "bus/shared_step.hpp"
#include "bus/shared_words.hpp"
#include "cogway/base/assert.hpp"
#include "cogway/base/os/descriptor_passing.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/base/os/futex.hpp"

namespace cogway {
namespace {

// A killed holder wakes nobody: who waits looks for the dead this often.
constexpr Nanoseconds kRoomLook = std::chrono::milliseconds(50);

Status check_capacity(std::uint64_t capacity) {
  if (capacity >= SharedBus::kMinCapacity && capacity <= SharedBus::kMaxCapacity) return {};
  return {StatusCode::invalid_argument,
          "the capacity of a shared bus must be between 1 MiB and 64 GiB, not " +
              std::to_string(capacity) + " bytes"};
}

}  // namespace

SharedBus::SharedBus(std::unique_ptr<detail::SharedSegments> segments)
    : segments_(std::move(segments)),
      members_(std::make_unique<detail::SharedMembers>(*segments_)),
      records_(std::make_unique<detail::SharedRecords>(segments_->plan().blocks)),
      fork_epoch_(os::fork_epoch()) {}

SharedBus::~SharedBus() = default;

// ---- coming and going ---------------------------------------------------------------------------

Status SharedBus::enter(std::unique_ptr<detail::SharedSegments> segments, bool fresh, Out out) {
  std::unique_ptr<SharedBus, void (*)(SharedBus*)> made(nullptr,
                                                        [](SharedBus* bus) { delete bus; });
  try {
    made.reset(new SharedBus(std::move(segments)));
  } catch (const std::system_error& error) {
    return {StatusCode::resource_exhausted, error.what()};
  }
  if (Status status = made->members_->join(&made->participant_); !status.ok()) return status;
  made->pool_ = std::make_unique<detail::SharedPool>(*made->segments_, made->participant_);
  made->carriage_ = std::make_unique<detail::SharedCarriage>(*made->segments_, *made->pool_,
                                                             *made->records_, made->participant_);
  made->directory_ = std::make_unique<detail::SharedDirectory>(
      *made->segments_, *made->pool_, *made->carriage_, made->participant_);
  made->words_ =
      std::make_unique<detail::SharedWords>(made->segments_->control(), made->participant_);
  if (fresh) {
    if (Status status = made->segments_->publish(); !status.ok()) return status;
  } else {
    made->sweep();
  }
  *out = std::shared_ptr<SharedBus>(made.release(), [](SharedBus* bus) { bus->drop_owner(); });
  return {};
}

Status SharedBus::create(const std::string& name, std::uint64_t capacity, Out out) {
  if (Status status = detail::check_shared_name(name); !status.ok()) return status;
  if (Status status = check_capacity(capacity); !status.ok()) return status;
  std::unique_ptr<detail::SharedSegments> segments;
  if (Status status = detail::SharedSegments::make(name, capacity, &segments); !status.ok()) {
    return status;
  }
  return enter(std::move(segments), true, out);
}

Status SharedBus::create_anonymous(std::uint64_t capacity, Out out) {
  if (Status status = check_capacity(capacity); !status.ok()) return status;
  std::unique_ptr<detail::SharedSegments> segments;
  if (Status status = detail::SharedSegments::make({}, capacity, &segments); !status.ok()) {
    return status;
  }
  return enter(std::move(segments), true, out);
}

Status SharedBus::open(const std::string& name, Out out) {
  if (Status status = detail::check_shared_name(name); !status.ok()) return status;
  // Unavailable: its last participant left just now. The name leads nowhere then, or to the next.
  for (int tries = 0;; ++tries) {
    std::unique_ptr<detail::SharedSegments> segments;
    Status status = detail::SharedSegments::open(name, &segments);
    if (!status.ok()) return status;
    status = enter(std::move(segments), false, out);
    if (status.code() != StatusCode::unavailable) return status;
    if (tries == 100) return {StatusCode::not_found, "there is no bus '" + name + "' any more"};
  }
}

Status SharedBus::send(int socket) const {
  if (Status status = usable(); !status.ok()) return status;
  if (!name().empty()) {
    return {StatusCode::failed_precondition,
            "a bus with a name is opened by its name: only one without is handed over"};
  }
  const int descriptors[] = {segments_->control_fd(), segments_->data_fd()};
  try {
    os::send_descriptors(socket, descriptors);
  } catch (const std::system_error& error) {
    return {StatusCode::unavailable, error.what()};
  }
  return {};
}

Status SharedBus::receive(int socket, Out out) {
  std::vector<os::FileDescriptor> descriptors;
  try {
    descriptors = os::receive_descriptors(socket);
  } catch (const std::system_error& error) {
    return {StatusCode::unavailable, error.what()};
  }
  if (descriptors.size() != 2) {
    return {StatusCode::invalid_argument, "the peer handed over no bus"};
  }
  std::unique_ptr<detail::SharedSegments> segments;
  const Status status = detail::SharedSegments::adopt(std::move(descriptors[0]),
                                                      std::move(descriptors[1]), &segments);
  return status.ok() ? enter(std::move(segments), false, out) : status;
}

void SharedBus::retain() noexcept {
  // order: relaxed, the caller's own hold keeps the bus alive
  life_.fetch_add(1, std::memory_order_relaxed);
}

void SharedBus::release() noexcept {
  // order: acq_rel, pairs with itself; publishes every holder's accesses to the last one
  if (life_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  sweep();
  // Whoever replaces the bus has that lock, and removes the names itself.
  if (members_->leave() && segments_->locks().try_lock(detail::kReplacingByte)) segments_->unlink();
  delete this;
}

void SharedBus::drop_owner() noexcept {
  if (!belongs_here()) return;  // a forked child's copy stays as it is until the child ends
  close();
  release();
}

void SharedBus::close() noexcept {
  if (!belongs_here()) return;
  bequeath_transit();
  detail::SharedControl& control = segments_->control();
  control.freed.fetch_add(1);
  os::futex_wake(control.freed, std::numeric_limits<int>::max(), os::FutexScope::shared);
  segments_->caller().call_self();
}

Status SharedBus::loop_descriptor(int* out) {
  if (Status status = usable(); !status.ok()) return status;
  *out = segments_->caller().descriptor(participant_);
  if (*out >= 0) return {};
  return {StatusCode::resource_exhausted, "the process has no descriptor left for a pipe"};
}

void SharedBus::clear_loop_calls() noexcept {
  if (belongs_here()) segments_->caller().clear();
}

bool SharedBus::closed() const noexcept { return closed_.load(); }
bool SharedBus::belongs_here() const noexcept { return fork_epoch_ == os::fork_epoch(); }

Status SharedBus::usable() const {
  if (!belongs_here()) {
    return {StatusCode::failed_precondition,
            "this bus belongs to the parent process: open it here"};
  }
  if (closed()) return {StatusCode::failed_precondition, "the bus is closed"};
  return {};
}

// ---- leases -------------------------------------------------------------------------------------

BufferRef SharedBus::start_lease(const Layout& layout, std::uint32_t size_class,
                                 std::uint32_t block) noexcept {
  const detail::ClassPlan& at = segments_->plan().classes[size_class];
  detail::SharedHeader& shared = segments_->header(at, block);
  detail::BufferRecord* record = records_->at(at.first + block);
  if (record == nullptr) {
    pool_->leave(size_class, block);
    return {};
  }
  BufferHeader& header = shared.buffer;
  // order: relaxed, the block is this process's alone; published by freeze()
  header.generation.store(detail::next_generation(shared), std::memory_order_relaxed);
  // order: relaxed, a statistic
  header.charge.store(at.block_bytes, std::memory_order_relaxed);
  header.layout = layout;
  header.device = Device{};
  header.state.begin_lease();
  detail::shared_step("claim.begun");
  {
    const std::lock_guard lock(records_->lock_of(record));
    detail::SharedRecords::name(record, size_class, block);
    detail::SharedRecords::bind(record, &header, this, fork_epoch_);
    record->payload = segments_->writable(at.offset_of(block));
    record->count.start();
    record->joined = true;
  }
  retain();
  return BufferRef::adopt(record);
}

Status SharedBus::try_lease(const Layout& layout, BufferRef* out) {
  COGWAY_DEBUG_ASSERT(layout.is_c_contiguous(), "leases are C-contiguous");
  if (Status status = usable(); !status.ok()) return status;
  const std::uint32_t size_class = segments_->plan().class_for(layout.nbytes());
  if (size_class == kSizeClasses) {
    return {StatusCode::resource_exhausted,
            layout.describe() + " is more than the bus has in all, " + std::to_string(capacity()) +
                " bytes: create it with more"};
  }
  std::uint32_t block = 0;
  switch (pool_->take(size_class, &block)) {
    case detail::SharedPool::Taken::yes:
      *out = start_lease(layout, size_class, block);
      if (*out) return {};
      return {StatusCode::resource_exhausted,
              "no memory left to keep account of " + layout.describe()};
    case detail::SharedPool::Taken::full:
      return {StatusCode::resource_exhausted, "no room for " + layout.describe() + " on a bus of " +
                                                  std::to_string(capacity()) +
                                                  " bytes: statistics() tells who holds them"};
    case detail::SharedPool::Taken::no_memory:
      return {StatusCode::resource_exhausted, "no memory left for " + layout.describe() +
                                                  ": the system is out of memory, or the "
                                                  "file system of the bus is full"};
    case detail::SharedPool::Taken::busy:
      break;
  }
  return {StatusCode::unavailable, "a stopped process keeps others from giving out memory for " +
                                       layout.describe() + ": continue or kill it"};
}

Status SharedBus::lease(const Layout& layout, BufferRef* out) {
  Status status = try_lease(layout, out);
  if (status.code() != StatusCode::resource_exhausted) return status;
  drop_arrived();
  sweep();
  return try_lease(layout, out);
}

void SharedBus::announce(int change) noexcept {
  const std::lock_guard lock(waiting_mutex_);
  waiting_ += change;
  std::atomic<std::uint64_t>& waiters = segments_->control().waiters;
  const std::uint64_t bit = std::uint64_t{1} << participant_;
  if (waiting_ != 0) {
    waiters.fetch_or(bit);
  } else {
    waiters.fetch_and(~bit);
  }
}

Status SharedBus::lease_within(const Layout& layout, TimePoint deadline, BufferRef* out,
                               bool (*interrupted)(void*), void* argument) {
  Status status = try_lease(layout, out);
  const auto may_help = [&] {
    return status.code() == StatusCode::resource_exhausted ||
           status.code() == StatusCode::unavailable;
  };
  if (!may_help() || segments_->plan().class_for(layout.nbytes()) == kSizeClasses) return status;
  announce(1);
  for (;;) {
    const std::uint32_t seen = segments_->control().freed.load();
    status = lease(layout, out);
    if (!may_help()) break;
    const TimePoint now = monotonic_now();
    if (now >= deadline) {
      status = {StatusCode::deadline_exceeded, status.message()};
      break;
    }
    os::futex_wait(segments_->control().freed, seen,
                   std::min(deadline, deadline_after(now, kRoomLook)), os::FutexScope::shared);
    if (interrupted != nullptr && interrupted(argument)) {
      status = {StatusCode::cancelled, "the wait for room on the bus was interrupted"};
      break;
    }
  }
  announce(-1);
  return status;
}

// The private count fell to 0. Somebody may have attached since, or be about to: under the lock the
// count decides.
void SharedBus::release_record(detail::BufferRecord* record) noexcept {
  if (record->fork_epoch != os::fork_epoch()) return;  // the parent's
  {
    const std::lock_guard lock(records_->lock_of(record));
    if (record->joined && record->count.count() == 0) {
      record->joined = false;
      pool_->leave(detail::SharedRecords::size_class_of(record),
                   detail::SharedRecords::block_of(record));
    }
  }
  release();
}

Status SharedBus::remove_word(const std::string& name) {
  if (Status status = usable(); !status.ok()) return status;
  sweep();  // the dead have nothing open
  return words_->remove(name);
}

std::uint32_t SharedBus::reclaim() {
  if (!belongs_here()) return 0;
  drop_arrived();
  return sweep();
}

std::uint32_t SharedBus::sweep() noexcept {
  const std::uint32_t found = members_->sweep(*pool_);
  directory_->tidy();
  return found;
}

std::uint64_t SharedBus::trim() noexcept { return belongs_here() ? pool_->trim() : 0; }

}  // namespace cogway
