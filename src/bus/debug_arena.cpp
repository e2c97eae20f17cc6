// SPDX-License-Identifier: Apache-2.0
#include "bus/debug_arena.hpp"

#include <map>
#include <new>
#include <utility>

#include "bus/block_pool.hpp"
#include "bus/overrun_text.hpp"
#include "cogway/base/os/crash_report.hpp"
#include "cogway/base/os/shared_memory.hpp"
#include "cogway/bus/size_class.hpp"

namespace cogway::detail {
namespace {

/// From this size on a block ends in a guard page. Size classes are then more than a page apart, so
/// that the page more does not lead to the next one.
std::uint64_t guarded_from() noexcept { return 16 * os::page_size(); }

std::uint64_t usable_bytes(std::uint32_t size_class) noexcept {
  const std::uint64_t bytes = size_class_bytes(size_class);
  return bytes > guarded_from() ? bytes - os::page_size() : bytes;
}

}  // namespace

DebugArena::DebugArena(BlockPool& pool, std::uint64_t capacity)
    : pool_(pool), limit_(capacity / 2), report_(std::make_shared<DebugReport>()) {}

/// With zones, and the guard page of a large one.
std::uint64_t DebugArena::block_bytes(std::uint64_t charge) noexcept {
  const std::uint64_t bytes = charge + 2 * kRedzoneBytes;
  return bytes > guarded_from() ? bytes + os::page_size() : bytes;
}

BufferRecord* DebugArena::take(std::uint64_t nbytes, std::uint64_t charge) noexcept {
  const std::uint32_t size_class = size_class_of(block_bytes(charge));
  const std::uint64_t usable = usable_bytes(size_class);
  BufferRecord* record = pool_.take(usable);
  if (record == nullptr) return nullptr;
  const std::scoped_lock lock(mutex_);
  try {
    check_freed(record);
    Lease& lease = leases_[record];
    lease = Lease{};
    lease.block = record->payload;
    lease.number = ++number_;
    lease.live = true;
    // Named anew by whoever leases for a call; what a kernel posts has no better name.
    const os::CrashNote note = os::crash_note();
    if (note.kind != nullptr && std::string_view(note.kind) == "kernel") lease.kernel = note.name;
    const bool guarded = usable != size_class_bytes(size_class);
    // A second time for the same page changes nothing; where the system refuses, the redzone is
    // all.
    if (guarded) (void)pool_.guard(lease.block + usable, os::page_size());
    // As near to the guard page as the alignment allows.
    Redzones& zones = lease.zones;
    zones.payload =
        guarded ? lease.block + usable - kRedzoneBytes - charge : lease.block + kRedzoneBytes;
    zones.begin = zones.payload - kRedzoneBytes;
    zones.nbytes = nbytes;
    zones.end = zones.payload + charge + kRedzoneBytes;
    zones.fill_zones();
    zones.fill_payload();
    record->payload = zones.payload;
    record->header->poisoned = 0;
    return record;
  } catch (const std::bad_alloc&) {
    pool_.put(record);
    return nullptr;
  }
}

void DebugArena::put(BufferRecord* record) noexcept {
  const std::scoped_lock lock(mutex_);
  Lease& lease = leases_.find(record)->second;
  bool waits = false;
  try {
    lease.layout = record->header->layout.describe();
    for (Finding found; !check_locked(lease, nullptr, {}, "when it was freed", &found);) {
      report_->add(std::exchange(found, Finding{}), true);
    }
    quarantine_.push_back(record);
    waits = true;
  } catch (const std::bad_alloc&) {
    // told by nobody, or leased again at once
  }
  lease.live = false;
  lease.zones.fill_freed();
  record->payload = lease.block;
  record->header->poisoned = 1;
  if (!waits) return pool_.put(record);
  quarantined_ += size_class_bytes(record->header->size_class);
  // The oldest first; at last the one that just came, if it alone is too much.
  while (quarantined_ > limit_) {
    BufferRecord* oldest = quarantine_.front();
    quarantine_.pop_front();
    quarantined_ -= size_class_bytes(oldest->header->size_class);
    check_freed(oldest);
    pool_.put(oldest);
  }
}

/// Tells of writes into a freed block, and paints it anew.
void DebugArena::check_freed(BufferRecord* record) noexcept {
  if (record->header->poisoned == 0) return;  // fresh, or its memory was given back meanwhile
  const auto at = leases_.find(record);
  if (at == leases_.end()) return;
  Lease& lease = at->second;
  const Damage damage = lease.zones.since_freed();
  if (!damage) return;
  lease.zones.fill_freed();
  try {
    Finding found = told_of(lease, FindingKind::use_after_free);
    found.offset = damage.offset;
    found.nbytes = damage.nbytes;
    found.message = std::to_string(damage.nbytes) + (damage.nbytes == 1 ? " byte" : " bytes") +
                    " of " + describe(lease) + (damage.nbytes == 1 ? " was" : " were") +
                    " written after it was freed, the first at offset " +
                    std::to_string(damage.offset);
    report_->add(std::move(found), true);
  } catch (const std::bad_alloc&) {
    // told by nobody
  }
}

Finding DebugArena::told_of(const Lease& lease, FindingKind kind) {
  Finding found;
  found.kind = kind;
  found.buffer = lease.number;
  found.argument = lease.argument;
  if (lease.kernel != nullptr) found.kernel = lease.kernel;
  if (lease.place != nullptr) found.place = lease.place;
  return found;
}

std::string DebugArena::describe(const Lease& lease) {
  std::string text = "buffer " + std::to_string(lease.number) + " (" + lease.layout +
                     (lease.layout.empty() ? "" : ", ") + std::to_string(lease.zones.nbytes) +
                     " bytes";
  if (!lease.argument.empty()) text += ", " + lease.argument;
  if (lease.kernel != nullptr) {
    text += std::string(lease.argument.empty() ? ", leased by '" : " of '") + lease.kernel + "'";
  }
  if (lease.place != nullptr) text += std::string(", leased at ") + lease.place;
  return text + ")";
}

void DebugArena::name(const BufferRef& buffer, const char* kernel, std::string_view argument,
                      const char* place) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = leases_.find(buffer.record());
  if (at == leases_.end()) return;
  if (kernel != nullptr) at->second.kernel = kernel;
  if (place != nullptr) at->second.place = place;
  try {
    if (!argument.empty()) at->second.argument = argument;
  } catch (const std::bad_alloc&) {
    // nameless
  }
}

