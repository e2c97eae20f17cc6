// SPDX-License-Identifier: Apache-2.0
#include "cogway/bus/bus.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "bus/block_pool.hpp"
#include "bus/debug_arena.hpp"
#include "cogway/base/assert.hpp"
#include "cogway/base/os/fork.hpp"
#include "cogway/base/os/futex.hpp"
#include "cogway/base/os/process.hpp"

namespace cogway {
namespace {

std::uint64_t checked_capacity(const BusOptions& options) {
  const std::uint64_t most = options.debug ? Bus::kMaxCapacity / 8 : Bus::kMaxCapacity;
  if (options.capacity < Bus::kMinCapacity || options.capacity > most) {
    throw std::invalid_argument("bus capacity must be between 64 KiB and " +
                                std::to_string(most >> 30) + " GiB" +
                                (options.debug ? " in debug mode" : "") + ", not " +
                                std::to_string(options.capacity) + " bytes");
  }
  return options.capacity;
}

std::unique_ptr<detail::BlockPool> make_pool(const BusOptions& options, Bus* bus) {
  const std::uint64_t factor = options.debug ? detail::DebugArena::kPoolFactor : 1;
  return std::make_unique<detail::BlockPool>(options.capacity * factor,
                                             options.capacity * (options.debug ? 2 : 1),
                                             options.huge_pages && !options.debug, bus);
}

}  // namespace

std::shared_ptr<Bus> Bus::create(const BusOptions& options) {
  return {new Bus(options), [](Bus* bus) { bus->drop_owner(); }};
}

Bus::Bus(const BusOptions& options)
    : capacity_(checked_capacity(options)),
      fork_epoch_(os::fork_epoch()),
      pool_(make_pool(options, this)),
      debug_(options.debug ? std::make_unique<detail::DebugArena>(*pool_, options.capacity)
                           : nullptr),
      control_(pool_->control()),
      lease_hook_(
          hooks_, [](void* bus) noexcept { static_cast<Bus*>(bus)->wake_waiting_leases(); }, this) {
  detail::Participant& self = control_->participants[participant_];
  self.pid = os::process_id();
  self.fork_epoch = fork_epoch_;
  self.present.store(1);
}

Bus::~Bus() = default;

bool Bus::belongs_here() const noexcept { return fork_epoch_ == os::fork_epoch(); }

std::uint64_t Bus::capacity() const noexcept { return capacity_; }

std::uint64_t Bus::used() const noexcept { return control_->bytes.used(); }

// ---- life ---------------------------------------------------------------------------------------

void Bus::retain() noexcept {
  // order: relaxed, the caller's own hold keeps the bus alive
  life_.fetch_add(1, std::memory_order_relaxed);
}

void Bus::release() noexcept {
  // order: acq_rel, pairs with itself; publishes every holder's accesses to the last one
  if (life_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Bus::drop_owner() noexcept {
  // In a forked child locks may be held by threads that are not there, and the segments are the
  // parent's to give up: the child's copy stays as it is until the child ends.
  if (!belongs_here()) return;
  close();
  slots_.clear();
  (void)report_held();
  release();
}

void Bus::close() noexcept {
  closed_.store(true);
  wake_waiting_leases();
}

bool Bus::closed() const noexcept { return closed_.load(); }

// ---- bytes --------------------------------------------------------------------------------------

bool Bus::take_bytes(std::uint64_t bytes) noexcept {
  // order: relaxed, a flag that stops newcomers sooner or later
  if (closed_.load(std::memory_order_relaxed) || !belongs_here()) return false;
  return control_->bytes.take(bytes, capacity_);
}

void Bus::give_bytes(std::uint64_t bytes) noexcept {
  control_->bytes.give(bytes);
  hooks_.notify();
}

Reservation Bus::try_reserve(std::uint64_t bytes) noexcept {
  if (!take_bytes(bytes)) {
    // order: relaxed, a statistic
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  // order: relaxed, a statistic
  control_->participants[participant_].reserved.fetch_add(bytes, std::memory_order_relaxed);
  retain();
  return {this, bytes};
}

// ---- leases -------------------------------------------------------------------------------------

BufferRef Bus::try_lease(const Layout& layout) noexcept {
  BufferRef leased = lease_unless_full(layout);
  // order: relaxed, a statistic
  if (!leased) refused_.fetch_add(1, std::memory_order_relaxed);
  return leased;
}

BufferRef Bus::lease_unless_full(const Layout& layout) noexcept {
  const std::uint64_t nbytes = layout.nbytes();
  if (nbytes > capacity_) return {};
  const std::uint64_t bytes = charge(nbytes);
  if (!take_bytes(bytes)) return {};
  BufferRef leased = start_lease(layout, bytes);
  if (!leased) give_bytes(bytes);
  return leased;
}

BufferRef Bus::lease(Reservation& reservation, const Layout& layout) noexcept {
  const std::uint64_t nbytes = layout.nbytes();
  if (nbytes > capacity_ || reservation.bus_ != this || !belongs_here()) return {};
  const std::uint64_t bytes = charge(nbytes);
  if (bytes > reservation.bytes_) return {};
  BufferRef leased = start_lease(layout, bytes);
  if (!leased) return {};
  reservation.bytes_ -= bytes;
  // order: relaxed, a statistic
  control_->participants[participant_].reserved.fetch_sub(bytes, std::memory_order_relaxed);
  return leased;
}

BufferRef Bus::start_lease(const Layout& layout, std::uint64_t bytes) noexcept {
  COGWAY_DEBUG_ASSERT(layout.is_c_contiguous(), "leases are C-contiguous");
  detail::BufferRecord* record = nullptr;
  if (debug_ == nullptr) [[likely]] {
    record = pool_->take(bytes);
  } else {
    record = debug_->take(layout.nbytes(), bytes);
  }
  if (record == nullptr) return {};
  BufferHeader& header = *record->header;
  header.layout = layout;
  header.device = Device{};
  // order: relaxed, published with the state below
  header.generation.store(header.generation.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);  // order: relaxed, published with the state
  // order: relaxed, published with the state below
  header.charge.store(bytes, std::memory_order_relaxed);
  header.participants.start(participant_);
  record->fork_epoch = fork_epoch_;
  record->count.start();
  header.state.begin_lease();
  retain();
  return BufferRef::adopt(record);
}

Status Bus::lease_within(const Layout& layout, TimePoint deadline, BufferRef* out,
                         bool (*interrupted)(void*), void* argument) {
  if (layout.nbytes() > capacity_) {
    return {StatusCode::resource_exhausted, layout.describe() + " needs " +
                                                std::to_string(charge(layout.nbytes())) +
                                                " bytes; the bus has " + std::to_string(capacity_) +
                                                " in all: give it a larger capacity"};
  }
  bool waited = false;
  for (;;) {
    const std::uint32_t seen = control_->freed.load();
    if ((*out = lease_unless_full(layout))) break;
    if (!belongs_here()) {
      return {StatusCode::failed_precondition, "this bus belongs to the parent process"};
    }
    if (closed()) return {StatusCode::failed_precondition, "the bus is closed"};
    if (!waited) {
      waited = true;
      // order: relaxed, a statistic
      waits_.fetch_add(1, std::memory_order_relaxed);
      waiting_leases_.fetch_add(1);
      hooks_.announce_waiter();
      continue;  // look once more, now that whoever frees bytes knows of us
    }
    Status failure;
    if (monotonic_now() >= deadline) {
      // order: relaxed, a statistic
      wait_timeouts_.fetch_add(1, std::memory_order_relaxed);
      failure = {StatusCode::deadline_exceeded, "no room for " + layout.describe() + " (" +
                                                    std::to_string(charge(layout.nbytes())) +
                                                    " bytes): " + std::to_string(used()) + " of " +
                                                    std::to_string(capacity_) +
                                                    " bytes are in use"};
    } else {
      os::futex_wait(control_->freed, seen, deadline, os::FutexScope::shared);
      if (interrupted == nullptr || !interrupted(argument)) continue;
      failure = {StatusCode::cancelled, "the wait for room on the bus was interrupted"};
    }
    hooks_.retire_waiter();
    waiting_leases_.fetch_sub(1);
    return failure;
  }
  if (waited) {
    hooks_.retire_waiter();
    waiting_leases_.fetch_sub(1);
  }
  return {};
}

void Bus::wake_waiting_leases() noexcept {
  control_->freed.fetch_add(1);
  if (waiting_leases_.load() == 0) return;
  os::futex_wake(control_->freed, std::numeric_limits<int>::max(), os::FutexScope::shared);
}

void Bus::free_block(detail::BufferRecord* record) noexcept {
  BufferHeader& header = *record->header;
  // order: relaxed, written by the lessee; its reference was dropped before
  const std::uint64_t bytes = header.charge.load(std::memory_order_relaxed);
  header.state.end_lease();
  // Before the bytes: who takes those must find a block.
  if (debug_ == nullptr) [[likely]] {
    pool_->put(record);
  } else {
    debug_->put(record);
  }
  give_bytes(bytes);
  release();
}

// ---- pools and numbers --------------------------------------------------------------------------

std::uint32_t Bus::warm(std::uint64_t nbytes, std::uint32_t count) noexcept {
  if (nbytes > capacity_) return 0;
  detail::BufferRecord* chain = nullptr;
  const Layout layout = Layout::bytes(std::max<std::uint64_t>(nbytes, sizeof(chain)));
  // Chained through what is leased: the n-th buffer holds the (n-1)-th's record in its first bytes.
  std::uint32_t ready = 0;
  for (; ready < count; ++ready) {
    BufferRef leased = lease_unless_full(layout);
    if (!leased) break;
    std::memcpy(leased.mutable_data(), &chain, sizeof(chain));
    chain = leased.leak();
  }
  while (chain != nullptr) {
    const BufferRef leased = BufferRef::adopt(chain);
    std::memcpy(&chain, leased.data(), sizeof(chain));
  }
  return ready;
}

std::uint64_t Bus::trim() noexcept {
  return belongs_here() ? pool_->reclaim(std::numeric_limits<std::uint64_t>::max()) : 0;
}

std::shared_ptr<DebugReport> Bus::debug_report() const noexcept {
  return debug_ == nullptr ? nullptr : debug_->report();
}

std::size_t Bus::report_held() noexcept {
  if (debug_ == nullptr || !belongs_here()) return 0;
  debug_->report_freed();
  return debug_->report_held();
}

BusStatistics Bus::statistics() const {
  BusStatistics result;
  result.capacity = capacity_;
  result.used_bytes = used();
  result.free_bytes = capacity_ - result.used_bytes;
  // order: relaxed, statistics, all of them below
  result.peak_used_bytes = control_->bytes.peak();
  // order: relaxed, a statistic
  result.resident_bytes = control_->resident.load(std::memory_order_relaxed);
  // order: relaxed, a statistic
  result.reclaimed_bytes = control_->reclaimed.load(std::memory_order_relaxed);
  for (const detail::Participant& participant : control_->participants) {
    // order: relaxed, a statistic
    result.reserved_bytes += participant.reserved.load(std::memory_order_relaxed);
  }
  for (const detail::SizeClass& entry : control_->classes) {
    // order: relaxed, a statistic
    result.pool_hits += entry.hits.load(std::memory_order_relaxed);
    // order: relaxed, a statistic
    result.pool_misses += entry.misses.load(std::memory_order_relaxed);
  }
  result.leases = result.pool_hits + result.pool_misses;
  pool_->for_each_block([&result](const BufferHeader& header) {
    const BufferState state = header.state.state();
    // order: relaxed, a statistic
    const std::uint64_t bytes = header.charge.load(std::memory_order_relaxed);
    switch (state) {
      case BufferState::free:
        return;
      case BufferState::leased:
        result.leased_bytes += bytes;
        ++result.leased_buffers;
        return;
      case BufferState::frozen:
        result.frozen_bytes += bytes;
        ++result.frozen_buffers;
        return;
      case BufferState::transferred:
        result.transferred_bytes += bytes;
        ++result.transferred_buffers;
        return;
    }
  });
  result.live_buffers = result.leased_buffers + result.frozen_buffers + result.transferred_buffers;
  // order: relaxed, a statistic
  result.refused = refused_.load(std::memory_order_relaxed);
  result.waiting = hooks_.waiters();
  // order: relaxed, a statistic
  result.waits = waits_.load(std::memory_order_relaxed);
  // order: relaxed, a statistic
  result.wait_timeouts = wait_timeouts_.load(std::memory_order_relaxed);
  result.keys = slots_.size();
  return result;
}

}  // namespace cogway
