// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_carriage.hpp"

#include <chrono>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/base/os/thread.hpp"

namespace cogway::detail {
namespace {

constexpr Nanoseconds kCarriagePatience = std::chrono::milliseconds(50);

}  // namespace

void SharedCarriage::add(BufferId id) noexcept {
  SharedHeader& shared = header(id);
  shared.carried.add(shared.holders);
  shared_step("carry.added");
}

void SharedCarriage::remove(BufferId id) noexcept {
  SharedHeader& shared = header(id);
  shared.carried.remove(shared.holders);
  shared_step("carry.removed");
}

bool SharedCarriage::discard(ChannelRing<>& ring, const ChannelRing<>::Place& place) noexcept {
  if ((place.size() & kCarries) == 0) return ring.take(place);
  const Passage passage(*this);
  const BufferId id = read_handle(place.message);
  bool taken = false;
  if (known(id)) {
    touch(id);
    shared_step("discard.touched");
    if (holding(id, [&] {
          taken = ring.take(place);
          if (taken) remove(id);
        })) {
      return taken;
    }
  }
  return ring.take(place);  // taken by another one meanwhile, or it never was a buffer
}

// ---- counting -----------------------------------------------------------------------------------

void SharedCarriage::count(BufferId id, Census& census) const {
  if (known(id)) ++census[segments_.plan().classes[id.size_class].first + id.block];
}

void SharedCarriage::count(ChannelRing<>& ring, std::uint32_t slots, Census& census) const {
  for (std::uint32_t i = 0; i < slots; ++i) {
    ChannelRing<>::Place place;
    if (!ring.look(i, &place) || (place.size() & kCarries) == 0) continue;
    const BufferId id = read_handle(place.message);
    if (ring.unchanged(place)) count(id, census);
  }
}

std::vector<SharedCarriage::Suspect> SharedCarriage::find_suspects() const {
  std::vector<Suspect> found;
  for (std::uint32_t i = 0; i < kSizeClasses; ++i) {
    const std::uint32_t exist = pool_.carved(i);
    for (std::uint32_t block = 0; block < exist; ++block) {
      const BufferId id{i, block, 0};
      SharedHeader& shared = header(id);
      if (shared.suspect.load() != 0) found.push_back({id, shared.carried.snapshot()});
    }
  }
  return found;
}

// Whoever was under way when the snapshots were taken has come to the end: it has seen to it that
// the snapshots differ, or has left slots and count in agreement.
bool SharedCarriage::passed() const noexcept {
  SharedControl& control = segments_.control();
  const TimePoint deadline = deadline_after(monotonic_now(), kCarriagePatience);
  const std::uint64_t members = control.members.members();
  for (std::uint32_t i = 0; i < kSharedParticipants; ++i) {
    if ((members >> i & 1) == 0) continue;
    while (control.participants[i].passing.load() != 0) {
      if (i != me_ && !segments_.locks().held_elsewhere(i)) break;  // dead: its own turn comes
      if (monotonic_now() > deadline) return false;
      os::yield_thread();
    }
  }
  return true;
}

bool SharedCarriage::settle_all(const std::vector<Suspect>& suspects,
                                const Census& census) noexcept {
  bool all = true;
  for (const Suspect& suspect : suspects) {
    SharedHeader& shared = header(suspect.id);
    const std::uint64_t number =
        segments_.plan().classes[suspect.id.size_class].first + suspect.id.block;
    const auto found = census.find(number);
    const std::uint32_t slots = found == census.end() ? 0 : found->second;
    BufferId id = suspect.id;
    // order: relaxed, compared again by who holds the block
    id.generation = shared.buffer.generation.load(std::memory_order_relaxed);
    bool settled = false;
    const bool held = holding(id, [&] {
      settled = shared.carried.settle(suspect.seen, slots, shared.holders);
      shared_step("audit.settled");
    });
    // Nobody holds it: it is free, and its next life begins without slots.
    if (!held) settled = !shared.holders.held() && slots == 0;
    if (settled) {
      shared.suspect.store(0);
    } else {
      all = false;
    }
  }
  return all;
}

}  // namespace cogway::detail