bool DebugArena::check(const BufferRef& buffer, const char* kernel, std::string_view argument,
                       const char* when, Finding* found) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto at = leases_.find(buffer.record());
  if (at == leases_.end() || !at->second.live) return true;
  try {
    at->second.layout = buffer.layout().describe();
    return check_locked(at->second, kernel, argument, when, found);
  } catch (const std::bad_alloc&) {
    return false;  // without words
  }
}

bool DebugArena::check_locked(Lease& lease, const char* kernel, std::string_view argument,
                              const char* when, Finding* found) {
  if (!take_damage(lease.zones, found)) return true;
  Finding told = told_of(lease, found->kind);
  told.offset = found->offset;
  told.nbytes = found->nbytes;
  told.at_least = found->at_least;
  if (kernel != nullptr) {
    told.kernel = kernel;
    told.argument = argument;
  }
  *found = std::move(told);
  found->message = overrun_text(*found, kernel, describe(lease), when);
  return false;
}

void DebugArena::report_freed() noexcept {
  const std::scoped_lock lock(mutex_);
  for (BufferRecord* record : quarantine_) check_freed(record);
}

std::size_t DebugArena::report_held() noexcept {
  const std::scoped_lock lock(mutex_);
  std::size_t held = 0;
  try {
    std::map<std::uint64_t, std::pair<const BufferRecord*, Lease*>> untold;  // in order of lease
    for (auto& [record, lease] : leases_) {
      if (lease.live && !lease.told) untold.emplace(lease.number, std::pair(record, &lease));
    }
    for (auto& [number, entry] : untold) {
      const auto& [record, lease] = entry;
      Finding found = told_of(*lease, FindingKind::leak);
      found.nbytes = lease->zones.nbytes;
      lease->layout = record->header->layout.describe();
      found.message = describe(*lease) + " is still held at close, " +
                      buffer_state_name(record->header->state.state());
      report_->add(std::move(found), true);
      lease->told = true;
      ++held;
    }
  } catch (const std::bad_alloc&) {
    // the others are told by nobody
  }
  return held;
}

}  // namespace cogway::detail
