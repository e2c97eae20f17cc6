// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_members.hpp"

#include <limits>
#include <string>

#include "bus/shared_directory.hpp"
#include "bus/shared_pool.hpp"
#include "bus/shared_step.hpp"
#include "bus/shared_words.hpp"
#include "cogway/base/os/futex.hpp"
#include "cogway/base/os/process.hpp"

namespace cogway::detail {

Status SharedMembers::join(std::uint32_t* participant) noexcept {
  SharedControl& control = segments_.control();
  for (std::uint32_t i = 0; i < kSharedParticipants; ++i) {
    if (control.members.closed()) break;
    if (!segments_.locks().try_lock(i)) continue;
    shared_step("join.locked");
    if ((control.members.members() >> i & 1) != 0) {
      SharedPool as_it(segments_, i);
      if (!bury(i, as_it)) {
        segments_.locks().unlock(i);
        continue;
      }
    }
    SharedParticipant& entry = control.participants[i];
    entry.pid.store(static_cast<std::uint32_t>(os::process_id()));
    entry.swept_by.store(0);
    entry.passing.store(0);
    entry.line.store(0);
    entry.incarnation.fetch_add(1);
    const std::string name = os::process_name();
    for (std::size_t at = 0; at < entry.name.size(); ++at) {
      entry.name[at].store(at < name.size() && at + 1 < entry.name.size() ? name[at] : '\0');
    }
    if (control.members.try_join(i)) {
      shared_step("join.member");
      *participant = me_ = i;
      return {};
    }
    segments_.locks().unlock(i);
  }
  if (control.members.closed()) return {StatusCode::unavailable, "the bus has just ended"};
  return {StatusCode::resource_exhausted,
          "the bus has its " + std::to_string(kSharedParticipants) + " participants"};
}

bool SharedMembers::leave() noexcept {
  const bool last = segments_.control().members.leave(me_);
  shared_step("leave.left");
  segments_.locks().unlock(me_);
  return last;
}

std::uint32_t SharedMembers::sweep(SharedPool& pool) noexcept {
  const std::lock_guard lock(mutex_);
  std::uint32_t found = 0;
  const std::uint64_t members = segments_.control().members.members();
  for (std::uint32_t i = 0; i < kSharedParticipants; ++i) {
    if (i == me_ || (members >> i & 1) == 0 || !segments_.locks().try_lock(i)) continue;
    shared_step("sweep.locked");
    // It may have left in an orderly way since, or somebody else may have been quicker.
    if ((segments_.control().members.members() >> i & 1) != 0) {
      segments_.control().participants[i].swept_by.store(me_ + 1);
      if (bury(i, pool)) {
        segments_.control().members.remove(i);
        ++found;
      }
      segments_.control().participants[i].swept_by.store(0);
    }
    segments_.locks().unlock(i);
  }
  return found;
}

// By whoever has its lock: nobody else reclaims it, and nobody becomes this participant meanwhile.
// False: not now, as a stopped process has the directory.
bool SharedMembers::bury(std::uint32_t dead, SharedPool& pool) noexcept {
  SharedControl& control = segments_.control();
  if (!SharedDirectory::bury(segments_, dead)) return false;
  SharedWords::bury(control, dead);
  control.waiters.fetch_and(~(std::uint64_t{1} << dead));
  control.reclaimed_buffers.fetch_add(pool.reclaim(dead));
  control.deaths.fetch_add(1);
  control.freed.fetch_add(1);
  os::futex_wake(control.freed, std::numeric_limits<int>::max(), os::FutexScope::shared);
  shared_step("sweep.buried");
  return true;
}

}  // namespace cogway::detail
